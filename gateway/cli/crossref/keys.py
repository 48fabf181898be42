"""Keys and ids as they are given to commands: as arguments, or `-` for those that are to be seen by nobody else."""

from __future__ import annotations

import sys

from adapters.crossref import IdentifierType, Lookup
from gateway.cli.crossref.questions import asked
from gateway.command_error import CommandError

__all__ = ["READ", "key_of", "lookup_of"]

READ = "-"
"""In place of a key: it is read, each from a line of its own."""

_LONGEST = 8192


def key_of(name: str, given: str) -> str:
    """Return the key; `-` is asked for on a terminal, else the next line of standard input is taken.

    `name` says what is asked for. Raises CommandError when there is no line.
    """
    if given != READ:
        return given
    if sys.stdin.isatty():
        return asked(name)
    line = sys.stdin.readline(_LONGEST)
    if not line.strip("\r\n"):
        raise CommandError(f"got - and no line on standard input for {name}; wanted one line for each -")
    return line.rstrip("\r\n")


def lookup_of(who: str, key: str | None, identifier: IdentifierType | None = None) -> Lookup:
    """Return who is meant by a source and its key, by an identifier, or, without either, by a canonical id."""
    if identifier is not None:
        if key is not None:
            raise CommandError("got a source, a key and --identifier; wanted the identifier alone")
        return Lookup(None, key_of(f"the {identifier}", who), identifier)
    if key is None:
        return Lookup(None, key_of("the customer's id", who))
    return Lookup(who, key_of(f"the key of {who}", key))
