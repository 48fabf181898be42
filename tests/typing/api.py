"""The public API as an organisation uses it, for the type checker alone: `mypy tests` fails where it no longer fits.

Nothing here runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, assert_type

import strawberry
from pydantic import AliasPath, BeforeValidator, Field
from starlette.types import ASGIApp

from adapters.adapter import Adapter, Batch, Call
from adapters.answers import Answer, Fault, Found, Gone, Key, Missing, Page, SourceError
from adapters.crossref import (
    Candidate,
    ChainReport,
    Change,
    CrossReference,
    Export,
    HistoryEntry,
    HkdfSecrets,
    KeyFormat,
    KeyMode,
    Linked,
    LoadReport,
    Lookup,
    PostgresCrossReference,
    Restriction,
    SourceSystem,
    SqliteCrossReference,
    StoredCrossReference,
    Subject,
    open_crossref,
)
from adapters.http import HttpAdapter, HttpOffer, InBody, InPath, InQuery, Told
from adapters.offers import KeyForm, Offer
from adapters.records import Inline, Record, Reference
from adapters.sql import KeyType, SqlAdapter, SqlOffer
from adapters.testing import AdapterContract, SeenCall, SourceUnderTest
from gateway.gateway import Gateway
from gateway.settings import Settings
from resolvers import Engine, Request
from schema.caller import Caller
from schema.customer import Customer, Segment
from schema.deadline import Deadline
from schema.directives import PersonalCategory, personal
from schema.directives import Subject as SubjectOf
from schema.lock import Lock, publish
from schema.model import Model
from schema.observer import Event, Observer, Sent
from schema.problems import Level, Problem
from schema.reasons import Reason
from schema.relay import Connection, listing
from schema.view_files import ViewFolder, load_views
from schema.views import View


@strawberry.type(directives=[SubjectOf(plural="vessels")])
class Vessel:
    """A model of an organisation's own."""

    id: strawberry.ID
    master: str | None = personal(PersonalCategory.IDENTIFYING)
    calls: Connection[PortCall] | None = listing()


@strawberry.type
class PortCall:
    port: str | None


class VesselName(Record):
    master: str | None


class VesselRecord(Record):
    name: Annotated[VesselName, Inline()]
    tonnage: Decimal | None = Field(validation_alias=AliasPath("size", "gross"))
    flag: Annotated[str, BeforeValidator(str.upper)]
    company: Annotated[str | None, Reference("lei")] = None


def rest_source() -> Adapter:
    by_query = HttpOffer(name="a", serves="Vessel", record=VesselRecord, key="id", path="/a", keys=InQuery("ids"))
    by_path = HttpOffer(name="b", serves="Vessel", record=VesselRecord, key=None, path="/b/{key}", keys=InPath())
    by_body = HttpOffer(
        name="c",
        serves="Vessel.calls",
        record=VesselRecord,
        key=AliasPath("meta", "id"),
        key_form=KeyForm.UPPER,
        path="/c",
        keys=InBody("inputs", each="id"),
        fields=InBody("properties"),
        absent=Page,
    )
    return HttpAdapter(
        "crm", "https://crm.example", [by_query, by_path, by_body], told=Told(trace="X-Trace"), timeout=1.5
    )


def sql_source(heard: list[str]) -> Adapter:
    offer = SqlOffer(
        name="a",
        serves="Vessel",
        record=VesselRecord,
        key="vessel_no",
        key_type=KeyType.INTEGER,
        table="fleet.vessel",
        absent=Missing,
    )
    return SqlAdapter("fleet", [offer], url="sqlite:///fleet.db", traced=heard.append)


class OwnAdapter:
    """A source with other habits: four members, and no base class."""

    def __init__(self) -> None:
        self.source = "own"
        self.offers: Sequence[Offer] = (Offer(name="a", serves="Vessel", record=VesselRecord, key="id"),)

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        assert_type(batch.keys, tuple[Key, ...])
        assert_type(call.deadline.remaining(), float)
        now = datetime.now(UTC)
        found: dict[Key, Answer] = {key: Found({"flag": "NL"}, now) for key in batch.keys}
        return found | {"gone": Gone(), "late": SourceError(Reason.SOURCE_TIMEOUT, "a constant text")}

    async def aclose(self) -> None:
        """Hold nothing."""


def an_answer_is_one_of_six(answer: Answer) -> str:
    match answer:
        case Found(record=record) if isinstance(record, Page):
            return str(len(record.items))
        case Found(record=record):
            assert not isinstance(record, Page)
            return str([name for name, value in record.items() if isinstance(value, Fault)])
        case SourceError(reason=reason):
            return assert_type(reason, Reason).remedy
    return type(answer).__name__


class Heard:
    """An observer."""

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            assert_type(event.seconds, float)


def gateways(crossref: SqliteCrossReference) -> Iterator[ASGIApp]:
    observer: Observer = Heard()
    adapters: list[Adapter] = [rest_source(), OwnAdapter()]
    yield Gateway(
        model=Customer, adapters=adapters, views="views", crossref="sqlite:///x.db", consumers="consumers.yaml"
    )
    yield Gateway(
        model=Vessel,
        adapters=adapters,
        views=Path("views"),
        crossref=crossref,
        consumers=Path("consumers.yaml"),
        settings=Settings(port=0),
        observer=observer,
    )


def checked(gateway: Gateway) -> list[str]:
    found = gateway.check()
    assert_type(found.errors, Sequence[Problem])
    return [problem.mend for problem in found.problems if problem.level is Level.NOTE]


async def opened(gateway: Gateway, caller: Caller) -> None:
    async with gateway.running() as service:
        assert_type(service.engine, Engine)
        view = service.view(caller, "support-call", None)
        request = Request("{ customer(by: {id: 1}) { id } }", variables={"by": {"id": "cus_1"}})
        answer = await service.engine.answer(view, request, caller, Deadline.after(1.0))
        assert answer["data"] is not None


async def cross_reference(opened: SqliteCrossReference) -> None:
    reads: CrossReference = opened
    await opened.register_source(SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED, max_live=1), actor="load")
    restrictions = {Lookup("crm", "7"): [Restriction("gdpr-18", frozenset({"Customer.accounts"}))]}
    report = await opened.load([(None, {"crm": ["7"]}), ("cus_1", {})], actor="load", restrictions=restrictions)
    assert_type(report, LoadReport)
    assert_type(await reads.resolve(Lookup(None, "cus_1")), Subject | None)
    assert_type(await opened.link("crm", "7", asserted_by="clerk"), Linked)


async def cross_reference_anywhere(secrets: HkdfSecrets) -> None:
    async with open_crossref("postgresql://me@host/db", tenant="a", secrets=secrets, migrate=False) as opened:
        assert_type(opened, StoredCrossReference)
        assert_type(await opened.verify_chain(), ChainReport)
        assert_type(await opened.verify(), ChainReport)
    assert_type(await PostgresCrossReference.open("postgresql://me@host/db", connections=4), PostgresCrossReference)


async def what_a_cross_reference_tells(crossref: StoredCrossReference) -> None:
    """The past, a history, an export, the change feed and candidates."""
    then = datetime(2026, 1, 1, tzinfo=UTC)
    assert_type(await crossref.resolve_many([Lookup("crm", "C-1")], as_of=then), Sequence[Subject | None])
    assert_type(await crossref.history("cus_1", after=0, limit=10), Sequence[HistoryEntry])
    assert_type(await crossref.export(Lookup("crm", "C-1")), Export | None)
    assert_type(await crossref.changes(0), Sequence[Change])
    async for change in crossref.follow(0):
        assert_type(change, Change)
    for candidate in await crossref.candidates("open"):
        assert_type(candidate, Candidate)
        assert_type(await crossref.accept(candidate.candidate_id, actor="anna"), Linked)
        assert_type(await crossref.reject(candidate.candidate_id, non_match=True, actor="anna"), Linked)


def views(folder: Path) -> list[View]:
    assert_type(load_views(folder), ViewFolder)
    assert_type(publish(folder, "support-call@1"), Lock)
    model = Model(Customer)
    assert_type(model.sdl(), str)
    words: dict[str, Segment] = {segment.value: segment for segment in Segment}
    assert words
    return [loaded.view for loaded in load_views(folder).views if "Customer.name" in loaded.view.fields]


class VesselUnderTest(SourceUnderTest):
    def __init__(self) -> None:
        self.adapter = OwnAdapter()
        self.offer = self.adapter.offers[0]

    async def put(self, keys: Sequence[Key]) -> None:
        """Hold them."""

    def facts(self, key: Key) -> Mapping[str, object]:
        return {"flag": key}

    async def seen(self) -> Sequence[SeenCall]:
        return [SeenCall(1, frozenset({"flag"}))]


class ContractOfVessels(AdapterContract):
    @asynccontextmanager
    async def under_test(self) -> AsyncIterator[SourceUnderTest]:
        yield VesselUnderTest()
