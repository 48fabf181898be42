"""Masks: how a text is shown that may be recognised, and not read.

    initials   Anne Neumann          A. N.
    last4      NL91ABNA0417164300    ••••4300
    email      anne@example.com      a•••@example.com
    all        anything              ••••

What is hidden is a fixed number of bullets: it tells no length, and an empty text looks like any other. Beside the
domain of an e-mail address only letters and digits are shown: no mark or sign of direction is left of what is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import islice
from types import MappingProxyType

__all__ = ["HIDDEN", "Mask", "mask_text"]

HIDDEN = "••••"
"""What stands for a text of which nothing is shown."""

_BEHIND_THE_FIRST = "•••"
_SHOWN = 4
_ENOUGH = 2 * _SHOWN
"""The fewest letters and digits of which the last four are shown: of fewer, they would be most of the text."""

_DOMAIN = re.compile(r"[\w.-]{1,253}")
"""What may stand behind the @; 253 is the longest name of RFC 1035 in text. Anything else is free text with an @."""


class Mask(StrEnum):
    """What of a text is shown."""

    INITIALS = "initials"
    """The first letter of the first and of the last word."""
    LAST4 = "last4"
    """The last four letters or digits, of a text that has eight."""
    EMAIL = "email"
    """The first letter, and the domain."""
    ALL = "all"
    """Nothing: only that there is a value."""


def mask_text(mask: Mask, text: str) -> str:
    """Return the masked text, for any text: never with the whole text in it, and without telling its length.

    A text that the mask does not fit, such as an e-mail address without @, is HIDDEN.
    """
    masked = _MASKS[mask](text)
    return HIDDEN if text in masked else masked  # a source may send what somebody else has masked alike


def _initials(text: str) -> str:
    letters = [letter for word in text.split() if (letter := _first(word))]
    shown = letters[:1] + letters[1:][-1:]
    if _count(text, len(shown) + 1) <= len(shown):
        return HIDDEN
    return " ".join(f"{letter}." for letter in shown)


def _last4(text: str) -> str:
    if _count(text, _ENOUGH) < _ENOUGH:
        return HIDDEN
    last = list(islice(filter(str.isalnum, reversed(text)), _SHOWN))
    return HIDDEN + "".join(reversed(last))


def _email(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if not local or not _DOMAIN.fullmatch(domain):
        return HIDDEN
    return f"{_first(local[:1])}{_BEHIND_THE_FIRST}@{domain}"


def _first(text: str) -> str:
    return next(filter(str.isalnum, text), "")


def _count(text: str, most: int) -> int:
    """Return how many letters and digits there are, counted no further than `most`."""
    return len(list(islice(filter(str.isalnum, text), most)))


_MASKS: Mapping[Mask, Callable[[str], str]] = MappingProxyType(
    {Mask.INITIALS: _initials, Mask.LAST4: _last4, Mask.EMAIL: _email, Mask.ALL: lambda _text: HIDDEN}
)
