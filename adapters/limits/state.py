"""How the limits of a source stand at a moment: for operators and for metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.limits.breaker import State
from schema.reasons import Reason

__all__ = ["LimitsState", "OfferState"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferState:
    """How what holds of one offer alone stands.

    `breaker` has been in its state for `breaker_seconds`, and has opened `opened` times since the start. `most` is its
    own bound of calls together, None where it has none: then neither `under_way` nor `waiting` are counted, and are 0.
    `held_seconds` is for how long yet it alone is left alone, because the source has asked for that by a 503, else 0.0.
    `usual_seconds` is what an answered call takes now, None where none was answered.
    """

    breaker: State
    breaker_seconds: float
    opened: int
    most: int | None
    under_way: int
    waiting: int
    held_seconds: float
    usual_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsState:
    """How the limits of one source stand.

    `breaker`, `breaker_seconds` and `opened` are as of an offer; it is that of the source, which opens when calls of
    all its offers fail. `width` calls may run together now, and at most `most`; `under_way` do. `waiting` wait for
    their turn or their rate, and for their turn at most `queue`. `held_seconds` is for how long yet the source has
    asked to be left alone, 0.0 where it has not; `retries_left` is how many calls may be sent again now. `failed` is
    the reason of the last call that counted as its failure, `failed_seconds` ago; None where none has. `offers` has
    those that were asked, by name.
    """

    breaker: State
    breaker_seconds: float
    opened: int
    width: int
    most: int
    under_way: int
    waiting: int
    queue: int
    held_seconds: float
    retries_left: int
    usual_seconds: float | None
    failed: Reason | None
    failed_seconds: float | None
    offers: Mapping[str, OfferState]
