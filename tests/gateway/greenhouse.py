"""A small gateway of another domain, with sources in memory and declarations in a folder of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx
import strawberry

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key, Missing, Page
from adapters.crossref import LinkedKey, Lookup, Subject
from adapters.matching import match_answers
from adapters.offers import Offer
from adapters.records import Record, Reference
from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.directives import Personal, PersonalCategory
from schema.directives import Subject as SubjectMark
from schema.lock import Lock, publish
from schema.observer import Sent

GARDENER = "cv_" + "g" * 43
INSPECTOR = "cv_" + "i" * 43
FLORIST = "cv_" + "f" * 43
STRANGER = "cv_" + "x" * 43

DESK = "https://desk.example"
SHOP = "https://shop.example:8443"
"""Where pages of the inspector and of the florist come from."""

KNOWN_AS = "request-1"
"""The id that the greenhouse's clients give to requests."""

ALWAYS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "Origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""The headers of every answer, but for its request's id."""

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@strawberry.type
class Bed:
    """Where it stands."""

    moisture: int | None
    """How wet it is, in per cent."""
    acidity: float | None
    """How sour it is."""


@strawberry.type
class Pest:
    """What eats it."""

    species: str | None
    """Which animal."""


@strawberry.type(directives=[SubjectMark(plural="plants")])
class Plant:
    """What grows."""

    id: strawberry.ID
    """The canonical id."""
    label: str | None
    """What it is called."""
    height: int | None
    """How tall it is, in centimetres."""
    bed: Bed | None
    """Where it stands."""
    pests: list[Pest] | None
    """What eats it."""
    provenance: str | None = strawberry.field(directives=[Personal(category=PersonalCategory.CONTACT)])
    """Who brought it."""


class PlantRecord(Record):
    label: str | None
    height: int | None
    bed: Annotated[str | None, Reference("bed")]
    provenance: str | None


class PestRecord(Record):
    species: str | None


class BedRecord(Record):
    moisture: int | None
    acidity: float | None


@dataclass(eq=False)
class Source:
    """An adapter whose source is a dict of raw records; it keeps the batches that it was asked."""

    source: str
    offers: Sequence[Offer]
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    answers: dict[Key, Answer] = field(default_factory=dict)
    hangs: bool = False
    running: int = 0
    closed: int = 0

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Answer from the dict."""
        self.batches.append(batch)
        self.running += 1
        try:
            if self.hangs:
                await asyncio.Event().wait()
            call.observer.note(Sent(self.source, batch.offer.name, batch.fields, len(batch.keys), 0.001))
            raws = [raw for key in batch.keys for raw in self.records.get(key, ())]
            found = match_answers(batch, batch.keys, raws, NOW)
            return {key: self.answers.get(key, answer) for key, answer in found.items()}
        finally:
            self.running -= 1

    async def aclose(self) -> None:
        """Count how often it is closed."""
        self.closed += 1


@dataclass
class Table:
    """A cross-reference in a dict, which counts how often it is read."""

    subjects: dict[str, Subject] = field(default_factory=dict)
    reads: int = 0
    raises: Exception | None = None
    hangs: bool = False

    async def resolve(self, lookup: Lookup) -> Subject | None:
        """Return one subject."""
        return (await self.resolve_many([lookup]))[0]

    async def resolve_many(self, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        """Return subjects by canonical id or key."""
        self.reads += 1
        if self.raises is not None:
            raise self.raises
        if self.hangs:
            await asyncio.Event().wait()
        return [self.subjects.get(lookup.key.removeprefix("N-")) for lookup in lookups]


def plant(name: str) -> Subject:
    """A plant that the nursery knows."""
    return Subject(name, False, {"nursery": (LinkedKey(f"N-{name}", f"link-{name}"),)})


def nursery() -> Source:
    """The source that knows plants and their pests."""
    plants = Offer(name="plants", serves="Plant", record=PlantRecord, key="number", absent=Missing)
    pests = Offer(name="pests", serves="Plant.pests", record=PestRecord, key="number", absent=Page)
    rows = {
        f"N-{name}": [
            {"number": f"N-{name}", "label": label, "height": 10, "bed": "B1", "provenance": "Ada", "species": "aphid"}
        ]
        for name, label in (("p1", "Fern"), ("p2", "Moss"), ("p3", "Ivy"))
    }
    return Source("nursery", (plants, pests), rows)


def soil() -> Source:
    """The source that knows beds."""
    beds = Offer(name="beds", serves="Bed", record=BedRecord, key="code", keyspace="bed", absent=Missing)
    return Source("soil", (beds,), {"B1": [{"code": "B1", "moisture": 40, "acidity": 6.5}]})


VIEW = """\
name: {name}
version: {version}
title: {name}
description: What is wanted in the greenhouse.
owner: Head gardener
review_by: 2090-01-01
purpose: {{dpv: CustomerCare}}
lawful_basis: {{gdpr: A6-1-b}}
consumers: [{consumers}]
lookups: [{lookups}]
fields:
{fields}
limits: {{customers: 5, deadline_ms: {deadline}, calls: 10, tokens: 300}}
receipt: {receipt}
introspection: {introspection}
identifiers: [{identifiers}]
"""


def write_view(
    folder: Path,
    view_id: str,
    *fields: str,
    consumers: str = "gardener",
    lookups: str = "id, nursery",
    identifiers: str = "",
    deadline: int = 5_000,
    receipt: str = "sources",
    introspection: str = "everyone",
    published: bool = True,
) -> None:
    """Write a view's file and publish it. A field may come with its rule: `Plant.label: {mask: all}`."""
    name, _, version = view_id.partition("@")
    listed = "\n".join(f"  {one}" if one.endswith("}") else f"  {one}:" for one in fields or ("Plant.label",))
    text = VIEW.format(
        name=name,
        version=version,
        consumers=consumers,
        lookups=lookups,
        identifiers=identifiers,
        fields=listed,
        deadline=deadline,
        receipt=receipt,
        introspection=introspection,
    )
    (folder / f"{view_id}.yaml").write_text(text)
    if published:
        publish_view(folder, view_id)


def publish_view(folder: Path, view_id: str) -> None:
    """Publish a view that is written; a text is read once in a process, for that takes longer than most tests."""
    lock = Lock.read(folder)
    digest = _digest(view_id, (folder / f"{view_id}.yaml").read_text())
    replace(lock, digests={**lock.digests, view_id: digest}).write()


@cache
def _digest(view_id: str, text: str) -> str:
    with TemporaryDirectory() as name:
        (Path(name) / f"{view_id}.yaml").write_text(text)
        return publish(Path(name), view_id).digests[view_id]


def write_consumers(path: Path, **views: str) -> Path:
    """Write the file of consumers; the views of each as text in YAML's form."""
    tokens = {"gardener": GARDENER, "inspector": INSPECTOR, "florist": FLORIST}
    more = {"inspector": f"  origins: ['{DESK}']\n", "florist": f"  roles: [developer]\n  origins: ['{SHOP}']\n"}
    path.write_text(
        "".join(
            f"- name: {name}\n  token_sha256: {sha256(tokens[name].encode()).hexdigest()}\n  views: [{listed}]\n"
            f"{more.get(name, '')}"
            for name, listed in views.items()
        )
    )
    return path


def write_all(folder: Path) -> tuple[Path, Path]:
    """Write views for two consumers, unless they stand there, and return their folder and the file of consumers."""
    views = folder / "views"
    if views.exists():
        return views, folder / "consumers.yaml"
    views.mkdir()
    write_view(views, "watering@1", "Plant.label", consumers="gardener, inspector")
    write_view(views, "watering@2", "Plant.id", "Plant.label", "Plant.height", "Plant.bed", "Bed.moisture")
    write_view(views, "watering@3", "Plant.label", published=False)
    write_view(views, "pests@1", "Plant.label", "Plant.pests", "Pest.species", consumers="inspector", receipt="fields")
    write_view(views, "pruning@1", "Plant.height", consumers="gardener, inspector", receipt="none")
    write_view(views, "pruning@2", "Plant.height", "Plant.label", consumers="inspector")
    write_view(views, "feeding@1", "Plant.label", consumers="gardener, inspector, florist")
    write_view(views, "hurry@1", "Plant.id", "Plant.label", "Plant.bed", "Bed.moisture", deadline=300)
    consumers = write_consumers(
        folder / "consumers.yaml",
        gardener="watering, pruning, hurry",
        inspector="watering@1, pests, pruning@2, feeding",
        florist="feeding@1",
    )
    return views, consumers


@dataclass
class Greenhouse:
    """A gateway, with everything that a test wants to look at."""

    gateway: Gateway
    nursery: Source
    soil: Source
    table: Table

    @property
    def calls(self) -> int:
        """How many batches the sources were asked."""
        return len(self.nursery.batches) + len(self.soil.batches)

    @property
    def is_untouched(self) -> bool:
        """Whether neither the cross-reference nor a source was asked."""
        return (self.table.reads, self.calls) == (0, 0)

    def client(self, token: str | None = GARDENER, **headers: str) -> httpx.AsyncClient:
        """A client of the gateway without a socket, with a token."""
        bearer = {"x-request-id": KNOWN_AS} | ({} if token is None else {"authorization": f"Bearer {token}"})
        transport = httpx.ASGITransport(self.gateway)
        return httpx.AsyncClient(transport=transport, base_url="http://greenhouse", headers={**bearer, **headers})

    async def post(
        self, body: Any, *, to: str = "watering", token: str | None = GARDENER, **headers: str
    ) -> httpx.Response:
        """Send a request; bytes and streams of bytes as they are, anything else as JSON."""
        is_raw = isinstance(body, bytes) or hasattr(body, "__aiter__")
        content = {"content": body} if is_raw else {"json": body}
        given = {"content-type": "application/json"} | {name.replace("_", "-"): one for name, one in headers.items()}
        async with self.client(token) as client:
            return await client.post(f"/views/{to}/graphql", headers=given, **content)


def greenhouse(
    folder: Path, *, settings: Settings | None = None, names: Iterable[str] = ("p1", "p2", "p3"), **more: Any
) -> Greenhouse:
    """A gateway that is declared in the folder and not yet open."""
    views, consumers = write_all(folder)
    plants, beds, table = nursery(), soil(), Table({name: plant(name) for name in names})
    gateway = Gateway(
        model=Plant,
        adapters=[plants, beds],
        views=views,
        crossref=table,
        consumers=consumers,
        settings=settings or Settings(),
        **more,
    )
    return Greenhouse(gateway, plants, beds, table)


def code_of(response: httpx.Response) -> str:
    """The code of the first error."""
    return str(response.json()["errors"][0]["extensions"]["code"])
