"""What a person is asked at the terminal: on standard error, so that standard output holds the result alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from gateway.command_error import CommandError

__all__ = ["asked", "is_confirmed"]


def asked(question: str) -> str:
    """Return what is answered. Raises CommandError where nobody answers; Ctrl-C ends the command."""
    with _answering():
        return str(typer.prompt(question, err=True))


def is_confirmed(question: str) -> bool:
    """Return whether the answer is yes. Raises CommandError where nobody answers; Ctrl-C ends the command."""
    with _answering():
        return typer.confirm(question, err=True)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except typer.Abort:
        if sys.stdin.isatty():
            raise KeyboardInterrupt from None
        typer.echo(err=True)  # the question stands on a line without an end
        raise CommandError(
            "nobody answers on standard input, and nothing was done; give the answer, or --yes"
        ) from None
