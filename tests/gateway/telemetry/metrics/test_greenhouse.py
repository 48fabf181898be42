"""What is measured of requests, through a whole gateway with sources in memory."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.answers import SourceError
from adapters.crossref import CrossReferenceError
from gateway.settings import Settings
from schema.reasons import Reason
from tests.gateway.audit.books import Books
from tests.gateway.audit.test_over_http import settings as audited
from tests.gateway.greenhouse import GARDENER, Greenhouse, greenhouse
from tests.gateway.telemetry.metrics.scraped import Scrape, scrape, scrape_text

BOTH = '{ plants(by: [{nursery: "N-p1"}, {nursery: "N-p2"}]) { label height bed { moisture } } }'
PESTS = '{ plant(by: {nursery: "N-p1"}) { label pests { species } } }'
REQUESTS, CALLS = "customer_view_requests_total", "customer_view_source_calls_total"
HTTP = "http_server_request_duration_seconds_count"


@asynccontextmanager
async def measured(folder: Path, **settings: Any) -> AsyncIterator[Greenhouse]:
    house = greenhouse(folder, settings=Settings(metrics_port=0, **settings))
    async with house.gateway.running():
        yield house


async def ask(house: Greenhouse, query: str, **more: Any) -> Scrape:
    await house.post({"query": query}, **more)
    return await scrape(house.gateway.metrics)


async def test_nothing_is_measured_unless_somebody_reads_it(tmp_path: Path) -> None:
    """Neither a port nor a collector is set: there is nothing that counts, and the observer is the caller's own."""
    house = greenhouse(tmp_path)
    async with house.gateway.running() as service:
        assert house.gateway.metrics is None
        assert service.requests is None
        assert (await house.post({"query": BOTH})).status_code == 200


async def test_a_request_is_counted_by_view_consumer_outcome_and_route(tmp_path: Path) -> None:
    """It is one request over HTTP, by the template of its path, and one of its view; nothing is under way then."""
    async with measured(tmp_path) as house:
        told = await ask(house, BOTH)
    assert told[REQUESTS] == {("gardener", "OK", "watering@2"): 1}
    assert told["customer_view_request_duration_seconds_count"] == {("watering@2",): 1}
    assert told[HTTP] == {("POST", "200", "/views/{view}/graphql", "http"): 1}
    assert told["http_server_active_requests"] == {("POST", "http"): 0}
    assert told["customer_view_crossref_lookups_total"] == {("FOUND",): 2, ("UNKNOWN",): 0, ("FAILED",): 0}


async def test_a_request_that_is_refused_at_its_headers_is_counted_with_the_others(tmp_path: Path) -> None:
    """By its outcome and over HTTP as well as by class: of the failures over HTTP an alert subtracts these outcomes."""
    async with measured(tmp_path) as house:
        admission = house.gateway.admission
        admission.is_crowded, admission._rate = True, 1e-9
        token = (b"authorization", f"Bearer {GARDENER}".encode())
        assert house.gateway.shedding(b"POST", b"/views/watering/graphql", [token]) is not None
        assert house.gateway.shedding(b"POST", b"/views/watering/graphql", [token, (b"accept", b"text/html")]) is None
        told = await scrape(house.gateway.metrics)
    assert told[REQUESTS] == {("gardener", "OVERLOADED", "watering@2"): 1}
    assert told[HTTP] == {("503", "POST", "503", "/views/{view}/graphql", "http"): 1}
    assert sum(told["customer_view_requests_shed_total"].values()) == 1


async def test_calls_are_counted_by_source_and_offer(tmp_path: Path) -> None:
    """With their keys, and how many requests each has served."""
    async with measured(tmp_path) as house:
        told = await ask(house, BOTH)
    assert told[CALLS] == {("plants", "OK", "nursery"): 1, ("beds", "OK", "soil"): 1}
    assert told["customer_view_source_keys_total"] == {("plants", "nursery"): 2, ("beds", "soil"): 1}
    assert told["customer_view_source_duration_seconds_sum"] == pytest.approx(
        {("plants", "nursery"): 0.001, ("beds", "soil"): 0.001}
    )


async def test_what_is_refused_is_counted_by_its_code(tmp_path: Path) -> None:
    """A document that is wrong, a view that there is not, and a stranger, of whom only HTTP tells."""
    async with measured(tmp_path) as house:
        await house.post({"query": "{ nobody }"})
        await house.post({"query": BOTH}, to="nowhere")
        told = await ask(house, BOTH, token="cv_" + "x" * 43)
    assert told[REQUESTS] == {
        ("gardener", "GRAPHQL_VALIDATION_FAILED", "watering@2"): 1,
        ("gardener", "VIEW_UNKNOWN"): 1,
    }
    route = "/views/{view}/graphql"
    assert told[HTTP] == {("POST", code, route, "http"): 1 for code in ("200", "404", "401")}


async def test_other_routes_are_counted_by_their_templates(tmp_path: Path) -> None:
    """The view in a path is no label, and a path that nobody has is none; a method that nobody knows is another one."""
    async with measured(tmp_path) as house:
        async with house.client() as client:
            await client.get("/views/watering@2/schema.graphql")
            await client.get("/health/live")
            await client.get("/secret-path/4711")
            await client.request("STEAL", "/views/watering/graphql")
        told = await scrape(house.gateway.metrics)
    by_route = {key[-2] for key in told[HTTP] if key[-2].startswith("/")}
    assert by_route == {"/views/{view}/schema.graphql", "/health/live", "/views/{view}/graphql"}
    assert not [value for value in told.values() if "4711" in value or "STEAL" in value]
    assert told.one(HTTP, http_route="/views/{view}/graphql") == 1
    assert ("_OTHER", "405", "/views/{view}/graphql", "http") in told[HTTP]


async def test_a_failure_of_the_gateway_is_an_error_of_http(tmp_path: Path) -> None:
    """Its status is the type of the error; failed look-ups are counted, too, from 0 on: an alert sees the first."""
    async with measured(tmp_path) as house:
        before = await scrape(house.gateway.metrics)
        house.table.raises = CrossReferenceError("gone")
        told = await ask(house, BOTH)
    assert told[HTTP] == {("503", "POST", "503", "/views/{view}/graphql", "http"): 1}
    assert before["customer_view_crossref_lookups_total"][("FAILED",)] == 0
    assert told["customer_view_crossref_lookups_total"][("FAILED",)] == 2
    assert told[REQUESTS] == {("gardener", "UNAVAILABLE", "watering@2"): 1}


async def test_every_record_that_cannot_be_written_is_counted(tmp_path: Path) -> None:
    """That of a refusal too, which the engine never sees; from 0 on, so that an alert sees the first."""
    books = Books.in_folder(tmp_path / "books")
    house = greenhouse(tmp_path, settings=audited(books).model_copy(update={"metrics_port": 0}))
    async with house.gateway.running():
        before = await scrape(house.gateway.metrics)
        shutil.rmtree(books.folder)
        refused = await house.post({"query": BOTH}, to="nowhere")
        told = await scrape(house.gateway.metrics)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (503, "AUDIT_UNAVAILABLE")
    failures = "customer_view_audit_failures_total"
    assert (before.one(failures), failures in before.names, told.one(failures)) == (0, True, 1)


async def test_quality_counts_what_the_sources_left_empty_or_wrong(tmp_path: Path) -> None:
    """By source and coordinate, as the answer shows them: a null and a value that is none, among two."""
    async with measured(tmp_path) as house:
        house.nursery.records["N-p1"][0]["height"] = None
        house.nursery.records["N-p2"][0]["height"] = "tall"
        told = await ask(house, BOTH)
    places = {("Plant.bed", "nursery"): 2, ("Plant.height", "nursery"): 2, ("Plant.label", "nursery"): 2}
    assert told["customer_view_quality_values_total"] == places | {("Bed.moisture", "soil"): 2}
    assert {key: one for key, one in told["customer_view_quality_nulls_total"].items() if one} == {
        ("Plant.height", "nursery"): 1
    }
    assert {key: one for key, one in told["customer_view_quality_invalid_total"].items() if one} == {
        ("Plant.height", "nursery"): 1
    }
    assert told["customer_view_answer_errors_total"] == {("VALUE_INVALID", "watering@2"): 1}
    assert told[REQUESTS] == {("gardener", "PARTIAL", "watering@2"): 1}


async def test_what_could_not_be_asked_says_nothing_of_quality(tmp_path: Path) -> None:
    """A source that failed for one of two, and one without a record: their nulls are no values."""
    async with measured(tmp_path) as house:
        house.nursery.answers["N-p1"] = SourceError(Reason.SOURCE_TIMEOUT, "late")
        house.soil.records.clear()
        told = await ask(house, BOTH)
    values = {key: one for key, one in told["customer_view_quality_values_total"].items() if one}
    assert values == {("Plant.bed", "nursery"): 1, ("Plant.height", "nursery"): 1, ("Plant.label", "nursery"): 1}
    assert not any(told["customer_view_quality_nulls_total"].values())
    assert not any(told["customer_view_quality_invalid_total"].values())
    assert told["customer_view_answer_absent_total"] == {("SOURCE_RECORD_MISSING", "watering@2"): 1}
    assert told["customer_view_source_failed_keys_total"] == {("SOURCE_TIMEOUT", "plants", "nursery"): 1}


async def test_a_fault_in_a_list_is_counted_where_it_stands(tmp_path: Path) -> None:
    """Entries of a list are places of their own."""
    async with measured(tmp_path) as house:
        house.nursery.records["N-p1"][0]["species"] = ["no word"]
        told = await ask(house, PESTS, to="pests", token="cv_" + "i" * 43)
    assert told["customer_view_quality_values_total"][("Pest.species", "nursery")] == 1
    assert {key for key, one in told["customer_view_quality_invalid_total"].items() if one} == {
        ("Pest.species", "nursery")
    }


async def test_what_a_rule_withheld_is_counted_by_its_code(tmp_path: Path) -> None:
    """Who is not known is withheld; no key and no id is in what is read."""
    async with measured(tmp_path) as house:
        told = await ask(house, '{ plants(by: [{nursery: "N-p1"}, {nursery: "N-p77"}]) { label } }')
    assert told["customer_view_answer_withheld_total"] == {("SUBJECT_UNKNOWN", "watering@2"): 1}
    assert told["customer_view_crossref_lookups_total"] == {("FOUND",): 1, ("UNKNOWN",): 1, ("FAILED",): 0}


async def test_prometheus_may_ask_for_openmetrics(tmp_path: Path) -> None:
    """The format is that of the header Accept; a header that is far too long is as good as none."""
    async with measured(tmp_path) as house:
        wanted = await scrape_text(house.gateway.metrics, accept="application/openmetrics-text; version=1.0.0")
        usual = await scrape_text(house.gateway.metrics, accept="application/openmetrics-text;" * 1_000)
    assert wanted.endswith("# EOF\n")
    assert "# EOF" not in usual
    assert "target_info{" in wanted


async def test_a_tally_that_raises_costs_nobody_the_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its type is logged, and not its text, which may hold a value."""
    async with measured(tmp_path) as house:
        metrics = house.gateway.metrics
        assert metrics is not None

        def count(*_: object) -> None:
            raise ValueError("Fern")

        monkeypatch.setattr(type(metrics.answers), "count", count)
        response = await house.post({"query": BOTH})
    assert response.json()["data"]["plants"][0]["label"] == "Fern"
    assert [one.getMessage() for one in caplog.records] == ["a tally raised ValueError when it was told of an answer"]
