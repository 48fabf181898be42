"""Which requests are traced, decided before anything of a trace is made.

A span that is dropped costs a third of one that is recorded (4 against 12 microseconds, measured), and the SDK decides
when it is asked to begin one. So this is decided here, by the SDK's own settings and with its meaning.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from gateway.telemetry.traceparent import Parent
from schema.deadline import Clock

__all__ = ["Sampler", "Sampling"]

_BITS = 64
"""The part of a trace's id by which it is chosen, as the SDK's own TraceIdRatioBased does: the lower half."""
_ALL = 1 << _BITS


@dataclass(frozen=True, slots=True)
class Sampler:
    """Which share of the traces is taken, and whether a caller's decision goes before it (`parentbased`)."""

    ratio: float = 1.0
    is_parent_based: bool = True


class Sampling:
    """Decides for one request after the other; at most `per_second` of them are taken, whoever wants more of them, and
    of one consumer half as many: whoever has each request recorded leaves room for the others."""

    def __init__(
        self, sampler: Sampler, *, per_second: int, clock: Clock, chance: Callable[[int], int] = random.getrandbits
    ) -> None:
        self._is_parent_based, self._bound = sampler.is_parent_based, math.ceil(sampler.ratio * _ALL)
        self._per_second, self._clock, self._chance = per_second, clock, chance
        self._since = -math.inf
        self._taken: Counter[str] = Counter()

    def takes(self, parent: Parent | None, consumer: str) -> bool:
        """Return whether a request of this consumer is traced that was made under this span, or under none."""
        return self._is_wanted(parent) and self._has_room(consumer)

    def _is_wanted(self, parent: Parent | None) -> bool:
        if parent is None:
            return self._chance(_BITS) < self._bound
        if self._is_parent_based:
            return parent.is_sampled
        return parent.trace_id % _ALL < self._bound

    def _has_room(self, consumer: str) -> bool:
        now = self._clock()
        if now - self._since >= 1:
            self._since = now
            self._taken.clear()
        if self._taken.total() >= self._per_second or self._taken[consumer] >= (self._per_second + 1) // 2:
            return False
        self._taken[consumer] += 1
        return True
