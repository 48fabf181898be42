"""What the cross-reference and the audit take, measured around them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from adapters.crossref import CrossReference, Lookup, Subject
from gateway.telemetry.metrics import catalog
from gateway.telemetry.metrics.instruments import Counts, Reading, Timings
from resolvers.disclosure import Disclosure, Recorder
from schema.deadline import Clock

__all__ = ["LookUps", "Recording", "Records"]

_FOUND, _UNKNOWN, _FAILED = ("FOUND",), ("UNKNOWN",), ("FAILED",)
_NO_LABELS = ()


class LookUps:
    """Counts look-ups in the cross-references that it measures."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock, self._durations = clock, Timings(catalog.LOOKUP_DURATION)
        self._counts = Counts({_FOUND: 0, _UNKNOWN: 0, _FAILED: 0})  # a rate tells nothing of what begins with 1

    def measured(self, inner: CrossReference) -> CrossReference:
        """Return the cross-reference, each look-up of which is counted."""
        return _MeasuredCrossReference(inner, self)

    def found(self, subjects: Sequence[Subject | None], seconds: float) -> None:
        """Count look-ups that were answered together."""
        unknown = subjects.count(None)
        self._counts[_UNKNOWN] += unknown
        self._counts[_FOUND] += len(subjects) - unknown
        self._durations.record(_NO_LABELS, seconds)

    def failed(self, lookups: int, seconds: float) -> None:
        """Count look-ups that could not be answered."""
        self._counts[_FAILED] += lookups
        self._durations.record(_NO_LABELS, seconds)

    def read(self) -> Sequence[Reading]:
        """Return what was counted."""
        return self._counts.read(catalog.LOOKUPS), self._durations.read()


class _MeasuredCrossReference:
    def __init__(self, inner: CrossReference, lookups: LookUps) -> None:
        self._inner, self._lookups, self._clock = inner, lookups, lookups.clock

    async def resolve(self, lookup: Lookup) -> Subject | None:
        """Return who is meant: `resolve_many` of one."""
        return (await self.resolve_many([lookup]))[0]

    async def resolve_many(self, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        """Return who is meant by each look-up."""
        start = self._clock()
        try:
            subjects = await self._inner.resolve_many(lookups)
        except Exception:
            self._lookups.failed(len(lookups), self._clock() - start)
            raise
        self._lookups.found(subjects, self._clock() - start)
        return subjects


class Recording(Recorder, Protocol):
    """A recorder that knows how it does, whoever has it write: the engine's records are not all there are."""

    @property
    def lag(self) -> float:
        """Return for how many seconds records have been written that no anchor covers."""

    @property
    def failures(self) -> int:
        """Return how many records could not be written."""


class Records:
    """Measures how records are written of what was shown, and reads how the recorder does."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock, self._durations = clock, Timings(catalog.AUDIT_DURATION)
        self._recording: Recording | None = None

    def measured(self, inner: Recording) -> Recorder:
        """Return the recorder, each record of which is measured."""
        self._recording = inner
        return _MeasuredRecorder(inner, self)

    def took(self, seconds: float) -> None:
        """Take what a record took, whether it could be written or not."""
        self._durations.record(_NO_LABELS, seconds)

    def read(self) -> Sequence[Reading]:
        """Return what was counted; nothing, where nothing is recorded."""
        if self._recording is None:
            return ()
        failures = Reading(catalog.AUDIT_FAILURES, [(_NO_LABELS, self._recording.failures)])
        return self._durations.read(), failures, Reading(catalog.AUDIT_LAG, [(_NO_LABELS, self._recording.lag)])


class _MeasuredRecorder:
    def __init__(self, inner: Recorder, records: Records) -> None:
        self._inner, self._records, self._clock = inner, records, records.clock

    async def record(self, disclosure: Disclosure) -> None:
        """Write down what a request was shown. Raises AuditUnavailableError."""
        start = self._clock()
        try:
            await self._inner.record(disclosure)
        finally:
            self._records.took(self._clock() - start)
