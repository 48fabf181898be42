"""A signed token in compact form (RFC 7515, section 7.1), taken apart so that it can be read in one way alone.

Refused are a second spelling of the same bytes, a member that stands twice at any depth, and members of the header that
would bring a key or a meaning of their own along (`jwk`, `jku`, `x5c`, `crit`, `b64`; RFC 8725, section 3).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.strict_json import read_strictly
from gateway.verification.faults import Fault, FaultyError

__all__ = ["TYPE", "Compact", "joined", "taken_apart"]

TYPE = "customer-verification+jwt"
"""The type that a token of ours names. `JWT` is taken too, and none: many issuers cannot set it."""

_TOKEN = re.compile(rb"([A-Za-z0-9_-]{2,1024})\.([A-Za-z0-9_-]{2,8192})\.([A-Za-z0-9_-]{2,2048})")
_HEADER = frozenset({"alg", "kid", "typ"})
_TYPES = frozenset({TYPE, f"application/{TYPE}", "jwt"})
_LONGEST_WORD = 100


@dataclass(frozen=True, slots=True)
class Compact:
    """A token that is not verified: its algorithm and key as it names them, its claims, what was signed, and how."""

    algorithm: str
    kid: str
    claims: Mapping[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def taken_apart(token: bytes) -> Compact:
    """Return the token's parts.

    Raises:
        FaultyError: FORM or HEADER.
    """
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise FaultyError(Fault.FORM)
    header, claims, signature = map(_decoded, parts.groups())
    members = _members(header)
    if not _HEADER >= members.keys() >= {"alg", "kid"} or not all(map(_is_word, members.values())):
        raise FaultyError(Fault.HEADER)
    if members.get("typ", "jwt").lower() not in _TYPES:
        raise FaultyError(Fault.HEADER)
    return Compact(members["alg"], members["kid"], _members(claims), token[: parts.end(2)], signature)


def joined(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bytes:
    """Return what is signed of a token with this header and these claims."""
    written = (json.dumps(one, separators=(",", ":")).encode() for one in (header, claims))
    return b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in written)


def _decoded(part: bytes) -> bytes:
    try:
        found = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        raise FaultyError(Fault.FORM) from None
    if base64.urlsafe_b64encode(found).rstrip(b"=") != part:  # bits that say nothing are set: a second spelling
        raise FaultyError(Fault.FORM)
    return found


def _members(text: bytes) -> dict[str, Any]:
    try:
        found = read_strictly(text)
    except ValueError:
        raise FaultyError(Fault.FORM) from None
    if not isinstance(found, dict):
        raise FaultyError(Fault.FORM)
    return found


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_WORD
