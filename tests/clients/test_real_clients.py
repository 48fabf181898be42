"""Clients that front ends use get data, pages, errors and extensions, whatever status an answer has."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.clients.real import CLIENTS, Client, row
from tests.docs.pages import section
from tests.gateway.bridge import TOKEN, Seen, listening, write_bridge

RESPONSE = "application/graphql-response+json"
ANSWERED = {
    "flagship": {
        "id": "v1",
        "title": "Anna",
        "kind": "TANKER",
        "size": {"length": 90},
        "carries": [{"is": "Container", "label": "Tea"}, {"is": "Tank", "litres": 9}, None],
    },
    "fleet": [{"id": "v2", "title": "Berta", "kind": "FERRY", "size": None}, None],
}
PARTIAL = {"vessel": {"id": "v2", "name": "Berta", "size": None, "flag": {"state": None}}}


@pytest.fixture(scope="session")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the view and its consumer are declared."""
    folder = tmp_path_factory.mktemp("bridge")
    write_bridge(folder)
    return folder


def without_typename(value: Any) -> Any:
    """The value without what Apollo's cache adds to every selection."""
    if isinstance(value, list):
        return [without_typename(one) for one in value]
    if isinstance(value, dict):
        return {name: without_typename(one) for name, one in value.items() if name != "__typename"}
    return value


def documented() -> list[list[str]]:
    """The rows of the table of clients in the documents."""
    _, _, table = section("clients.md", "## Clients that are tried").partition("| --- |")
    lines = table.partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.processes
@pytest.mark.parametrize(
    "client",
    [pytest.param(one, id=one.name, marks=[pytest.mark.node] if one.is_node else []) for one in CLIENTS],
)
async def test_a_client_hands_over_data_pages_errors_and_extensions(client: Client, declared: Path) -> None:
    """Partial data with status 294, refusals with 400 and 401: all of them reach the caller as what they are."""
    async with listening(declared) as served:
        told = await asyncio.to_thread(client.ask, served.url, TOKEN)
    assert without_typename(told["answered"]) == ANSWERED
    assert told["pages"] == [[1, 2, 3], [4, 5, 6], [7]]
    assert told["withheld"] == ["Vessel.size"]
    for asked in (told, told.get("by_itself", told)):  # as the client is, without our Accept header
        assert without_typename(asked["partial"]["data"]) == PARTIAL
        assert (asked["partial"]["codes"], asked["partial"]["withheld"]) == (["SOURCE_TIMEOUT"], ["Vessel.size"])
        assert asked["refused"]["codes"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert told["stranger"]["codes"] == ["UNAUTHENTICATED"]
    assert told.get("introspected", True)
    assert_statuses(served.seen, by_itself="by_itself" in told)
    assert list(row(client, told)) in documented()


def assert_statuses(seen: list[Seen], *, by_itself: bool) -> None:
    """Each status was given in the media type of GraphQL; a client that does not ask for it got 200 in plain JSON."""
    assert {one.status for one in seen if one.content_type == RESPONSE} == {200, 294, 400, 401}
    plain = {one.status for one in seen if one.content_type != RESPONSE}
    assert plain == ({200} if by_itself else set())


def test_every_client_that_is_tried_is_documented_with_its_version() -> None:
    """No more and no fewer, in the versions that are pinned."""
    tried = [[one.package, one.version, one.way] for one in CLIENTS]
    assert [cells[:3] for cells in documented()] == tried
