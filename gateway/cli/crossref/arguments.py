"""The arguments that several commands of the cross-reference take, and how one ends that something stands against."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Candidate", "CustomerId", "Force", "Json", "Key", "KeyOfWho", "Source", "Who", "Yes", "exit_unless"]

_REFUSED = 1

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="The source.", show_default=False)]
Key = Annotated[str, typer.Argument(metavar="KEY", help="Its key; - reads it.", show_default=False)]
CustomerId = Annotated[str, typer.Argument(metavar="ID", help="The customer's id.", show_default=False)]
Who = Annotated[
    str,
    typer.Argument(metavar="ID|SOURCE", help="The customer's id; or a source, then its key.", show_default=False),
]
KeyOfWho = Annotated[
    str | None, typer.Argument(metavar="KEY", help="The source's key; - reads it.", show_default=False)
]
Candidate = Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate's id.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Force = Annotated[bool, typer.Option("--force", help="Also if there are then more live keys than a source allows.")]


def exit_unless(fine: bool) -> None:
    """End the command with 1: nobody is known by that, or something stands against it."""
    if not fine:
        raise typer.Exit(_REFUSED)
