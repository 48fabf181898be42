"""A gateway with two sources: one that can be told to misbehave, behind a protocol base, and one that is well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from adapters.answers import Missing
from adapters.crossref import LinkedKey, Subject
from adapters.limits import State
from adapters.offers import Offer
from adapters.protocol import ProtocolAdapter
from adapters.records import Record
from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.observer import Event, Sent
from tests.gateway.greenhouse import GARDENER, Plant, Source, Table, write_consumers, write_view
from tests.misbehaving.bases import Base, label_of

__all__ = ["House", "Seen", "house", "prepare"]

_KEYS = ("K-0001", "K-0002")
_QUERY = "{ plants(by: [{id: p1}, {id: p2}]) { label height } }".replace("p1", '"p1"').replace("p2", '"p2"')


class Grown(Record):
    """What the source that is well knows."""

    height: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one request came to: whether all of the well source is there, and why the sick one's values are not.

    A value of the sick source that is there and is wrong has the code WRONG; what is right has none.
    """

    is_well_whole: bool
    codes: frozenset[str]


class Calls:
    """An observer that counts the calls to the sick source, failed ones too."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, event: Event) -> None:
        """Count a call."""
        self.count += isinstance(event, Sent) and event.source == "sick"


@dataclass(frozen=True, slots=True)
class House:
    """An open gateway, the adapter of its sick source, and how often that has called."""

    gateway: Gateway
    sick: ProtocolAdapter[Any, Any]
    calls: Calls

    @property
    def is_closed(self) -> bool:
        """Whether no breaker keeps calls from the sick source."""
        state = self.sick.limits.state()
        return {state.breaker, *(offer.breaker for offer in state.offers.values())} == {State.CLOSED}

    async def ask(self) -> Seen:
        """Ask for both plants, with what each source knows of them."""
        transport = httpx.ASGITransport(self.gateway)
        headers = {"authorization": f"Bearer {GARDENER}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://house", headers=headers) as client:
            response = await client.post("/views/growing/graphql", json={"query": _QUERY})
        return _seen(response.json())


def prepare(folder: Path, *, deadline: int) -> Path:
    """Write and publish the view, once for many gateways; the deadline in milliseconds."""
    views = folder / "views"
    views.mkdir()
    write_view(views, "growing@1", "Plant.label", "Plant.height", lookups="id", deadline=deadline)
    write_consumers(folder / "consumers.yaml", gardener="growing")
    return folder


@asynccontextmanager
async def house(folder: Path, base: Base, url: str) -> AsyncIterator[House]:
    """Open a gateway over what was prepared, whose sick source is at this URL."""
    heights = Offer(name="heights", serves="Plant", record=Grown, key="number", absent=Missing)
    rows: dict[str, list[dict[str, Any]]] = {key: [{"number": key, "height": 10}] for key in _KEYS}
    sick, calls = base.adapter_at(url), Calls()
    gateway = Gateway(
        model=Plant,
        adapters=[sick, Source("well", (heights,), rows)],
        views=folder / "views",
        crossref=Table({name: _plant(name, key) for name, key in zip(("p1", "p2"), _KEYS, strict=True)}),
        consumers=folder / "consumers.yaml",
        settings=Settings(),
        observer=calls,
    )
    async with gateway.running():
        yield House(gateway, sick, calls)


def _plant(name: str, key: str) -> Subject:
    return Subject(name, False, {source: (LinkedKey(key, f"link-{name}"),) for source in ("sick", "well")})


def _seen(answer: dict[str, Any]) -> Seen:
    plants = (answer.get("data") or {}).get("plants") or [{}, {}]
    codes = {one["extensions"]["code"] for one in answer.get("errors", ())}
    codes |= {one["code"] for one in answer.get("extensions", {}).get("absent", ())}
    labels = zip([plant.get("label") for plant in plants], _KEYS, strict=True)
    codes |= {"WRONG" for label, key in labels if label not in (None, label_of(key))}
    return Seen([plant.get("height") for plant in plants] == [10, 10], frozenset(codes))
