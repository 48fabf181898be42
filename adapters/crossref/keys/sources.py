"""A source as the cross-reference knows it: how its keys are written, kept and limited."""

from __future__ import annotations

import re
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from adapters.crossref.errors import InputError, RefusalCode

__all__ = ["MAX_KEY", "KeyFormat", "KeyMode", "SourceKey", "SourceSystem"]

MAX_KEY = 512
"""The longest key, in characters of its normal form."""

_MOST = 2**31 - 1
"""The largest number that a column of the source's table takes."""

# ASCII alone is folded, dropped or stripped: Unicode takes the Kelvin sign for a k, and one customer for another.
_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_SEPARATORS = str.maketrans("", "", f"{string.whitespace}-./(),'")
"""What is written between digits for the eye; any other character can be what tells one key from another."""
_DIGITS = re.compile(r"[0-9]*")
_UUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SOURCE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class KeyFormat(StrEnum):
    """The normal form in which a source's keys are kept and looked up."""

    OPAQUE = "opaque"
    LOWER = "lower"
    DIGITS = "digits"
    UUID = "uuid"

    def normal(self, key: str) -> str | None:
        """Return the key in this form; None when it cannot be a key.

        A key is 1 to 512 printable characters. Control characters and lone surrogates are refused: PostgreSQL and
        SQLite disagree on them, and what one of them cuts off could be the difference between two customers.
        """
        form = _NORMAL[self](key) if len(key) <= 2 * MAX_KEY else ""
        return form if 0 < len(form) <= MAX_KEY and form.isprintable() else None


def _lower(key: str) -> str:
    return key.strip(string.whitespace).translate(_FOLD)


def _digits(key: str) -> str:
    bare = key.translate(_SEPARATORS)
    return bare if _DIGITS.fullmatch(bare) else ""


def _uuid(key: str) -> str:
    bare = _lower(key)
    return str(uuid.UUID(bare)) if _UUID.fullmatch(bare) else ""


_NORMAL: Mapping[KeyFormat, Callable[[str], str]] = {
    KeyFormat.OPAQUE: str,
    KeyFormat.LOWER: _lower,
    KeyFormat.DIGITS: _digits,
    KeyFormat.UUID: _uuid,
}


_CHARACTERS = f"1 to {MAX_KEY} printable characters"

_WANTED: Mapping[KeyFormat, str] = {
    KeyFormat.OPAQUE: _CHARACTERS,
    KeyFormat.LOWER: _CHARACTERS,
    KeyFormat.DIGITS: f"1 to {MAX_KEY} digits, between them at most blanks and - . , / ( ) '",
    KeyFormat.UUID: "a UUID of 32 hexadecimal digits",
}


class KeyMode(StrEnum):
    """How a source's keys are kept: as they are, or, where a key is personal itself (an e-mail), sealed."""

    PLAIN = "plain"
    SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class SourceSystem:
    """One source. `max_live` is the most live keys of one customer, None for no limit."""

    name: str
    key_format: KeyFormat = KeyFormat.OPAQUE
    key_mode: KeyMode = KeyMode.PLAIN
    max_live: int | None = None
    priority: int = 100

    def __hash__(self) -> int:
        """Return the hash of the name: sources are told apart by it, and keys are looked up by their sources often."""
        return hash(self.name)

    def __post_init__(self) -> None:
        if not _SOURCE_NAME.fullmatch(self.name):
            raise InputError(
                RefusalCode.SOURCE_INVALID,
                "a source's name is a letter, then up to 63 letters, digits, _ or -; name it as its adapter does",
            )
        if self.max_live is not None and not 1 <= self.max_live <= _MOST:
            raise InputError(
                RefusalCode.SOURCE_INVALID, f"got max_live={self.max_live}; wanted 1 to {_MOST}, or None for no limit"
            )
        if not 0 <= self.priority <= _MOST:
            raise InputError(RefusalCode.SOURCE_INVALID, f"got priority={self.priority}; wanted 0 to {_MOST}")

    def normal(self, key: object) -> str:
        """Return the key in the source's normal form; raises InputError when it cannot be one."""
        form = self.key_format.normal(key) if isinstance(key, str) else None
        if form is None:
            raise InputError(
                RefusalCode.KEY_INVALID,
                f"got what is no {self.key_format} key of {self.name}; wanted {_WANTED[self.key_format]}",
            )
        return form


@dataclass(frozen=True, slots=True)
class SourceKey:
    """A key of a source, in normal form."""

    source: SourceSystem
    key: str = field(repr=False)
