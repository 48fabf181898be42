"""Keys for sealing and for look-up forms, derived from one secret, a different one for each use and version."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.crossref.errors import SecretError

__all__ = ["HkdfSecrets", "Secrets", "decrypt", "encrypt"]

_LENGTH = 32
_NONCE = 12


class Secrets(Protocol):
    """Gives out derived keys. A new version comes in beside the old, so that what the old sealed stays readable."""

    @property
    def current_version(self) -> int:
        """The version that new values are made with, from 1 to 65535."""

    @property
    def versions(self) -> Sequence[int]:
        """Every version at hand, the current one first. A sealed key is looked up under each of them."""

    def derive(self, use: str, *, version: int | None = None) -> bytes:
        """Return the 32 bytes for this use in this version (None: the current one).

        Raises SecretError when the version is not at hand.
        """


class HkdfSecrets:
    """Derives keys by HKDF-SHA-256 (RFC 5869), the use being its info; `versions` holds version -> secret.

    A secret is 32 bytes or more of true randomness. The highest version is the current one, unless `current` names
    another: a new secret comes to every process before any writes with it.
    """

    def __init__(self, versions: Mapping[int, bytes], current: int | None = None) -> None:
        if not versions or not all(1 <= version <= 0xFFFF for version in versions):
            raise SecretError(f"got {len(versions)} secrets; wanted one or more, with versions from 1 to 65535")
        short = sorted(version for version, secret in versions.items() if len(secret) < _LENGTH)
        if short:
            raise SecretError(
                f"got a secret under {_LENGTH} bytes for version {short[0]}; make one with `openssl rand 32`"
            )
        if current is not None and current not in versions:
            raise SecretError(f"got {current} as the current version; wanted one of {sorted(versions)}")
        self._secrets = dict(versions)
        self._current = max(versions) if current is None else current

    def __repr__(self) -> str:
        return f"HkdfSecrets(versions={self.versions})"  # the current one first

    @property
    def current_version(self) -> int:
        """The version that was named as the current one, else the highest."""
        return self._current

    @property
    def versions(self) -> Sequence[int]:
        """Every version: the current one, then the others, the newest first."""
        return (self._current, *sorted(self._secrets.keys() - {self._current}, reverse=True))

    def derive(self, use: str, *, version: int | None = None) -> bytes:
        """Return the 32 bytes for this use; raises SecretError when the version is not at hand."""
        chosen = self.current_version if version is None else version
        if chosen not in self._secrets:
            raise SecretError(
                f"got version {chosen}; wanted one of {self.versions}: give this process that version of the secret too"
            )
        return HKDF(hashes.SHA256(), _LENGTH, salt=None, info=use.encode()).derive(self._secrets[chosen])


def encrypt(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Return nonce and AES-256-GCM ciphertext; it opens only with the same key and the same `bound_to`.

    The nonce is random, so one key is good for 2**32 values (NIST SP 800-38D, 8.3).
    """
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def decrypt(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Return what `encrypt` was given; raises SecretError when it was changed, moved, or sealed with another key."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
    except (InvalidTag, ValueError):
        raise SecretError("a sealed value does not open: it was changed, or sealed with another secret") from None
