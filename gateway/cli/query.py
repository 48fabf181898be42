"""A query and its variables, as a command takes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.command_error import CommandError
from schema.views import View

__all__ = ["example_of", "read_query", "read_variables"]


def read_query(query: str) -> str:
    """Return the query in a file, or standard input for `-`. Raises CommandError."""
    try:
        return sys.stdin.read() if query == "-" else Path(query).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"The query cannot be read from {query} ({type(error).__name__}). Name a text file, or - for a pipe."
        raise CommandError(message) from None


def read_variables(text: str | None, view: View) -> Mapping[str, Any]:
    """Return the variables that were given as JSON, none for None. Raises CommandError."""
    try:
        variables = json.loads(text or "{}")
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        raise CommandError(f"--variables is no JSON object; wanted such as {example_of(view)}")
    return variables


def example_of(view: View) -> str:
    """Return the option as a query by the view's own look-up takes it."""
    lookup = view.lookups[0]
    return f"--variables '{json.dumps({'by': {lookup: 'cus_1' if lookup == 'id' else 'a-key'}})}'"
