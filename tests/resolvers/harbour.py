"""A second, tiny model of another domain, with sources in memory: the engine must know nothing of customers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any

import strawberry
from pydantic import Field

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key, Missing, Page, SourceError
from adapters.crossref import LinkedKey, Lookup, Restriction, Subject
from adapters.matching import match_answers
from adapters.offers import Offer
from adapters.records import Inline, Record, Reference
from resolvers import Engine, Request
from schema.caller import Caller
from schema.deadline import Deadline
from schema.directives import Subject as SubjectMark
from schema.model import Model
from schema.observer import Sent
from schema.reasons import Reason
from schema.views import View


@strawberry.type
class Flag:
    """The flag under which a vessel sails."""

    code: str | None
    """The flag state's code."""
    state: str | None
    """The flag state's name."""


@strawberry.type
class Size:
    """How large a vessel is."""

    length: int | None
    """Length in metres."""
    beam: int
    """Beam in metres; every vessel has one."""


@strawberry.type
class PortCall:
    """One stay in a port."""

    port: str | None
    """The port's name."""
    on: date | None
    """The day of arrival."""


@strawberry.type(directives=[SubjectMark(plural="vessels")])
class Vessel:
    """A ship."""

    id: strawberry.ID
    """The canonical id."""
    name: str | None
    """The vessel's name."""
    call_sign: str | None
    """The radio call sign."""
    size: Size | None
    """How large the vessel is."""
    flag: Flag | None
    """The flag under which it sails."""
    port_calls: list[PortCall] | None
    """Where it has been."""
    draught: int | None
    """The draught in centimetres."""


class SizeRecord(Record):
    length: int | None = Field(validation_alias="loa")
    beam: int | None = Field(validation_alias="beam")


class VesselRecord(Record):
    name: str | None = Field(validation_alias="ship_name")
    call_sign: str | None
    size: Annotated[SizeRecord, Inline()]
    flag: Annotated[str | None, Reference("flag")] = Field(validation_alias="flag_code")


class DraughtRecord(Record):
    draught: int | None


class FlagRecord(Record):
    code: str | None
    state: str | None


class PortCallRecord(Record):
    port: str | None
    on: date | None


FIELDS = (
    "Vessel.id Vessel.name Vessel.callSign Vessel.size Vessel.flag Vessel.portCalls Vessel.draught "
    "Size.length Size.beam Flag.code Flag.state PortCall.port PortCall.on"
).split()


def view(**changes: Any) -> View:
    """A view of everything, with generous limits, changed as said."""
    declared: dict[str, Any] = {
        "name": "bridge",
        "version": 1,
        "title": "Bridge",
        "description": "What the bridge sees.",
        "owner": "Harbour master",
        "review_by": "2030-01-01",
        "purpose": {"dpv": "CustomerCare"},
        "lawful_basis": {"gdpr": "A6-1-b"},
        "consumers": ["bridge-desk"],
        "lookups": ["id", "registry"],
        "fields": dict.fromkeys(FIELDS),
        "limits": {"customers": 100, "deadline_ms": 1000, "calls": 100, "tokens": 500},
        "receipt": "fields",
    }
    return View.model_validate(declared | changes)


@dataclass
class MemorySource:
    """An adapter whose source is a dict of raw records; it keeps the batches that it was asked."""

    source: str
    offers: Sequence[Offer]
    records: dict[str, list[dict[str, Any]]]
    batches: list[Batch] = field(default_factory=list)
    answers: dict[Key, Answer] = field(default_factory=dict)
    fails: Exception | None = None
    slow: asyncio.Event | None = None

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        self.batches.append(batch)
        if self.fails is not None:
            raise self.fails
        if self.slow is not None:
            await self.slow.wait()
        raws = [raw for key in batch.keys for raw in self.records.get(key, ())]
        call.observer.sent(Sent(self.source, batch.offer.name, batch.fields, len(batch.keys), 0.001))
        return match_answers(batch, batch.keys, raws, datetime(2026, 1, 1, tzinfo=UTC)) | {
            key: answer for key, answer in self.answers.items() if key in batch.keys
        }

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


@dataclass
class Harbour:
    """An engine over the tiny model, with everything that a test wants to look at."""

    registry: MemorySource
    sonar: MemorySource
    states: MemorySource
    crossref: MemoryCrossReference
    engine: Engine

    async def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, *, through: View | None = None, **more: Any
    ) -> dict[str, Any]:
        """Answer a query through a view of everything, or another one."""
        request = Request(query, variables=variables or {}, **more)
        return await self.engine.answer(through or view(), request, Caller("bridge-desk"), Deadline.after(0.5))

    @property
    def calls(self) -> dict[str, int]:
        """How many batches each source was asked."""
        return {one.source: len(one.batches) for one in (self.registry, self.sonar, self.states) if one.batches}


def registry() -> MemorySource:
    vessel = Offer(name="vessels", serves="Vessel", record=VesselRecord, key="imo", absent=Missing)
    calls = Offer(name="calls", serves="Vessel.portCalls", record=PortCallRecord, key="imo", absent=Page)
    ships = {
        key: [{"imo": key, "ship_name": name, "call_sign": f"{name}-1", "loa": 90, "beam": 12, "flag_code": flag}]
        for key, name, flag in (
            ("R1", "Anna", "NL"),
            ("R2", "Berta", "NO"),
            ("R3", "Clara", "NL"),
            ("R4", "Dora", None),
        )
    }
    ships["R1"].append({"imo": "R1", "port": "Rotterdam", "on": "2026-01-01"})
    return MemorySource("registry", (vessel, calls), ships)


def harbour(subjects: Iterable[Subject] = ()) -> Harbour:
    """Three vessels known to both sources, their flags in a third, found by the code that the registry holds."""
    in_registry = registry()
    port_calls = [ships.pop() for ships in in_registry.records.values() if len(ships) > 1]
    lists = MemoryLists(in_registry, port_calls)
    draughts = {key: [{"mmsi": key, "draught": 300 + place}] for place, key in enumerate(("S1", "S2", "S3"))}
    sonar = MemorySource(
        "sonar", (Offer(name="draughts", serves="Vessel", record=DraughtRecord, key="mmsi"),), draughts
    )
    flags = {code: [{"code": code, "state": state}] for code, state in (("NL", "Netherlands"), ("NO", "Norway"))}
    flag = Offer(name="flags", serves="Flag", record=FlagRecord, key="code", keyspace="flag", absent=Missing)
    states = MemorySource("states", (flag,), flags)
    known = list(subjects) or [
        subject(f"v{n}", registry=f"R{n}", sonar=f"S{n}") if n < 4 else subject(f"v{n}", registry=f"R{n}")
        for n in range(1, 5)
    ]
    crossref = MemoryCrossReference({one.customer_id: one for one in known})
    engine = Engine(Model(Vessel), [lists, sonar, states], crossref)
    return Harbour(lists, sonar, states, crossref, engine)


class MemoryLists(MemorySource):
    """The registry, whose list offer has records of its own."""

    def __init__(self, plain: MemorySource, port_calls: Sequence[dict[str, Any]]) -> None:
        super().__init__(plain.source, plain.offers, plain.records)
        self.port_calls = list(port_calls)

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        if not batch.offer.is_list:
            return await super().fetch(batch, call)
        rows, self.records = self.records, {}
        for row in self.port_calls:
            self.records.setdefault(row["imo"], []).append(row)
        try:
            return await super().fetch(batch, call)
        finally:
            self.records = rows


TIMED_OUT = SourceError(Reason.SOURCE_TIMEOUT)
