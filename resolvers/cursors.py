"""Where a page of a list ends, sealed so that a client can keep it and nobody can read or change it.

A cursor holds the place in the list of every key that the list is joined from, and whose list it is; of the keys
themselves it holds digests, by which they are told apart. It is sealed by
AES-SIV (RFC 5297): deterministic, so that one place has one text, and no nonce can repeat however many are made. It
opens only for the view, the offer and the arguments for which it was made.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from adapters.answers import Key

__all__ = ["BEGINNING", "Cursor", "Cursors", "Stand", "Stands"]

_LONGEST = 65_536
"""The most characters of a cursor that is looked at: room for a thousand keys and two of the longest source cursors."""

_DIGEST = 16
"""Bytes that tell the keys of one list apart."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A place in the list of one key: behind the source's own cursor `after`, and `skip` entries further on.

    `is_over`: the list was read to its end, and others have followed it.
    """

    after: str | None = field(default=None, repr=False)
    skip: int = 0
    is_over: bool = False


BEGINNING = Stand()
"""Where a list begins."""

Stands = tuple[tuple[Key, Stand], ...]
"""Where the list of each key stands."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the joined list of one customer: where the list of each of its keys stands, by the key's digest."""

    customer_id: str
    stands: Stands = field(repr=False)

    def stand(self, key: Key) -> Stand | None:
        """Return where the list of a key stands; None when the cursor does not know the key."""
        digest = _digest(key)
        return next((stand for known, stand in self.stands if known == digest), None)


class Cursors:
    """Seals cursors and opens them.

    `secrets` are 64 bytes each, the first of them seals, every one opens. Without any a fresh one is made: cursors then
    end with the process, and no other one takes them.
    """

    def __init__(self, secrets: Sequence[bytes] = ()) -> None:
        self._ciphers = [AESSIV(secret) for secret in secrets or (os.urandom(64),)]

    def sealed(self, customer_id: str, stands: Stands, bound_to: bytes) -> str:
        """Return the text of a cursor, in the alphabet of base64url."""
        told = [[_digest(key), *_told(stand)] for key, stand in stands]
        plain = json.dumps([customer_id, told], separators=(",", ":")).encode("ascii")
        sealed = self._ciphers[0].encrypt(plain, [bound_to])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")

    def opened(self, text: str, bound_to: bytes) -> Cursor | None:
        """Return the cursor of a text; None when it is none, was changed, or was made for another list."""
        sealed = _decoded(text)
        for cipher in self._ciphers if sealed else ():
            try:
                return _read(cipher.decrypt(sealed, [bound_to]))
            except (InvalidTag, ValueError):
                continue
        return None


def _digest(key: Key) -> str:
    digest = sha256(key.encode("utf-8", "surrogatepass")).digest()[:_DIGEST]
    return base64.b85encode(digest).decode("ascii")


def _told(stand: Stand) -> list[object]:
    """Return a place as briefly as it can be told: most of them are the beginning."""
    told: list[object] = [stand.after, stand.skip, stand.is_over]
    return told if stand.is_over else told[:2] if stand.skip else told[:1] if stand.after is not None else []


def _decoded(text: str) -> bytes:
    if len(text) > _LONGEST:
        return b""
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return b""


def _read(plain: bytes) -> Cursor:
    customer_id, stands = json.loads(plain)
    return Cursor(customer_id, tuple((digest, Stand(*told)) for digest, *told in stands))
