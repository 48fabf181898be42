"""Issuers of assertions for the tests: their keys, their entries in verifiers.yaml, and what they sign."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.signatures import PrivateKey
from gateway.verification.compact import TYPE, joined
from gateway.verification.signing import Asserted, sign_claims
from schema.verification import Level

NOW = 1_800_000_000
"""The time of the tests, in seconds since 1970."""

ISSUER, AUDIENCE = "https://idv.example", "customer-view"
CALL = "call-7"

KEY = PrivateKey.generate("EdDSA", "2027-01")
NEXT_KEY = PrivateKey.generate("Ed25519", "2027-02")
CURVE_KEY = PrivateKey.generate("ES256", "curve-1")
RSA_KEY = PrivateKey.generate("PS256", "rsa-1")
STRANGE_KEY = PrivateKey.generate("EdDSA", "2027-01")
"""Of somebody else, under the same name."""

ENTRY = {
    "issuer": ISSUER,
    "audience": AUDIENCE,
    "algorithms": ["EdDSA", "Ed25519", "ES256", "PS256"],
    "jwks": "idv.jwks.json",
    "highest": "V3",
    "methods": ["otp", "app", "kba", "face"],
    "max_lifetime": 900,
    "clock_skew": 10,
}


def write_key_set(path: Path, *keys: PrivateKey) -> Path:
    """Write the public halves."""
    path.write_text(json.dumps({"keys": [key.public for key in keys]}))
    return path


def write_verifiers(folder: Path, *entries: Mapping[str, Any]) -> Path:
    """Write verifiers.yaml, which may be JSON, and the key set that the usual entry names."""
    write_key_set(folder / "idv.jwks.json", KEY, NEXT_KEY, CURVE_KEY, RSA_KEY)
    path = folder / "verifiers.yaml"
    path.write_text(json.dumps([dict(one) for one in entries] or [ENTRY]))
    return path


def claims(**changed: Any) -> dict[str, Any]:
    """The claims of a good assertion, with changes; None leaves one out."""
    good = Asserted(
        issuer=ISSUER,
        audience=AUDIENCE,
        client="gardener",
        interaction=CALL,
        source=None,
        key="p1",
        level=Level.V2,
        methods=("otp",),
        verified_at=NOW - 60,
        issued_at=NOW - 30,
        seconds=300,
    ).claims
    return {name: one for name, one in {**good, **changed}.items() if one is not None}


def signed(key: PrivateKey = KEY, **changed: Any) -> str:
    """A token of these claims."""
    return sign_claims(claims(**changed), key)


def written(header: Mapping[str, Any], told: Mapping[str, Any], key: PrivateKey = KEY) -> str:
    """A token with this very header, signed by the key."""
    text = joined(header, told)
    return b".".join((text, encoded(key.sign(text)))).decode()


def raw(header: bytes, told: bytes, key: PrivateKey = KEY) -> str:
    """A token of these very bytes, signed by the key."""
    text = b".".join((encoded(header), encoded(told)))
    return b".".join((text, encoded(key.sign(text)))).decode()


def encoded(content: bytes) -> bytes:
    """Bytes in base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


HEADER = {"alg": KEY.algorithm, "kid": KEY.kid, "typ": TYPE}
