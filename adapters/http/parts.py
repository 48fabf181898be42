"""Where values stand in a request, and how each stays one value whatever it contains."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeGuard
from urllib.parse import quote

from adapters.answers import Key, SourceError
from schema.reasons import Reason

__all__ = ["MOST_CHARACTERS", "InBody", "InPath", "InQuery", "encoded", "is_cursor", "is_text", "pair", "refused_key"]

MOST_CHARACTERS = 1024
"""The most characters of one value."""

_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")  # RFC 3986, section 2.3
_SEPARATORS = re.compile(r"[^A-Za-z0-9%+&=#]+")


@dataclass(frozen=True, slots=True)
class InPath:
    """The key is one segment of the path, where the path says `{key}`: one key a call."""


@dataclass(frozen=True, slots=True)
class InQuery:
    """The values stand in the query string under this name, joined by the separator; None repeats the name.

    A source splits a joined list after it has decoded it, so a key that holds the separator would be read as two keys:
    such a key is never sent. Where keys can hold it, repeat the name.
    """

    name: str
    separator: str | None = ","

    def __post_init__(self) -> None:
        if self.separator is not None and not _SEPARATORS.fullmatch(self.separator):
            raise ValueError(
                f"got separator={self.separator!r}; wanted punctuation that a query string does not use itself, "
                "or None to repeat the name"
            )

    def splits(self, value: str) -> bool:
        """Return whether a source would read this value as several."""
        return self.separator is not None and self.separator in value

    def parameters(self, values: Sequence[str]) -> Sequence[str]:
        """Return the values as they stand in a query string; none of them is one that `splits`."""
        if self.separator is None:
            return [pair(self.name, value) for value in values]
        begin, between = _frame(self.name, self.separator)
        return [begin + between.join(values if _UNRESERVED.fullmatch("".join(values)) else map(encoded, values))]


@lru_cache(maxsize=256)
def _frame(name: str, separator: str) -> tuple[str, str]:
    """Return what stands before values and between them; no value is kept."""
    return f"{encoded(name)}=", quote(separator, safe=",;:|")


@dataclass(frozen=True, slots=True)
class InBody:
    """The values stand in a POSTed JSON object as a list under this name; `each` wraps every value in an object."""

    name: str
    each: str | None = None

    def member(self, values: Sequence[str]) -> list[object]:
        """Return the list that stands under the name."""
        return [value if self.each is None else {self.each: value} for value in values]


def pair(name: str, value: str) -> str:
    """Return one parameter of a query string."""
    return f"{encoded(name)}={encoded(value)}"


def encoded(text: str) -> str:
    """Return the text with everything percent-encoded but RFC 3986's unreserved characters."""
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="")


def is_cursor(value: object, most: int = MOST_CHARACTERS) -> TypeGuard[str]:
    """Return whether it can be a cursor: a text, not blank, of so many characters at most."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= most and is_text(value)


def refused_key(key: Key) -> SourceError | None:
    """Return why a key cannot be sent in any place, None when it can.

    It is an error and not Missing: nobody asked the source, so nobody knows whether it has the key.
    """
    if not key.strip() or len(key) > MOST_CHARACTERS:
        return SourceError(Reason.SOURCE_ERROR, f"the key is blank or longer than {MOST_CHARACTERS} characters")
    return None if is_text(key) else SourceError(Reason.SOURCE_ERROR, "the key is not Unicode text")


def is_text(value: str) -> bool:
    """Return whether the value is Unicode text: half a surrogate pair is not, and has no encoding."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
