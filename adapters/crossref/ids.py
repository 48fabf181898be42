"""Ids: opaque, in order of time, never derived from what they name and never used again."""

from __future__ import annotations

import os
import re
from datetime import datetime

__all__ = ["is_customer_id", "is_id", "new_id", "new_uuids"]

_NOISE = 10
"""Bytes of which 74 bits are taken."""

_FIXED = 0x7 << 76 | 0b10 << 62
"""Version and variant, where RFC 9562 has them."""

_RANDOM = 0xFFF << 64 | 0x3FFF_FFFF_FFFF_FFFF

_HEX = "[0-9a-f]{32}"
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ULID = "[0-9A-HJKMNP-TV-Z]{26}"
_ID = re.compile(f"(?:[a-z]{{2,8}}_)?(?:{_HEX}|{_UUID}|{_ULID})")


def new_id(prefix: str, at: datetime) -> str:
    """Return `prefix_` and a UUID version 7 (RFC 9562, 5.7) in hex: milliseconds, then 74 random bits."""
    return f"{prefix}_{new_uuids(at, 1)[0]}"


def new_uuids(at: datetime, count: int) -> list[str]:
    """Return as many UUIDs of version 7 in hex, of one time, in descending order.

    Taken one by one from the end they ascend, as those do that are made at different times.
    """
    milliseconds = int(at.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    begin, drawn = milliseconds << 80 | _FIXED, os.urandom(_NOISE * count)
    noises = (int.from_bytes(drawn[place : place + _NOISE], "big") for place in range(0, len(drawn), _NOISE))
    return sorted([f"{begin | noise & _RANDOM:032x}" for noise in noises], reverse=True)


def is_id(text: str) -> bool:
    """Return whether this can be an id that is kept. What cannot is not asked for: whatever somebody sends in place of
    an id, an e-mail address too, would stand in the log of a database that writes down what it is asked.
    """
    return _ID.fullmatch(text) is not None


def is_customer_id(text: str) -> bool:
    """Return whether this can be a canonical id: 32 hex digits, a UUID or a ULID, with a short prefix if wanted.

    Such forms are what generators of random ids make; a name, an e-mail address or an account number has another form.
    """
    return is_id(text)
