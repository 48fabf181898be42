"""Grants as tokens: what the consumer who broke a glass is given, and sends with its requests until it is over.

A grant is sealed, not signed alone (RFC 7516, `dir` with A256GCM): it names a customer and an employee, and whoever
holds it has no need to read either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict

from joserfc import jwe, jwk
from joserfc.errors import JoseError

from schema.grants import Grant

__all__ = ["USE", "GrantSeal"]

USE = "break-glass"
"""What the key is derived for."""

_TOKEN = re.compile(rb"[A-Za-z0-9_.-]{1,4096}")
_ALGORITHMS = ("dir", "A256GCM")


class GrantSeal:
    """Seals grants with the first of the keys, each of 32 bytes, and opens them with any: those of older secrets."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [jwk.OctKey.import_key(key) for key in keys]

    def seal(self, grant: Grant) -> str:
        """Return the token of a grant."""
        header = dict(zip(("alg", "enc"), _ALGORITHMS, strict=True))
        return jwe.encrypt_compact(header, json.dumps(asdict(grant)).encode(), self._keys[0], [*_ALGORITHMS])

    def open(self, token: bytes) -> Grant | None:
        """Return the grant of a token, also one that is over; None where it is no token that was sealed here."""
        if not _TOKEN.fullmatch(token):
            return None
        opened = (self._opened(token, key) for key in self._keys)
        return next((grant for grant in opened if grant is not None), None)

    def _opened(self, token: bytes, key: jwk.OctKey) -> Grant | None:
        try:
            plain = jwe.decrypt_compact(token, key, [*_ALGORITHMS]).plaintext
            return Grant(**json.loads(plain or b""))
        except (JoseError, ValueError, TypeError, AssertionError):  # TypeError: sealed by another release
            return None
