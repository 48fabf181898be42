"""What one source bears: how many calls, how often, for how long, and what is done when it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.limits.rates import Rate

__all__ = ["Breaking", "Limits", "OfferLimits", "Repeating", "Width"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """How many calls run together, and how many wait for their turn.

    `most` is the bound that the source states; below it the number follows what the source bears (`adapts`), and is
    never less than `least`. At most `queue` calls wait.
    """

    most: int = 100
    least: int = 4
    queue: int = 400
    adapts: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.most <= 10_000 or self.least < 1 or not 0 <= self.queue <= 100_000:
            raise ValueError(
                f"got most={self.most}, least={self.least}, queue={self.queue}; wanted most from 1 to 10000, "
                "least from 1, and queue from 0 to 100000"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaking:
    """When a source that fails is left alone.

    After `failures` in a row, or when `share` of the last `of` calls failed, of those that ended within `seconds`. It
    is left alone for `open_seconds`; then one call at a time finds out, until `probes` in a row went well. Five in a
    row, and a second: a source that is back is found out within two.
    """

    failures: int = 5
    share: float = 0.5
    of: int = 20
    seconds: float = 10.0
    open_seconds: float = 1.0
    probes: int = 2

    def __post_init__(self) -> None:
        counts = (self.failures, self.of, self.probes)
        if min(counts) < 1 or max(counts) > 1_000 or not 0 < self.share <= 1 or not 0 < self.open_seconds <= 300:
            raise ValueError(
                f"got failures={self.failures}, of={self.of}, probes={self.probes}, share={self.share}, "
                f"open_seconds={self.open_seconds}; wanted counts from 1 to 1000, a share above 0 and up to 1, and at "
                "most 300 seconds"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeating:
    """How often a call that failed for a moment is sent again.

    At most `most` times each; of all calls of the last ten seconds at most `share`, and `floor` a second beside, so
    that a source which is asked seldom is asked again too. Between two attempts a random part of `first_seconds`
    passes, which doubles with each up to `most_seconds` ("full jitter": M. Brooker, Exponential Backoff And Jitter).
    A fifth is what SRE teams allow (Google, Site Reliability Engineering, chapter 21, has a tenth).
    """

    most: int = 2
    share: float = 0.2
    floor: float = 1.0
    first_seconds: float = 0.05
    most_seconds: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.most <= 10 or not 0 <= self.share <= 1 or not 0 <= self.floor <= 1_000:
            raise ValueError(
                f"got most={self.most}, share={self.share}, floor={self.floor}; wanted most from 0 to 10, a share from "
                "0 to 1, and a floor from 0 to 1000"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLimits:
    """What holds of one offer beside what holds of its source: HubSpot searches four times a second, and no more."""

    at_once: int | None = None
    rates: Sequence[Rate] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one source bears. `timeout` is the seconds after which one call is given up; None leaves it its deadline.

    `rates` hold all together. `offers` says by an offer's name what holds of it beside.
    """

    timeout: float | None = 10.0
    width: Width = Width()
    breaking: Breaking = Breaking()
    repeating: Repeating = Repeating()
    rates: Sequence[Rate] = ()
    offers: Mapping[str, OfferLimits] = field(default_factory=dict)
