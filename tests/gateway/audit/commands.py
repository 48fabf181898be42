"""The commands of the audit, run."""

from __future__ import annotations

from tests.gateway.cli_project import Ran, run

__all__ = ["audit"]


def audit(*arguments: str) -> Ran:
    """Run a command of the audit."""
    return run("audit", *arguments)
