from __future__ import annotations

from pathlib import Path

import pytest
from graphql import build_schema

from schema.view_schema import ViewSchema
from tests.gateway.greenhouse import ALWAYS, GARDENER, INSPECTOR, STRANGER, Greenhouse, code_of, greenhouse


async def test_the_schema_of_a_view_is_its_sdl_and_nothing_else(house: Greenhouse) -> None:
    """Types, fields and look-ups of the view; it can be built again, and nothing was asked for it."""
    async with house.client() as client:
        response = await client.get("/views/watering/schema.graphql")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert ALWAYS.items() <= dict(response.headers).items()
    schema = build_schema(response.text)
    ours = {name for name in schema.type_map if not name.startswith("__")}
    assert ours == {"Query", "Plant", "PlantBy", "Bed", "ID", "String", "Int", "Boolean"}
    for hidden in ("provenance", "personal", "Category", "Pest", "pests", "species", "acidity", "Float"):
        assert hidden not in response.text
    assert house.is_untouched


@pytest.mark.parametrize(
    ("token", "view", "has"),
    [
        (GARDENER, "watering@1", "label"),
        (GARDENER, "pruning", "height"),
        (INSPECTOR, "pests", "species"),
        (INSPECTOR, "watering", "label"),
    ],
)
async def test_each_caller_gets_the_schemas_of_its_views(house: Greenhouse, token: str, view: str, has: str) -> None:
    """A version may be named, as for queries."""
    async with house.client(token) as client:
        response = await client.get(f"/views/{view}/schema.graphql")
    assert response.status_code == 200
    assert f"  {has}: String" in response.text or f"  {has}: Int" in response.text


@pytest.mark.parametrize("token", [None, STRANGER, "x"])
@pytest.mark.parametrize("view", ["watering", "watering@x", "nowhere", "@", "pests"])
async def test_without_a_known_token_no_schema_is_shown(house: Greenhouse, token: str | None, view: str) -> None:
    """The token is looked at first: a stranger cannot tell which views there are."""
    async with house.client(token) as client:
        response = await client.get(f"/views/{view}/schema.graphql")
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == 'Bearer realm="customer-view"'


@pytest.mark.parametrize(
    "view",
    ["nowhere", "pests", "feeding", "watering@3", "watering@", "watering@x", "watering@0", "watering@1@1", "%20"],
)
async def test_the_schema_of_a_view_of_others_does_not_exist(house: Greenhouse, view: str) -> None:
    """Unknown views, drafts and those of others are alike, byte for byte."""
    async with house.client() as client:
        unknown = await client.get("/views/never-heard-of/schema.graphql")
        response = await client.get(f"/views/{view}/schema.graphql")
    assert (response.status_code, code_of(response)) == (404, "VIEW_UNKNOWN")
    assert (response.content, response.headers) == (unknown.content, unknown.headers)


async def test_a_failure_shows_nothing_of_the_inside(
    house: Greenhouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug is 500 with a constant text, and a log line without the exception's."""

    def broken(_: ViewSchema) -> str:
        raise ValueError("4711")

    monkeypatch.setattr(ViewSchema, "sdl", broken)
    async with house.client() as client:
        response = await client.get("/views/watering/schema.graphql")
    assert (response.status_code, code_of(response)) == (500, "INTERNAL_ERROR")
    assert "ValueError in broken (test_api.py:" in caplog.text
    assert "4711" not in response.text + caplog.text


async def test_health_needs_no_token_and_follows_the_gateways_life(planted: Path, nothing_else_installed: None) -> None:
    """Live as long as the process answers; ready only while the gateway is open."""
    house = greenhouse(planted)

    async def health() -> list[tuple[int, str]]:
        async with house.client(None) as client:
            answers = [await client.get(f"/health/{kind}") for kind in ("live", "ready")]
        assert all(ALWAYS.items() <= dict(one.headers).items() for one in answers)
        return [(one.status_code, one.text) for one in answers]

    assert await health() == [(200, "live\n"), (503, "not ready\n")]
    async with house.gateway.running():
        assert await health() == [(200, "live\n"), (200, "ready\n")]
    assert await health() == [(200, "live\n"), (503, "not ready\n")]


@pytest.mark.parametrize("path", ["/views/watering/graphql", "/views/watering/schema.graphql"])
async def test_before_the_gateway_is_open_nothing_is_served(
    planted: Path, nothing_else_installed: None, path: str
) -> None:
    """503 to everybody, known or not: there is nobody yet to tell who is."""
    house = greenhouse(planted)
    for token in (None, GARDENER):
        async with house.client(token) as client:
            response = await client.request("POST" if path.endswith("/graphql") else "GET", path)
        assert (response.status_code, code_of(response)) == (503, "UNAVAILABLE")
        assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/views",
        "/views/watering",
        "/views/watering/graphql/",
        "/views//graphql",
        "/views/a/b/graphql",
        "/views/watering/graphql/x",
        "/health",
        "/health/live/",
        "/docs",
        "/openapi.json",
        "/redoc",
        "/%00",
        "/views/watering%2Fgraphql/x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_elsewhere_there_is_nothing(house: Greenhouse, method: str, path: str) -> None:
    """404 as JSON that names the one path that matters, and never the path that was asked."""
    async with house.client(None) as client:
        response = await client.request(method, path)
    assert (response.status_code, code_of(response)) == (404, "NOT_FOUND")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert ALWAYS.items() <= dict(response.headers).items()
    assert response.json()["errors"][0]["message"] == (
        "There is nothing at this path. GraphQL is at /views/{name}/graphql."
    )


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/views/watering/schema.graphql"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_another_method_is_told_the_right_one(house: Greenhouse, method: str, path: str) -> None:
    """405 with Allow."""
    async with house.client() as client:
        response = await client.request(method, path)
    assert (response.status_code, code_of(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET"
    assert response.json()["errors"][0]["message"] == "This path is asked by GET only."
