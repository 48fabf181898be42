"""The limits of an operator's file hold for the calls of a gateway's own adapters, at the start and when read anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from adapters.answers import Missing, Page
from adapters.http import HttpAdapter, HttpOffer, InPath, InQuery
from adapters.limits import Limits
from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.problems import ConfigurationError
from tests.gateway.greenhouse import GARDENER, PestRecord, Plant, PlantRecord, Table, plant, soil, write_all
from tests.gateway.sources.station import OPERATOR_TOKEN, station

QUERY = "query ($by: [PlantBy!]!) { plants(by: $by) { label } }"
PLANTS = HttpOffer(
    name="plants", serves="Plant", record=PlantRecord, key="number", path="/plants/{key}", keys=InPath(), absent=Missing
)

PESTS = HttpOffer(
    name="pests",
    serves="Plant.pests",
    record=PestRecord,
    key="number",
    path="/pests",
    keys=InQuery("of"),
    records="pests",
    absent=Page,
)


@dataclass
class House:
    """A gateway over a real adapter of a REST source that is mocked at its wire."""

    gateway: Gateway
    adapter: HttpAdapter
    router: respx.MockRouter

    async def ask(self, *names: str) -> dict[str, Any]:
        """Ask for plants, each by a call of its own."""
        body = {"query": QUERY, "variables": {"by": [{"id": name} for name in names]}}
        async with self._client(GARDENER) as client:
            answer = await client.post("/views/watering/graphql", json=body)
        return dict(answer.json())

    async def told(self) -> dict[str, Any]:
        """How the source does."""
        async with self._client(OPERATOR_TOKEN) as client:
            sources = (await client.get("/health/sources")).json()["sources"]
        return dict(sources[0])

    def _client(self, token: str) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.gateway), base_url="http://greenhouse", headers=headers
        )


@contextmanager
def house(folder: Path, text: str | None, limits: Limits | None = None) -> Iterator[House]:
    """A gateway with this file of sources."""
    file = folder / "sources.yaml"
    if text is not None:
        file.write_text(text)
    station(folder)  # writes the consumers
    views, consumers = write_all(folder)
    adapter = HttpAdapter("nursery", "https://nursery.example", [PLANTS, PESTS], limits=limits or Limits())
    names = [f"p{number}" for number in range(1, 6)]
    gateway = Gateway(
        model=Plant,
        adapters=[adapter, soil()],
        views=views,
        crossref=Table({name: plant(name) for name in names}),
        consumers=consumers,
        settings=Settings(sources=None if text is None else file),
    )
    with respx.mock(using="httpx", assert_all_called=False) as router:
        router.route(host="greenhouse").pass_through()
        yield House(gateway, adapter, router)


def labels(answer: dict[str, Any]) -> list[str | None]:
    return [one and one["label"] for one in answer["data"]["plants"]]


def codes(answer: dict[str, Any]) -> set[str]:
    return {one["extensions"]["code"] for one in answer.get("errors", ())}


def answering(request: httpx.Request) -> httpx.Response:
    number = request.url.path.rpartition("/")[2]
    return httpx.Response(200, json={"number": number, "label": "Fern", "height": 1, "bed": None, "provenance": None})


async def test_a_breaker_opens_where_the_file_says(tmp_path: Path) -> None:
    """After two failures here; the calls that the source saw are counted, and what is told are they."""
    text = "nursery: {breaking: {failures: 2, open_seconds: 60}, repeating: {most: 0}}\n"
    with house(tmp_path, text) as it:
        route = it.router.get(url__startswith="https://nursery.example/").respond(500)
        async with it.gateway.running():
            for name in ("p1", "p2"):
                assert codes(await it.ask(name)) == {"SOURCE_ERROR"}
            answer = await it.ask("p3")
            told = await it.told()
    assert (codes(answer), route.call_count) == ({"CIRCUIT_OPEN"}, 2)
    assert 0 < answer["errors"][0]["extensions"]["retryAfterMs"] <= 72_000
    assert (told["limits"]["breaker"], told["limits"]["opened"]) == ("open", 1)
    assert told["leftAloneSince"] is not None
    minute = told["lastMinute"]
    assert (minute["calls"], minute["failed"], minute["errorRate"]) == (2, 2, 1.0)
    assert minute["unsent"] == 1
    assert told["lastFailure"]["code"] == "SOURCE_ERROR"


async def test_without_a_file_the_authors_limits_hold(tmp_path: Path) -> None:
    """Five failures."""
    with house(tmp_path, None) as it:
        route = it.router.get(url__startswith="https://nursery.example/").respond(500)
        async with it.gateway.running():
            for name in ("p1", "p2", "p3", "p4", "p5", "p1"):
                await it.ask(name)
    assert route.call_count == 5


async def test_a_rate_of_the_file_holds_the_calls_back(tmp_path: Path) -> None:
    """Two in a minute: the third is refused, for it would be late, and the source never sees it."""
    with house(tmp_path, "nursery: {rates: [{window: {calls: 2, seconds: 60}}]}\n") as it:
        route = it.router.get(url__startswith="https://nursery.example/").mock(side_effect=answering)
        async with it.gateway.running():
            answer = await it.ask("p1", "p2", "p3")
            told = await it.told()
    assert route.call_count == 2
    assert sorted(map(str, labels(answer))) == ["Fern", "Fern", "None"]
    assert codes(answer) == {"SOURCE_RATE_LIMITED"}
    assert (told["lastMinute"]["calls"], told["lastMinute"]["unsent"]) == (2, 1)


async def test_signals_of_the_file_are_read(tmp_path: Path) -> None:
    """Salesforce throttles by a 403 with its code: that is no refusal of the credential, and counts for no breaker."""
    body = json.dumps([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "x"}])
    with house(tmp_path, "nursery: {signals: salesforce, repeating: {most: 0}}\n") as it:
        it.router.get(url__startswith="https://nursery.example/").respond(
            403, text=body, headers={"Content-Type": "application/json"}
        )
        async with it.gateway.running():
            answer = await it.ask("p1")
            told = await it.told()
    assert codes(answer) == {"SOURCE_RATE_LIMITED"}
    assert told["limits"]["breaker"] == "closed"
    assert told["limits"]["heldSeconds"] > 0


async def test_a_file_that_is_read_anew_holds_from_then_on(tmp_path: Path) -> None:
    """What it no longer says is the author's again; what is wrong changes nothing."""
    with house(tmp_path, "nursery: {timeout: 3, width: {most: 7}}\n", Limits(timeout=2.0)) as it:
        file = tmp_path / "sources.yaml"
        async with it.gateway.running():
            assert (it.adapter.limits.limits.timeout, it.adapter.limits.limits.width.most) == (3, 7)
            file.write_text("nursery: {width: {most: 8}}\n")
            reloaded = await it.gateway.reload()
            assert (it.adapter.limits.limits.timeout, it.adapter.limits.limits.width.most) == (2.0, 8)
            assert reloaded.told()["sources"]["changed"] == ("nursery",)
            file.write_text("nursery: {width: {most: 0}}\n")
            with pytest.raises(ConfigurationError, match=r"0 \(nursery\.width\.most\)"):
                await it.gateway.reload()
            assert it.adapter.limits.limits.width.most == 8
            assert (await it.told())["limits"]["most"] == 8
