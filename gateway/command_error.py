"""Why a command cannot be carried out, in one message for the person who typed it.

CommandError    got, wanted, how to mend it; ends the command with exit code 2
"""

from __future__ import annotations

__all__ = ["CommandError"]


class CommandError(Exception):
    """A command was used wrongly, or cannot be carried out here. Its text holds no secret."""
