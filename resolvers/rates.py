"""How many identifiers a consumer may look up by, or note: whoever asked without end could try every phone number."""

from __future__ import annotations

from math import ceil

from cachetools import LRUCache

from resolvers.refusals import Excess, RefusalCode, RefusedError
from schema.deadline import Clock

__all__ = ["Rates"]

_KEPT = 10_000
"""Consumers whose rate is known; more are registered nowhere."""


class Rates:
    """Counts the identifiers of each consumer, looked up or noted: as many as in a minute at once, then as they come
    back evenly.

    Kept is when a consumer's look-ups are all back (the generic cell rate algorithm, ITU-T I.371), and nothing of what
    was looked up. Each process counts for itself.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._most, self._clock = per_minute, clock
        self._seconds = 60 / per_minute
        self._back: LRUCache[str, float] = LRUCache(_KEPT)

    def take(self, consumer: str, wanted: int) -> None:
        """Count look-ups that are about to be made.

        Raises:
            RefusedError: They are more than the consumer may make now; none of them is counted.
        """
        if wanted > self._most:
            message = f"The request names {wanted} identifiers; a consumer may name {self._most} a minute."
            remedy, excess = "Ask for them in several requests.", Excess("identifiers", self._most, wanted)
            raise RefusedError(RefusalCode.QUERY_BUDGET, message, remedy, excess=excess)
        now = self._clock()
        back = max(self._back.get(consumer, now), now) + wanted * self._seconds
        early = back - now - 60
        if early > 1e-6:  # a rest of rounding is no look-up
            message = f"This consumer has named {self._most} identifiers within a minute, as many as it may."
            remedy, seconds = "Ask again later; use keys where they are known.", ceil(early)
            raise RefusedError(RefusalCode.RATE_LIMITED, message, remedy, retry_after=seconds)
        self._back[consumer] = back
