"""Masks: how a text is shown that may be recognised, and not read.

    initials   Anne Neumann          A. N.
    last4      NL91ABNA0417164300    ••••4300
    email      anne@example.com      a•••@example.com
    all        anything              ••••

What is hidden is a fixed number of bullets: it tells no length, and an empty text looks like any other. Beside the
domain of an e-mail address only letters and digits are shown: no mark or sign of direction is left of what is hidden.

An initial is one letter of a script that has capitals (Latin, Greek, Cyrillic and some more). What stands for a
syllable or a word, as in Korean and Chinese, would often be the whole family name: a text that begins so is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import islice, takewhile
from types import MappingProxyType
from unicodedata import category, combining, normalize

__all__ = ["HIDDEN", "Mask", "mask_text"]

HIDDEN = "••••"
"""What stands for a text of which nothing is shown."""

_BEHIND_THE_FIRST = "•••"
_SHOWN = 4
_ENOUGH = 2 * _SHOWN
"""The fewest letters and digits of which the last four are shown: of fewer, they would be most of the text."""

_MOST_DOMAIN = 253
"""The longest name of RFC 1035 in text."""
_LABEL = re.compile(r"(?!-)(?:[^\W_]|-){1,63}(?<!-)")
_TOP_LABEL = re.compile(r"[^\W\d_]{2,63}|xn--[a-z0-9-]{1,59}", re.IGNORECASE)
"""The last label of a domain is never a number (RFC 3696, section 2): a date, a PIN or a machine's address is none."""

_CASED = frozenset({"Lu", "Ll"})


class Mask(StrEnum):
    """What of a text is shown."""

    INITIALS = "initials"
    """The first letter of the first and of the last word, where both begin with a letter that can be a capital."""
    LAST4 = "last4"
    """The last four letters or digits, one a digit at least, of a text that has eight and is mostly digits."""
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
    starts = [start for word in text.split() if (start := _first(word))]
    shown = [*map(_letter, starts[:1] + starts[1:][-1:])]
    if not all(shown) or _count(text, len(shown) + 1) <= len(shown):
        return HIDDEN
    return " ".join(f"{letter}." for letter in shown)


def _last4(text: str) -> str:
    if _count(text, _ENOUGH) < _ENOUGH or not _is_number(text):
        return HIDDEN
    last = [normalize("NFKC", one) for one in islice(filter(str.isalnum, reversed(text)), _SHOWN)]
    is_plain = all(one.isdecimal() or (one.isascii() and one.isalpha()) for one in last)
    if not is_plain or len("".join(last)) != _SHOWN or not any(map(str.isdecimal, last)):
        return HIDDEN
    return HIDDEN + "".join(reversed(last))


def _email(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if not local or not _is_domain(domain):
        return HIDDEN
    return f"{_letter(local[0])}{_BEHIND_THE_FIRST}@{domain}"


def _is_number(text: str) -> bool:
    """Return whether this is an account's, a card's or another number, and no name or sentence that ends with one."""
    digits = sum(map(str.isdecimal, text))
    return 2 * digits > sum(map(str.isalnum, text))


def _is_domain(text: str) -> bool:
    if len(text) > _MOST_DOMAIN:
        return False
    *labels, top = text.split(".")
    return bool(labels) and all(map(_LABEL.fullmatch, labels)) and _TOP_LABEL.fullmatch(top) is not None


def _first(text: str) -> str:
    return next(filter(str.isalnum, text), "")


def _letter(character: str) -> str:
    """Return the first letter that a character stands for, with its accents; empty where it has no capitals."""
    parts = normalize("NFKD", character)  # a ligature stands for several
    accents = "".join(takewhile(combining, parts[1:]))
    return normalize("NFC", parts[0] + accents) if category(parts[0]) in _CASED else ""


def _count(text: str, most: int) -> int:
    """Return how many letters and digits there are, counted no further than `most`."""
    return len(list(islice(filter(str.isalnum, text), most)))


_MASKS: Mapping[Mask, Callable[[str], str]] = MappingProxyType(
    {Mask.INITIALS: _initials, Mask.LAST4: _last4, Mask.EMAIL: _email, Mask.ALL: lambda _text: HIDDEN}
)
