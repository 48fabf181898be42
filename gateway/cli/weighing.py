"""What a gateway would make of an assertion: why it would refuse it, and what would count for less than it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.signatures import PrivateKey
from gateway.verification import Assertions, Verifier
from gateway.verification.faults import Fault, FaultyError
from gateway.verification.signing import Asserted
from schema.suggest import did_you_mean
from schema.verification import Assertion, Level, supported

__all__ = ["Trusted", "weighed"]

_OLDEST, _USUAL = 86_400, 1_800
"""How many seconds ago a verification may be in any view, and where a view says nothing else."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """Those whose word a gateway takes, by issuer, and the file that says so."""

    file: Path
    verifiers: Mapping[str, Verifier]


def weighed(asserted: Asserted, token: str, key: PrivateKey, trusted: Trusted | None) -> Iterator[str]:
    """Yield, in words, what somebody who tries out a token may not expect of it.

    Where it is not known whose word the gateway takes, what holds for every gateway.
    """
    yield from _too_old(asserted)
    if trusted is None:
        yield from _too_high(asserted)
        if asserted.seconds > _USUAL:
            yield f"It holds for longer than {_USUAL} seconds: verifiers.yaml has to allow that, by max_lifetime."
        return
    try:
        counted = Assertions(trusted.verifiers).proven(token.encode())
    except FaultyError as error:
        why = _why(error.fault, asserted, key, trusted)
        yield f"A gateway with {trusted.file} refuses it ({error.fault}): {why}{'' if why.endswith('?') else '.'}"
        return
    yield from _less(asserted, counted, trusted)


def _too_old(asserted: Asserted) -> Iterator[str]:
    ago = asserted.issued_at - asserted.verified_at
    if ago > _OLDEST:
        yield f"Every view withholds what needs it (VERIFICATION_EXPIRED): none takes more than {_OLDEST} seconds ago."
    elif ago > _USUAL:
        yield (
            f"Views withhold what needs it (VERIFICATION_EXPIRED) unless their max_age is {ago} or more; "
            f"it is {_USUAL} where they say nothing."
        )


def _too_high(asserted: Asserted) -> Iterator[str]:
    counted = supported(asserted.methods)
    if counted < asserted.level:
        yield f"Every gateway counts it as {counted}, not {asserted.level}: {_needed(asserted.level)}."


def _needed(level: Level) -> str:
    if level is Level.V3:
        return "V3 takes methods of two kinds, such as --method otp --method kba"
    return "V2 takes a method that proves something, such as --method otp"


def _less(asserted: Asserted, counted: Assertion, trusted: Trusted) -> Iterator[str]:
    if counted.level == asserted.level:
        return
    verifier = trusted.verifiers[asserted.issuer]
    if supported(asserted.methods) < asserted.level:
        yield from _too_high(asserted)
    elif supported(counted.methods) < asserted.level:
        took = ", ".join(sorted(verifier.methods))
        yield f"A gateway with {trusted.file} counts it as {counted.level}: of the methods it takes {took} alone."
    else:
        yield f"A gateway with {trusted.file} counts it as {counted.level}: its issuer may go no higher."


def _why(fault: Fault, asserted: Asserted, key: PrivateKey, trusted: Trusted) -> str:
    if fault is Fault.ISSUER:
        known = sorted(trusted.verifiers)
        wanted = did_you_mean(asserted.issuer, known, f"wanted one of: {', '.join(known) or 'none is named'}")
        return f"got the issuer {asserted.issuer!r}; {wanted}"
    verifier = trusted.verifiers[asserted.issuer]
    said = {
        Fault.ALGORITHM: f"the key signs by {key.algorithm}; wanted {_one_of(sorted(verifier.algorithms))}",
        Fault.KEY: f"the key is called {key.kid!r}; its set has {_one_of(sorted(verifier.keys))}",
        Fault.SIGNATURE: f"its set has another key that is called {key.kid!r}: add the one with which this was signed",
        Fault.AUDIENCE: f"got the audience {asserted.audience!r}; wanted {verifier.audience!r}",
        Fault.LIFETIME: f"it holds for {asserted.seconds} seconds; wanted at most {verifier.max_lifetime}",
    }
    return said.get(fault, "see docs/verification.md")


def _one_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"one of: {', '.join(names)}"
