"""Keys that sign tokens and keys that verify them: JSON Web Keys (RFC 7517) and the algorithms of RFC 7518 and 9864.

A key is taken for nothing but what it is made for: no algorithm is looked up by what a token says alone, and there is
none here whose keys both sides know.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from joserfc import jwk
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

__all__ = ["ALGORITHMS", "PrivateKey", "PublicKey", "UnusableKeyError"]

ALGORITHMS: Mapping[str, str] = MappingProxyType(
    {"EdDSA": "Ed25519", "Ed25519": "Ed25519", "ES256": "ES256", "PS256": "PS256", "RS256": "RS256"}
)
"""The algorithms of signatures, and what each does. EdDSA is what Ed25519 was called before RFC 9864."""

_KID = re.compile(r"[!-~]{1,100}")
_FITTING = {
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("RSA", None): frozenset({"PS256", "RS256"}),
}
_PUBLIC = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "RSA": ("n", "e")}
_SECRET = frozenset({"d", "dp", "dq", "k", "oth", "p", "q", "qi"})
_FEWEST_BITS, _MOST_BITS = 2_048, 8_192


class UnusableKeyError(ValueError):
    """A key that verifies nothing here. Its text says why, in words that follow `a key`, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies signatures: what it is called, and of which algorithms they may be."""

    kid: str
    algorithms: frozenset[str]
    _key: Any = field(repr=False, compare=False)

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> PublicKey:
        """Return the key that a JSON Web Key declares.

        Raises:
            UnusableKeyError: It is a private or shared key, of another kind, too weak, or for another use.
        """
        if not _SECRET.isdisjoint(members):
            raise UnusableKeyError("with its private half, or a shared one, which is nobody else's to have")
        kid = members.get("kid")
        if not isinstance(kid, str) or not _KID.fullmatch(kid):
            raise UnusableKeyError("without a kid of 1 to 100 visible ASCII characters")
        algorithms = _algorithms(members)
        _check_use(members)
        return cls(kid, algorithms, _imported(members))

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Return whether the signature is this key's, made with this algorithm, which is one of the key's own."""
        if algorithm not in self.algorithms:
            return False
        try:
            return JWSRegistry.algorithms[ALGORITHMS[algorithm]].verify(signed, signature, self._key)
        except (JoseError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs, for trying out and for tests: in production others sign, with keys that never come here."""

    kid: str
    algorithm: str
    _key: Any = field(repr=False, compare=False)

    @classmethod
    def generate(cls, algorithm: str, kid: str) -> PrivateKey:
        """Return a fresh key for one of the algorithms."""
        kind, curve = next(each for each, fitting in _FITTING.items() if algorithm in fitting)
        made = jwk.JWKRegistry.generate_key(kind, curve or _FEWEST_BITS, private=True)
        return cls.of({**made.as_dict(private=True), "kid": kid, "alg": algorithm})

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> PrivateKey:
        """Return the key of a JSON Web Key with its private half, its `kid` and its `alg`.

        Raises:
            UnusableKeyError: It is none of these.
        """
        public = PublicKey.of({name: one for name, one in members.items() if name not in _SECRET})
        algorithm = members.get("alg")
        if "d" not in members or algorithm is None:
            raise UnusableKeyError("without its private half, or without its alg")
        own = {"kty", *_PUBLIC[members["kty"]], *_SECRET}
        return cls(public.kid, str(algorithm), _key_of({name: members[name] for name in own if name in members}))

    @property
    def public(self) -> dict[str, Any]:
        """Return the JSON Web Key of the public half."""
        return {**self._key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    @property
    def private(self) -> dict[str, Any]:
        """Return the JSON Web Key of both halves."""
        return {**self._key.as_dict(private=True), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def sign(self, signed: bytes) -> bytes:
        """Return the signature."""
        return JWSRegistry.algorithms[ALGORITHMS[self.algorithm]].sign(signed, self._key)


def _algorithms(members: Mapping[str, Any]) -> frozenset[str]:
    kind, curve, named = members.get("kty"), members.get("crv"), members.get("alg")
    fitting = _FITTING.get((kind, curve)) if isinstance(kind, str) and isinstance(curve, str | None) else None
    if fitting is None:
        raise UnusableKeyError("of another kind than OKP with Ed25519, EC with P-256, and RSA")
    if named is None:
        return fitting
    if not isinstance(named, str) or named not in fitting:
        raise UnusableKeyError(f"whose alg is none of {', '.join(sorted(fitting))}")
    return frozenset({"EdDSA", "Ed25519"}) if ALGORITHMS[named] == "Ed25519" else frozenset({named})


def _check_use(members: Mapping[str, Any]) -> None:
    operations = members.get("key_ops", ["verify"])
    is_listed = isinstance(operations, Collection) and "verify" in operations
    if members.get("use", "sig") != "sig" or not is_listed:
        raise UnusableKeyError("for another use than to verify signatures")


def _imported(members: Mapping[str, Any]) -> Any:
    kind = members["kty"]
    if kind == "RSA":
        _check_size(members.get("n"))
    if not all(isinstance(members.get(name), str) for name in _PUBLIC[kind]):
        raise UnusableKeyError("that lacks one of its parts")
    return _key_of({"kty": kind, **{name: members[name] for name in _PUBLIC[kind]}})


def _check_size(modulus: object) -> None:
    bits = len(modulus) * 6 if isinstance(modulus, str) else 0
    if not _FEWEST_BITS - 8 <= bits <= _MOST_BITS + 8:  # within a character: import tells the rest
        raise UnusableKeyError(f"of RSA with fewer than {_FEWEST_BITS} or more than {_MOST_BITS} bits")


def _key_of(members: Mapping[str, Any]) -> Any:
    try:
        key = jwk.JWKRegistry.import_key(dict(members))
        _ = key.raw_value.key_size if key.key_type == "RSA" else key.raw_value  # type: ignore[union-attr]
    except (JoseError, ValueError, TypeError, KeyError):
        raise UnusableKeyError("whose parts do not make one") from None
    return key
