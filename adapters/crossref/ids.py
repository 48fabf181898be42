"""Ids: opaque, in order of time, never derived from what they name and never used again."""

from __future__ import annotations

import os
import re
from datetime import datetime

__all__ = ["is_customer_id", "new_id"]

_HEX = "[0-9a-f]{32}"
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ULID = "[0-9A-HJKMNP-TV-Z]{26}"
_CUSTOMER_ID = re.compile(f"(?:[a-z]{{2,8}}_)?(?:{_HEX}|{_UUID}|{_ULID})")


def new_id(prefix: str, at: datetime) -> str:
    """Return `prefix_` and a UUID version 7 (RFC 9562, 5.7) in hex: milliseconds, then 74 random bits."""
    milliseconds = int(at.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    noise = int.from_bytes(os.urandom(10), "big")
    high = 0x7000 | (noise >> 68)
    low = 0x8000_0000_0000_0000 | (noise & 0x3FFF_FFFF_FFFF_FFFF)
    return f"{prefix}_{milliseconds:012x}{high:04x}{low:016x}"


def is_customer_id(text: str) -> bool:
    """Return whether this can be a canonical id: 32 hex digits, a UUID or a ULID, with a short prefix if wanted.

    Such forms are what generators of random ids make; a name, an e-mail address or an account number has another form.
    """
    return _CUSTOMER_ID.fullmatch(text) is not None
