"""Where commands print: for people, with colour on a terminal alone."""

from __future__ import annotations

import os
import sys

from rich.console import Console

__all__ = ["PIPE_WIDTH", "open_console"]

PIPE_WIDTH = 100
"""The width in characters where there is no terminal that has one."""


def open_console(*, stderr: bool = False) -> Console:
    """Return a console on standard output or error; it takes nothing in a text for markup or for a number to colour."""
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if is_terminal or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(stderr=stderr, width=width, force_terminal=is_terminal, highlight=False, markup=False)
