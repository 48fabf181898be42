"""What one request was shown and refused, as it is recorded: never a value.

AuditUnavailableError    the record could not be written, so the answer may not leave
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schema.grants import Grant
from schema.reasons import Reason
from schema.situation import Situation
from schema.verification import Level

__all__ = ["ALLOWED", "AuditUnavailableError", "Disclosed", "Disclosure", "Effect", "Recorder"]


class AuditUnavailableError(Exception):
    """The record of a request could not be written."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What was decided of a coordinate: `allow`, `transform` or `withhold`, with all codes that were decided, the first
    one first."""

    effect: str
    codes: tuple[Reason, ...] = ()


ALLOWED = Effect("allow")


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What was decided of one customer: the canonical id, how well verified, and the effect on each coordinate.

    `refused` says why a look-up shows nobody; `customer` is None where there is nobody, or nothing was read. Customers
    with equal verdicts share one mapping of effects. Of what is `out_of_reach` nothing was shown: on every path to it
    something else was withheld, which is recorded. What is `told` was not shown either: of its values the order or a
    filter of a list tells, as far as it is not withheld. `opened` was shown for the glass was broken, by the request's
    grant; `acting_for` is for whom somebody else acted, by what was asserted of the customer.
    """

    customer: str | None = field(repr=False)
    level: Level
    effects: Mapping[str, Effect]
    refused: Reason | None = None
    out_of_reach: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    opened: tuple[str, ...] = ()
    acting_for: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One request: who asked which view for what, of whom, and what was decided.

    `at` is in seconds since 1970, `seconds` is how long it took. `sources` holds the calls that ended by source. `code`
    is why the whole request was refused, None where it was answered. `request` is the request's id, where it has one.
    A person of whom several things are shown stands in `customers` once. `grant` is a broken glass that was presented,
    also where it has opened nothing.
    """

    view: str
    purpose: str
    basis: str
    consumer: str
    situation: Situation
    at: float
    seconds: float
    customers: Sequence[Disclosed]
    sources: Mapping[str, int]
    grant: Grant | None = None
    code: str | None = None
    request: str | None = None


class Recorder(Protocol):
    """Writes down what is shown, before it leaves."""

    async def record(self, disclosure: Disclosure) -> None:
        """Return when the record stands.

        Raises:
            AuditUnavailableError: It could not be written.
        """
