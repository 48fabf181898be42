"""A second, tiny model of another domain, with sources in memory: the engine must know nothing of customers.

Vessel   registry: name, callSign, kind, size, flag (a key of states), owners    own keys R1 ...
         registry: cargo (Container or Tank), track (a list of lists)              "
         registry: voyages(rough:), in pages, several keys a call                  "
         registry: sightings (RadarSighting or PhotoSighting)                      "
         registry: portCalls(since:, of:)                                          "
         sonar: draught, heardUnder (a key of states), log (a key of logs)         own keys S1 ...
Port     ports: name, flag (a key of states)                                       reached by portCalls
Flag     states: code, state                                                       reached by four ways
LogEntry logs                                                                      a list reached by its key
Note     notes                                                                     in pages, one key a call, by its key
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry
from pydantic import Field

from adapters.answers import Missing, Page
from adapters.offers import Offer
from adapters.records import Inline, Record, Reference
from schema.directives import Subject as SubjectMark
from schema.model import Model
from schema.relay import Connection, Forward, On, listing
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


@strawberry.type
class Container:
    """A box of goods."""

    label: str | None
    """What is written on it."""
    home: Flag | None
    """Where it comes from."""


@strawberry.type
class Tank:
    """A vessel's tank."""

    litres: int
    """What is in it; every tank is measured."""


Cargo = Annotated[Container | Tank, strawberry.union("Cargo", description="What is carried.")]


@strawberry.interface
class Sighting:
    """Somebody's having seen the vessel."""

    on: date | None
    """The day."""


@strawberry.type
class RadarSighting(Sighting):
    """A sighting by radar."""

    range: int | None
    """How far away, in metres."""


@strawberry.type
class PhotoSighting(Sighting):
    """A sighting in a picture."""

    seen_under: Flag | None
    """The flag in the picture."""


@strawberry.type
class Note:
    """A remark."""

    text: str | None
    """What it says."""


@strawberry.type
class Voyage:
    """A journey."""

    number: int | None
    """Its number."""
    is_rough: bool | None
    """Whether the sea was rough."""
    notes: Connection[Note] | None = listing()
    """What was remarked."""


class VoyagesBy(Forward):
    rough: Annotated[bool | None, On("is_rough")] = None
    """Only rough ones, or none of them."""


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
    cargo: list[Cargo | None] | None
    """What it carries."""
    track: list[list[int]] | None
    """Where it went, place by place."""
    sightings: list[Sighting | None] | None
    """Who has seen it."""
    voyages: Connection[Voyage] | None = listing(VoyagesBy)
    """Its journeys."""


class SizeRecord(Record):
    length: int | None = Field(validation_alias="loa")
    beam: int | None = Field(validation_alias="beam")


class OwnerRecord(Record):
    name: str | None
    share: Decimal | None
    home: Annotated[str | None, Reference("flag")]


class CargoRecord(Record, told_by="is"):
    pass


class ContainerRecord(CargoRecord, told_as="box", type_name="Container"):
    label: str | None
    home: Annotated[str | None, Reference("flag")]


class TankRecord(CargoRecord, told_as="tank", type_name="Tank"):
    litres: int | None


class VesselRecord(Record):
    name: str | None = Field(validation_alias="ship_name")
    call_sign: str | None
    kind: Kind | None
    size: Annotated[SizeRecord, Inline()]
    flag: Annotated[str | None, Reference("flag")] = Field(validation_alias="flag_code")
    owners: list[OwnerRecord] | None
    cargo: list[CargoRecord | None] | None
    track: list[list[int]] | None


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


class SightingRecord(Record, told_by="by"):
    on: date | None


class RadarRecord(SightingRecord, told_as="radar", type_name="RadarSighting"):
    range: int | None


class PhotoRecord(SightingRecord, told_as="photo", type_name="PhotoSighting"):
    seen_under: Annotated[str | None, Reference("flag")]


class VoyageRecord(Record):
    number: int | None
    is_rough: bool | None
    notes: Annotated[str | None, Reference("notebook")]


class NoteRecord(Record):
    text: str | None


class Voyages(Offer):
    """A list that can be filtered."""

    @property
    def takes(self) -> frozenset[str]:
        return frozenset({"rough"})


VESSELS = Offer(name="vessels", serves="Vessel", record=VesselRecord, key="imo", absent=Missing)
CALLS = Offer(name="calls", serves="Vessel.portCalls", record=PortCallRecord, key="imo", absent=Page)
HEARD = Offer(name="heard", serves="Vessel", record=HeardRecord, key="mmsi", max_batch=2)
FLAGS = Offer(name="flags", serves="Flag", record=FlagRecord, key="code", keyspace="flag", absent=Missing)
PORTS = Offer(name="ports", serves="Port", record=PortRecord, key="locode", keyspace="port", absent=Missing)
LOGS = Offer(name="logs", serves="Vessel.log", record=LogRecord, key="book", keyspace="logbook", absent=Page)
SIGHTINGS = Offer(name="sightings", serves="Vessel.sightings", record=SightingRecord, key="imo", absent=Page)
VOYAGES = Voyages(
    name="voyages",
    serves="Vessel.voyages",
    record=VoyageRecord,
    key="imo",
    absent=Page,
    max_page=3,
    limits_per_key=True,
)
NOTES = Offer(
    name="notes", serves="Voyage.notes", record=NoteRecord, key="book", keyspace="notebook", absent=Page, max_page=2
)

MODEL = Model(Vessel, types=[RadarSighting, PhotoSighting])
FIELDS = tuple(one for one, about in MODEL.coordinates.items() if not MODEL.is_plumbing(about.type_name))
ARGUMENTS = tuple(f"{one}({argument}:)" for one, about in MODEL.coordinates.items() for argument in about.arguments)


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
