"""Who verifies customers in a sandbox: anybody, with a key that everybody has, for it opens made-up data alone."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path

from gateway.signatures import PrivateKey
from gateway.verification.signing import write_verifiers
from schema.verification import METHODS

__all__ = ["SANDBOX_ISSUER", "sandbox_key", "write_sandbox_verifiers"]

SANDBOX_ISSUER = "sandbox"
"""Whose word a sandbox takes for how well a customer is verified."""

_AUDIENCE = "customer-view"
_SECONDS_OF_A_DAY = 86_400
_PUBLIC = "q493X_Lws_taEJqk_I_kL_7b2Q_nBjQLNvB7roB0U-4"
"""The public half that belongs to the seed."""


def sandbox_key() -> PrivateKey:
    """Return the key, which is the same at every start: front ends can sign with it themselves."""
    seed = sha256(b"customer-view serve --sandbox: who verifies customers").digest()
    secret = base64.urlsafe_b64encode(seed).decode().rstrip("=")
    return PrivateKey.of(
        {"kty": "OKP", "crv": "Ed25519", "x": _PUBLIC, "d": secret, "kid": SANDBOX_ISSUER, "alg": "EdDSA"}
    )


def write_sandbox_verifiers(folder: Path) -> Path:
    """Write into the folder that its word is taken, for every method and a day at most, and return the file."""
    methods = [name for name, factor in METHODS.items() if factor]
    named = (SANDBOX_ISSUER, _AUDIENCE)
    return write_verifiers(folder, sandbox_key(), *named, methods, max_lifetime=_SECONDS_OF_A_DAY)
