"""How each source does just now: its limits, its last minute, how it last failed, and whether it is left alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.adapter import Adapter
from adapters.limits import LimitsState, SourceLimits, limits_kept_by
from gateway.sources.reading import Sources, apply
from gateway.sources.recent import Failure, Minute
from gateway.sources.watching import SourceWatch

__all__ = ["TOO_LONG", "SourceState", "SourceStates"]

TOO_LONG = 10.0
"""Seconds for which a source may be left alone before a gateway that goes by it is not ready."""
_FRESH = 10.0
_LATEST = 1.2
"""How many times the time for which a source is left alone it may take, for that is not the same in all processes."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How one source does. `limits` are None where its adapter keeps none; the rest is of the last minute.

    `failed_seconds` is how long ago the last failure was, `alone_seconds` for how long it has been left alone, None
    where it is not. `counts` tells whether the gateway's readiness goes by it.
    """

    source: str
    limits: LimitsState | None
    minute: Minute
    failure: Failure | None
    failed_seconds: float | None
    alone_seconds: float | None
    counts: bool


class SourceStates:
    """Tells how the sources of these adapters do, which keep the limits that were `taken` last."""

    def __init__(self, adapters: Sequence[Adapter], watch: SourceWatch) -> None:
        self._adapters, self._watch = adapters, watch
        self.taken = Sources()

    def take(self, sources: Sources) -> None:
        """Have every adapter keep these limits, and readiness go by these sources. Calls under way go on."""
        apply(sources, self._adapters)
        self.taken = sources

    def all(self) -> Iterator[SourceState]:
        """Yield how each source does, in the order of the adapters."""
        for adapter in self._adapters:
            yield self._of(adapter.source, limits_kept_by(adapter))

    def left_alone(self) -> Sequence[str]:
        """Return the sources without which no request is to come here, and which are left alone for too long."""
        counted = [one for one in self._adapters if one.source in self.taken.readiness]
        kept = [(one.source, limits_kept_by(one)) for one in counted]
        return [source for source, limits in kept if limits is not None and _is_left_alone(limits)]

    def _of(self, source: str, limits: SourceLimits | None) -> SourceState:
        recent, now = self._watch.of(source), self._watch.clock()
        failure = recent.failure
        return SourceState(
            source,
            None if limits is None else limits.state(),
            recent.minute(now),
            failure,
            None if failure is None else now - failure.at,
            None if limits is None else _alone_seconds(limits),
            source in self.taken.readiness,
        )


def _alone_seconds(limits: SourceLimits) -> float | None:
    """Return for how long a source has been left alone; one that is probed in between still is."""
    since = limits.breaker.alone_since
    return None if since is None else limits.clock() - since


def _is_left_alone(limits: SourceLimits) -> bool:
    """Return whether a source is left alone for too long, and a call of a moment ago has failed.

    It is called by what is asked alone. Where all gateways are without requests for its sake it would never be found
    out that it is back: so it is tried again when nothing has failed for a while.
    """
    alone, failed = _alone_seconds(limits), limits.state().failed_seconds
    patience = _FRESH + _LATEST * limits.limits.breaking.open_seconds
    return alone is not None and alone > TOO_LONG and failed is not None and failed <= patience
