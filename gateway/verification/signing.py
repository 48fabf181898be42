"""Signs assertions, for trying out and for tests; in production the systems that verify customers do."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.command_error import CommandError
from gateway.signatures import PrivateKey, UnusableKeyError
from gateway.verification.compact import TYPE, joined
from schema.verification import Level

__all__ = ["Asserted", "load_signing_key", "sign_assertion", "sign_claims", "write_signing_key", "write_verifiers"]

_MOST_BYTES = 65_536
_KEY_SET = "idv.jwks.json"


@dataclass(frozen=True, slots=True)
class Asserted:
    """What is asserted: of which customer (`source` None for its id), how well verified, by what and when.

    Times are in seconds since 1970; `seconds` is how long it holds.
    """

    issuer: str
    audience: str
    client: str
    interaction: str
    source: str | None
    key: str = field(repr=False)
    level: Level
    methods: Sequence[str]
    verified_at: int
    issued_at: int
    seconds: int = 300
    acting_for: str | None = field(default=None, repr=False)

    @property
    def claims(self) -> dict[str, Any]:
        """Return the claims of its token, with a `jti` of its own."""
        told = {
            "iss": self.issuer,
            "aud": self.audience,
            "iat": self.issued_at,
            "exp": self.issued_at + self.seconds,
            "jti": secrets.token_urlsafe(16),
            "auth_time": self.verified_at,
            "acr": str(self.level),
            "amr": [*self.methods],
            "interaction": self.interaction,
            "customer": {self.source or "id": self.key},
            "client": self.client,
        }
        return told if self.acting_for is None else {**told, "acting_for": self.acting_for}


def sign_assertion(asserted: Asserted, key: PrivateKey) -> str:
    """Return the token that asserts it."""
    return sign_claims(asserted.claims, key)


def sign_claims(claims: Mapping[str, Any], key: PrivateKey) -> str:
    """Return a token with these claims, whatever they are."""
    signed = joined({"alg": key.algorithm, "kid": key.kid, "typ": TYPE}, claims)
    return b".".join((signed, base64.urlsafe_b64encode(key.sign(signed)).rstrip(b"="))).decode()


def write_signing_key(key: PrivateKey, path: Path) -> None:
    """Write both halves of the key to a new file, which nobody but its owner reads.

    Raises:
        CommandError: There is a file already, or it cannot be written.
    """
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        message = f"the key cannot be written ({error.strerror}): name a file that is not there yet"
        raise CommandError(message) from None
    with os.fdopen(opened, "w", encoding="ascii") as file:
        file.write(json.dumps(key.private) + "\n")


def write_verifiers(
    folder: Path, key: PrivateKey, issuer: str, audience: str, methods: Sequence[str], *, max_lifetime: int = 1_800
) -> Path:
    """Write into the folder that the word of who has the key is taken, to the highest level; return verifiers.yaml."""
    lines = (
        f"- issuer: {issuer}",
        f"audience: {audience}",
        f"algorithms: [{key.algorithm}]",
        f"jwks: {_KEY_SET}",
        f"highest: {max(Level)}",
        f"methods: [{', '.join(methods)}]",
        f"max_lifetime: {max_lifetime}",
    )
    (folder / _KEY_SET).write_text(json.dumps({"keys": [key.public]}), "ascii")
    file = folder / "verifiers.yaml"
    file.write_text("\n  ".join(lines) + "\n", "ascii")
    return file


def load_signing_key(path: Path) -> PrivateKey:
    """Return the key that `write_signing_key` has written.

    Raises:
        CommandError: It cannot be read, or is none.
    """
    try:
        with path.open("rb") as opened:
            return PrivateKey.of(json.loads(opened.read(_MOST_BYTES).decode()))
    except OSError as error:
        raise CommandError(f"the key cannot be read ({error.strerror}): name the file of a signing key") from None
    except (UnusableKeyError, ValueError, AttributeError, TypeError):
        raise CommandError(
            "the file holds no signing key; make one with `customer-view verification new-key`"
        ) from None
