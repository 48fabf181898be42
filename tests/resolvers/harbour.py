"""Sources in memory, a cross-reference in a dict, and the engine over them: what the tests of the engine ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key, SourceError
from adapters.crossref import LinkedKey, Lookup, Restriction, Subject
from adapters.matching import Ends, PageEnd, match_answers
from adapters.offers import Offer
from adapters.paging import first_slice, further_pages
from resolvers import Engine, Request
from schema.caller import Caller
from schema.deadline import Deadline
from schema.observer import NOBODY, Observer, Sent
from schema.reasons import Reason
from schema.views import View
from tests.resolvers import fleet
from tests.resolvers.fleet import Raw
from tests.resolvers.vessels import (
    CALLS,
    FLAGS,
    HEARD,
    LOGS,
    MODEL,
    NOTES,
    PORTS,
    SIGHTINGS,
    VESSELS,
    VOYAGES,
    view,
)

TIMED_OUT = SourceError(Reason.SOURCE_TIMEOUT)
FETCHED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class MemorySource:
    """An adapter whose source is a dict: offer -> key -> raw records. It keeps the batches that it was asked.

    `answers` stand in place of what the records say; `leaves_out` names keys that the answer does not hold. It raises
    `fails`, and waits for `gate` where there is one; `asked` is set when it is asked, `cancelled` counts what was cut.
    """

    source: str
    offers: Sequence[Offer]
    records: dict[str, dict[Key, list[Raw]]]
    batches: list[Batch] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    answers: dict[Key, Answer] = field(default_factory=dict)
    leaves_out: set[Key] = field(default_factory=set)
    fails: BaseException | None = None
    gate: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: int = 0

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        self.batches.append(batch)
        self.calls.append(call)
        self.asked.set()
        await self._wait()
        if self.fails is not None:
            raise self.fails
        answers: dict[Key, Answer] = {}
        for start in range(0, len(batch.keys), batch.offer.keys_a_call):
            answers.update(await self._paged(batch, batch.keys[start : start + batch.offer.keys_a_call], call))
        return {key: self.answers.get(key, answer) for key, answer in answers.items() if key not in self.leaves_out}

    async def _wait(self) -> None:
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def _paged(self, batch: Batch, keys: Sequence[Key], call: Call) -> dict[Key, Answer]:
        """The answers of one call, each with the pages that follow it."""
        answers = self._sent(replace(batch, slice=first_slice(batch)), keys, call)
        if not batch.offer.is_paged:
            return answers

        async def further(page: Batch) -> Answer:
            return self._sent(page, page.keys, call)[page.keys[0]]

        return {
            key: await further_pages(replace(batch, keys=(key,)), answer, further) for key, answer in answers.items()
        }

    def _sent(self, batch: Batch, keys: Sequence[Key], call: Call) -> dict[Key, Answer]:
        raws = [raw for key in keys for raw in self._records(batch, key)]
        failed = [one.reason for key in keys if isinstance(one := self.answers.get(key), SourceError)]
        event = Sent(self.source, batch.offer.name, batch.fields, len(keys), 0.001, failed[-1] if failed else None)
        call.observer.note(event)
        return match_answers(batch, keys, raws, FETCHED_AT, self._ends(batch) if batch.offer.is_paged else None)

    def _records(self, batch: Batch, key: Key) -> Sequence[Raw]:
        """What the source has of a key: of a list in pages one more than is asked, behind the cursor."""
        raws, given = self.records[batch.offer.name].get(key, ()), dict(batch.arguments)
        kept = [raw for raw in raws if "rough" not in given or raw["is_rough"] is given["rough"]]
        if batch.slice is None:
            return kept
        start = int(batch.slice.after or 0)
        return kept[start : start + batch.slice.first + 1]

    def _ends(self, batch: Batch) -> Ends:
        part = batch.slice
        assert part is not None
        start = int(part.after or 0)

        def end(_key: Key, raws: Sequence[Mapping[str, Any]]) -> PageEnd:
            page = raws[: part.first]
            return PageEnd(page, str(start + len(page)), len(raws) > part.first)

        return end

    async def aclose(self) -> None:
        """Nothing to give back."""


@dataclass
class MemoryCrossReference:
    """A cross-reference in a dict, which counts how often it is read."""

    subjects: dict[str, Subject]
    reads: int = 0

    async def resolve(self, lookup: Lookup) -> Subject | None:
        return (await self.resolve_many([lookup]))[0]

    async def resolve_many(self, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        self.reads += 1
        return [self._find(lookup) for lookup in lookups]

    def _find(self, lookup: Lookup) -> Subject | None:
        if lookup.source is None:
            return self.subjects.get(lookup.key)
        return next((one for one in self.subjects.values() if _has_key(one, lookup)), None)


def _has_key(subject: Subject, lookup: Lookup) -> bool:
    return any(linked.key == lookup.key for linked in subject.keys.get(lookup.source or "", ()))


def subject(name: str, *restricted: str, **keys: str | Sequence[str]) -> Subject:
    """A subject with its keys by source, and the coordinates that are restricted."""
    linked = {
        source: tuple(LinkedKey(key, f"link-{key}") for key in ([given] if isinstance(given, str) else given))
        for source, given in keys.items()
    }
    restrictions = (Restriction("test", frozenset(restricted)),) if restricted else ()
    return Subject(name, False, linked, restrictions)


def known(number: int, *restricted: str) -> Subject:
    """The vessel with this number: v1 to v3 are known to both sources, v4 to the registry alone."""
    if number == 4:
        return subject("v4", *restricted, registry="R4")
    return subject(f"v{number}", *restricted, registry=f"R{number}", sonar=f"S{number}")


@dataclass
class Harbour:
    """An engine over the tiny model, with everything that a test wants to look at."""

    registry: MemorySource
    sonar: MemorySource
    states: MemorySource
    ports: MemorySource
    logs: MemorySource
    notes: MemorySource
    crossref: MemoryCrossReference
    engine: Engine

    @property
    def sources(self) -> tuple[MemorySource, ...]:
        return (self.registry, self.sonar, self.states, self.ports, self.logs, self.notes)

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        through: View | None = None,
        seconds: float = 10,
        **more: Any,
    ) -> dict[str, Any]:
        """Answer a query through a view of everything, or another one."""
        request = Request(query, variables=variables or {}, **more)
        return await self.engine.answer(through or view(), request, Caller("bridge-desk"), Deadline.after(seconds))

    def explain(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self.engine.explain(view(), Request(query, variables=variables or {}))

    @property
    def batches(self) -> list[Batch]:
        return [batch for source in self.sources for batch in source.batches]

    @property
    def calls(self) -> dict[str, int]:
        """How many batches each source was asked."""
        return {one.source: len(one.batches) for one in self.sources if one.batches}


def harbour(subjects: Iterable[Subject] = (), *, observer: Observer = NOBODY) -> Harbour:
    """Four vessels and everything about them; `subjects` stand in place of the cross-reference's."""
    records = {"vessels": fleet.ships(), "calls": fleet.stays(), "sightings": fleet.sightings()}
    registry = MemorySource("registry", (VESSELS, CALLS, SIGHTINGS, VOYAGES), {**records, "voyages": fleet.voyages()})
    notes = MemorySource("notes", (NOTES,), {"notes": fleet.notes()})
    sonar = MemorySource("sonar", (HEARD,), {"heard": fleet.heard()})
    states = MemorySource("states", (FLAGS,), {"flags": fleet.flags()})
    ports = MemorySource("ports", (PORTS,), {"ports": fleet.ports()})
    logs = MemorySource("logs", (LOGS,), {"logs": fleet.logs()})
    crossref = MemoryCrossReference({one.customer_id: one for one in list(subjects) or map(known, range(1, 5))})
    engine = Engine(MODEL, [registry, sonar, states, ports, logs, notes], crossref, observer=observer)
    return Harbour(registry, sonar, states, ports, logs, notes, crossref, engine)
