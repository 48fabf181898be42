"""What the header Customer-Verification proves: of which customers it is asserted how well they are verified."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from cachetools import TLRUCache

from gateway.failure_log import Repeats
from gateway.refusals import NotTakenError, RequestCode
from gateway.verification.claims import Claims, read_claims
from gateway.verification.compact import Compact, taken_apart
from gateway.verification.faults import Fault, FaultyError
from gateway.verification.verifiers import Verifier
from schema.deadline import Clock
from schema.verification import VERIFICATION_HEADER, Assertion, supported

__all__ = ["MOST_ASSERTIONS", "MOST_BYTES", "Assertions"]

MOST_ASSERTIONS = 4
"""Assertions of one request."""
MOST_BYTES = 8_192
"""The longest header."""
_MOST_KEPT = 10_000
"""Tokens of which it is kept, by their digest, what they prove: at 1 kB each."""

_CHALLENGE: Mapping[str, str] = {
    "WWW-Authenticate": 'Bearer realm="customer-view", error="insufficient_user_authentication", '
    'error_description="An assertion is not taken"'
}
"""RFC 9470, section 3."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Proven:
    """What a token proves, and for which consumer."""

    assertion: Assertion
    client: str


class Assertions:
    """Verifies assertions of the `verifiers`, by issuer. `now` is the time in seconds since 1970.

    A signature is verified once: the digest of its token is kept for as long as the token holds, and never the token.
    What depends on the request is checked for every one. An assertion that has expired is taken as such: policy says
    what it would have opened.
    """

    def __init__(
        self, verifiers: Mapping[str, Verifier], now: Callable[[], float] = time.time, clock: Clock = time.monotonic
    ) -> None:
        self._verifiers, self._now, self._clock, self._repeats = verifiers, now, clock, Repeats(clock)
        self._kept: TLRUCache[bytes, _Proven] = TLRUCache(_MOST_KEPT, _until_it_expires, timer=now)

    def of(self, verifiers: Mapping[str, Verifier]) -> Assertions:
        """Return what verifies assertions of other verifiers, by the same time; every token is verified anew."""
        return Assertions(verifiers, self._now, self._clock)

    def read(self, header: bytes, consumer: str, interaction: str | None) -> tuple[Assertion, ...]:
        """Return what the tokens in a header assert, in their order, to a consumer in an interaction.

        Raises:
            NotTakenError: 401, one of them is not taken; which check it failed is logged by its code alone.
        """
        try:
            return tuple(self._assertion(token, consumer, interaction) for token in _tokens(header))
        except FaultyError as error:
            self._tell(consumer, error.fault)
            message = f"An assertion in {VERIFICATION_HEADER} is not taken. Send one for this consumer and interaction."
            raise NotTakenError(401, RequestCode.VERIFICATION_INVALID, message, _CHALLENGE) from None

    def proven(self, token: bytes) -> Assertion:
        """Return what one token asserts, whoever sends it. Raises FaultyError: it is not taken."""
        return self._proven(token).assertion

    def _assertion(self, token: bytes, consumer: str, interaction: str | None) -> Assertion:
        digest = sha256(token).digest()
        proven = self._kept.get(digest)
        if proven is None:
            proven = self._kept[digest] = self._proven(token)
        if proven.client != consumer:
            raise FaultyError(Fault.CONSUMER)
        if proven.assertion.interaction != interaction:
            raise FaultyError(Fault.INTERACTION)
        return proven.assertion

    def _proven(self, token: bytes) -> _Proven:
        if not self._verifiers:
            raise FaultyError(Fault.NO_VERIFIERS)
        parts = taken_apart(token)
        issuer = parts.claims.get("iss")
        verifier = self._verifiers.get(issuer) if isinstance(issuer, str) else None
        if verifier is None:
            raise FaultyError(Fault.ISSUER)
        _check_signature(parts, verifier)
        claims = read_claims(parts.claims)
        _check_claims(claims, verifier, self._now())
        return _Proven(_asserted(claims, verifier), claims.client)

    def _tell(self, consumer: str, fault: Fault) -> None:
        times = self._repeats.untold((consumer, str(fault)))
        if times is not None:
            told = "an assertion that %s sent is not taken: %s (%d since it was told)"
            _log.warning(told, consumer, fault, times)


def _tokens(header: bytes) -> list[bytes]:
    tokens = [one.strip(b" \t") for one in header.split(b",")]
    if len(header) > MOST_BYTES or len(tokens) > MOST_ASSERTIONS or len(set(tokens)) < len(tokens):
        raise FaultyError(Fault.TOO_MANY)
    return tokens


def _check_signature(parts: Compact, verifier: Verifier) -> None:
    if parts.algorithm not in verifier.algorithms:
        raise FaultyError(Fault.ALGORITHM)
    key = verifier.keys.get(parts.kid)
    if key is None or parts.algorithm not in key.algorithms:
        raise FaultyError(Fault.KEY)
    if not key.verifies(parts.algorithm, parts.signed, parts.signature):
        raise FaultyError(Fault.SIGNATURE)


def _check_claims(claims: Claims, verifier: Verifier, now: float) -> None:
    if verifier.audience not in claims.audience:
        raise FaultyError(Fault.AUDIENCE)
    if max(claims.issued_at, claims.not_before, claims.verified_at) > now + verifier.clock_skew:
        raise FaultyError(Fault.NOT_YET_VALID)
    if not 0 < claims.expires_at - claims.issued_at <= verifier.max_lifetime:
        raise FaultyError(Fault.LIFETIME)


def _asserted(claims: Claims, verifier: Verifier) -> Assertion:
    """Return what counts of the claims: as far as the methods support the level, and the issuer may go."""
    methods = tuple(one for one in claims.methods if one in verifier.methods)
    return Assertion(
        source=claims.source,
        key=claims.key,
        level=min(claims.level, supported(methods), verifier.highest),
        methods=methods,
        verified_at=claims.verified_at,
        expires_at=claims.expires_at,
        interaction=claims.interaction,
        issuer=claims.issuer,
        acting_for=claims.acting_for,
    )


def _until_it_expires(_digest: bytes, proven: _Proven, _now: float) -> float:
    return proven.assertion.expires_at
