"""What one source bears: how many calls, how often, for how long, and what is done when it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from adapters.limits.rates import Rate
from adapters.limits.signals import STANDARD, Signals

__all__ = ["Breaking", "Limits", "OfferLimits", "Repeating", "Width"]

_MOST_AT_ONCE = 10_000
_LONGEST = 3_600.0
"""Seconds of any wait."""


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
        if min(counts) < 1 or max(counts) > 1_000 or not 0 < self.share <= 1:
            raise ValueError(
                f"got failures={self.failures}, of={self.of}, probes={self.probes}, share={self.share}; wanted counts "
                "from 1 to 1000, and a share above 0 and up to 1"
            )
        if not 0 < self.open_seconds <= 300 or not 0 < self.seconds <= _LONGEST:
            raise ValueError(
                f"got open_seconds={self.open_seconds}, seconds={self.seconds}; wanted both above 0, the first up to "
                f"300 and the second up to {_LONGEST:g}"
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
        if not 0 <= self.first_seconds <= _LONGEST or not 0 <= self.most_seconds <= _LONGEST:
            raise ValueError(
                f"got first_seconds={self.first_seconds}, most_seconds={self.most_seconds}; wanted both from 0 to "
                f"{_LONGEST:g}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLimits:
    """What holds of one offer beside what holds of its source: HubSpot searches four times a second, and no more."""

    timeout: float | None = None
    at_once: int | None = None
    rates: Sequence[Rate] = ()

    def __post_init__(self) -> None:
        _check_timeout(self.timeout)
        if self.at_once is not None and not 1 <= self.at_once <= _MOST_AT_ONCE:
            raise ValueError(f"got at_once={self.at_once}; wanted a number from 1 to {_MOST_AT_ONCE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one source bears. `timeout` is the seconds after which one call is given up; None leaves it its deadline.

    `rates` hold all together, and `signals` reads what the source says of them: what it says is left is left of the
    first. `offers` says by an offer's name what holds of it beside; the shorter timeout holds.
    """

    timeout: float | None = 10.0
    width: Width = Width()
    breaking: Breaking = Breaking()
    repeating: Repeating = Repeating()
    rates: Sequence[Rate] = ()
    signals: Signals = STANDARD
    offers: Mapping[str, OfferLimits] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_timeout(self.timeout)

    def narrowed(self, timeout: float | None, at_once: int | None) -> Limits:
        """Return these with the timeout and the calls together no greater than given; None narrows nothing."""
        width, bounds = self.width, [one for one in (self.timeout, timeout) if one is not None]
        if at_once is not None and at_once < width.most:
            width = replace(width, most=at_once)
        return replace(self, timeout=min(bounds, default=None), width=width)


def _check_timeout(timeout: float | None) -> None:
    if timeout is not None and not 0 < timeout <= _LONGEST:
        raise ValueError(f"got timeout={timeout}; wanted seconds above 0 and up to {_LONGEST:g}, or None")
