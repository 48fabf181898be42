"""A second, tiny model of another domain, with sources in memory: the engine must know nothing of customers.

Vessel   registry: name, callSign, kind, size, flag (a key of states), owners    own keys R1 ...
         registry: portCalls(since:, of:)                                          "
         sonar: draught, heardUnder (a key of states), log (a key of logs)         own keys S1 ...
Port     ports: name, flag (a key of states)                                       reached by portCalls
Flag     states: code, state                                                       reached by four ways
LogEntry logs                                                                      a list reached by its key
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
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
from schema.observer import NOBODY, Observer, Sent
from schema.reasons import Reason
from schema.relay import listing
from schema.views import View


@strawberry.enum
class Kind(Enum):
    """What a vessel is made for."""

    TANKER = "tanker"
    """Liquids."""
    FERRY = "ferry"
    """People and cars."""


@strawberry.input
class Stay:
    """How long a stay was."""

    least_days: int
    """At least so many days."""


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
class Owner:
    """One of those who own a vessel."""

    name: str | None
    """The owner's name."""
    share: Decimal | None
    """The owner's part, of 1."""
    home: Flag | None
    """Where the owner is at home."""


@strawberry.type
class Port:
    """A harbour."""

    name: str | None
    """The port's name."""
    flag: Flag | None
    """The state it lies in."""


@strawberry.type
class PortCall:
    """One stay in a port."""

    port: Port | None
    """The port."""
    on: date | None
    """The day of arrival."""


@strawberry.type
class LogEntry:
    """One line in a vessel's log."""

    line: str | None
    """What was written."""


class PortCallsBy:
    since: date | None = None
    """Only stays from this day on."""
    of: Stay | None = None
    """Only stays like this."""
    in_kinds: list[Kind] | None = None
    """Only stays as one of these."""
    info: str | None = None
    """A remark that the source wants."""


@strawberry.type(directives=[SubjectMark(plural="vessels")])
class Vessel:
    """A ship."""

    id: strawberry.ID
    """The canonical id."""
    name: str | None
    """The vessel's name."""
    call_sign: str | None
    """The radio call sign."""
    kind: Kind | None
    """What it is made for."""
    size: Size | None
    """How large the vessel is."""
    flag: Flag | None
    """The flag under which it sails."""
    owners: list[Owner | None] | None
    """Who owns it."""
    port_calls: list[PortCall] | None = listing(PortCallsBy)  # type: ignore[arg-type]
    """Where it has been."""
    draught: int | None
    """The draught in centimetres."""
    heard_under: Flag | None
    """The flag that it tells by radio."""
    log: list[LogEntry] | None
    """What happened on board."""


class SizeRecord(Record):
    length: int | None = Field(validation_alias="loa")
    beam: int | None = Field(validation_alias="beam")


class OwnerRecord(Record):
    name: str | None
    share: Decimal | None
    home: Annotated[str | None, Reference("flag")]


class VesselRecord(Record):
    name: str | None = Field(validation_alias="ship_name")
    call_sign: str | None
    kind: Kind | None
    size: Annotated[SizeRecord, Inline()]
    flag: Annotated[str | None, Reference("flag")] = Field(validation_alias="flag_code")
    owners: list[OwnerRecord] | None


class HeardRecord(Record):
    draught: int | None
    heard_under: Annotated[str | None, Reference("flag")]
    log: Annotated[str | None, Reference("logbook")]


class FlagRecord(Record):
    code: str | None
    state: str | None


class PortCallRecord(Record):
    port: Annotated[str | None, Reference("port")]
    on: date | None


class PortRecord(Record):
    name: str | None
    flag: Annotated[str | None, Reference("flag")]


class LogRecord(Record):
    line: str | None


VESSELS = Offer(name="vessels", serves="Vessel", record=VesselRecord, key="imo", absent=Missing)
CALLS = Offer(name="calls", serves="Vessel.portCalls", record=PortCallRecord, key="imo", absent=Page)
HEARD = Offer(name="heard", serves="Vessel", record=HeardRecord, key="mmsi", max_batch=2)
FLAGS = Offer(name="flags", serves="Flag", record=FlagRecord, key="code", keyspace="flag", absent=Missing)
PORTS = Offer(name="ports", serves="Port", record=PortRecord, key="locode", keyspace="port", absent=Missing)
LOGS = Offer(name="logs", serves="Vessel.log", record=LogRecord, key="book", keyspace="logbook", absent=Page)

MODEL = Model(Vessel)
FIELDS = tuple(MODEL.coordinates)
ARGUMENTS = tuple(f"{one}({argument}:)" for one, about in MODEL.coordinates.items() for argument in about.arguments)
TIMED_OUT = SourceError(Reason.SOURCE_TIMEOUT)
FETCHED_AT = datetime(2026, 1, 1, tzinfo=UTC)

Raw = dict[str, Any]


def view(**changes: Any) -> View:
    """A view of everything, with generous limits, changed as said."""
    limits = {"customers": 100, "deadline_ms": 1000, "calls": 1000, "tokens": 500} | changes.pop("limits", {})
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
        "lookups": ["id", "registry", "sonar"],
        "fields": dict.fromkeys((*FIELDS, *ARGUMENTS)),
        "limits": limits,
        "receipt": "fields",
    }
    return View.model_validate(declared | changes)


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
        for start in range(0, len(batch.keys), batch.offer.max_batch):
            answers.update(self._sent(batch, batch.keys[start : start + batch.offer.max_batch], call))
        return {key: self.answers.get(key, answer) for key, answer in answers.items() if key not in self.leaves_out}

    async def _wait(self) -> None:
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def _sent(self, batch: Batch, keys: Sequence[Key], call: Call) -> dict[Key, Answer]:
        raws = [raw for key in keys for raw in self.records[batch.offer.name].get(key, ())]
        failed = [one.reason for key in keys if isinstance(one := self.answers.get(key), SourceError)]
        event = Sent(self.source, batch.offer.name, batch.fields, len(keys), 0.001, failed[-1] if failed else None)
        call.observer.sent(event)
        return match_answers(batch, keys, raws, FETCHED_AT)

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
    crossref: MemoryCrossReference
    engine: Engine

    @property
    def sources(self) -> tuple[MemorySource, ...]:
        return (self.registry, self.sonar, self.states, self.ports, self.logs)

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
    registry = MemorySource("registry", (VESSELS, CALLS), {"vessels": _ships(), "calls": _stays()})
    sonar = MemorySource("sonar", (HEARD,), {"heard": _heard()})
    states = MemorySource("states", (FLAGS,), {"flags": _flags()})
    ports = MemorySource("ports", (PORTS,), {"ports": _ports()})
    logs = MemorySource("logs", (LOGS,), {"logs": {"L1": [{"book": "L1", "line": line} for line in ("Fog", "Sun")]}})
    crossref = MemoryCrossReference({one.customer_id: one for one in list(subjects) or map(known, range(1, 5))})
    engine = Engine(MODEL, [registry, sonar, states, ports, logs], crossref, observer=observer)
    return Harbour(registry, sonar, states, ports, logs, crossref, engine)


def _flags() -> dict[Key, list[Raw]]:
    states = {"NL": "Netherlands", "NO": "Norway", "PA": "Panama"}
    return {code: [{"code": code, "state": state}] for code, state in states.items()}


def _ships() -> dict[Key, list[Raw]]:
    owners = {"R1": [_owner("Smit", "0.25", "NL"), _owner("Dahl", "0.75", "NO")], "R2": []}
    named = (("R1", "Anna", "NL"), ("R2", "Berta", "NO"), ("R3", "Clara", "NL"), ("R4", "Dora", None))
    return {
        key: [
            {
                "imo": key,
                "ship_name": name,
                "call_sign": f"{name}-1",
                "kind": "ferry" if key == "R2" else "tanker",
                "loa": 90,
                "beam": 12,
                "flag_code": flag,
                "owners": owners.get(key),
            }
        ]
        for key, name, flag in named
    }


def _owner(name: str, share: str, home: str) -> Raw:
    return {"name": name, "share": share, "home": home}


def _stays() -> dict[Key, list[Raw]]:
    stays = (("R1", "NLRTM", "2026-01-01"), ("R1", "NOBGO", "2026-02-01"), ("R2", "NLRTM", "2026-03-01"))
    found: dict[Key, list[Raw]] = {}
    for key, port, day in stays:
        found.setdefault(key, []).append({"imo": key, "port": port, "on": day})
    return found


def _heard() -> dict[Key, list[Raw]]:
    heard = (("S1", 301, "NL", "L1"), ("S2", 302, "PA", None), ("S3", 303, "NL", "L3"))
    return {
        key: [{"mmsi": key, "draught": draught, "heard_under": flag, "log": log}] for key, draught, flag, log in heard
    }


def _ports() -> dict[Key, list[Raw]]:
    ports = (("NLRTM", "Rotterdam", "NL"), ("NOBGO", "Bergen", "NO"))
    return {key: [{"locode": key, "name": name, "flag": flag}] for key, name, flag in ports}
