"""Whoever asserts how well the benchmark's customers are verified: a key, its public half in a file, and tokens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from gateway.signatures import PrivateKey
from gateway.verification.signing import Asserted, sign_assertion
from schema.verification import Level
from tests.bench.disclosure.views import CONSUMER

__all__ = ["INTERACTION", "Verifier"]

INTERACTION = "call-1"
"""The interaction of every request."""

_ISSUER, _AUDIENCE = "https://idv.example", "customer-view"
_SECONDS = 86_400
_ENTRY = {
    "issuer": _ISSUER,
    "audience": _AUDIENCE,
    "algorithms": ["EdDSA"],
    "jwks": "idv.jwks.json",
    "highest": "V2",
    "methods": ["otp"],
    "max_lifetime": _SECONDS,
}


class Verifier:
    """Signs assertions with Ed25519. `now` tells the seconds since 1970."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._key, self._now = PrivateKey.generate("EdDSA", "bench"), now

    def write(self, folder: Path) -> Path:
        """Write the file of verifiers, and the key set that it names; return the file."""
        (folder / "idv.jwks.json").write_text(json.dumps({"keys": [self._key.public]}))
        file = folder / "verifiers.yaml"
        file.write_text(json.dumps([_ENTRY]))  # JSON is YAML
        return file

    def header(self, customers: Iterable[str]) -> str:
        """Return the header by which it is asserted of these customers that they are verified: new tokens."""
        return ", ".join(map(self._token, customers))

    def _token(self, customer: str) -> str:
        now = int(self._now())
        asserted = Asserted(
            issuer=_ISSUER,
            audience=_AUDIENCE,
            client=CONSUMER,
            interaction=INTERACTION,
            source=None,
            key=customer,
            level=Level.V2,
            methods=("otp",),
            verified_at=now,
            issued_at=now,
            seconds=_SECONDS,
        )
        return sign_assertion(asserted, self._key)
