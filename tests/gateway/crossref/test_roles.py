from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.crossref.application import OPERATIONS
from gateway.crossref.routes import Operation
from schema.caller import CrossrefRole
from tests.gateway.crossref.office import PEOPLE, Office, code_of, office
from tests.gateway.greenhouse import greenhouse

CUSTOMER = "cus_" + "a" * 32
KEY = {"source": "billing", "key": "B-1"}
BODIES: dict[str, Any] = {
    "resolve": {"by": KEY},
    "resolve_many": {"by": [KEY]},
    "outline": {"by": KEY},
    "link": KEY,
    "unlink": KEY,
    "relink": {**KEY, "customer": CUSTOMER},
    "replace_key": {"source": "billing", "old": "B-1", "new": "B-2"},
    "assert_non_match": {"first": {"source": "crm", "key": "C-1"}, "second": KEY},
    "clear_non_match": {"first": {"source": "crm", "key": "C-1"}, "second": KEY},
    "merge": {"customers": [CUSTOMER, CUSTOMER]},
    "undo_merge": {},
    "split": {"customer": CUSTOMER, "keys": [{"source": "crm", "key": "C-1"}, KEY]},
    "note_identifiers": {"source": "billing", "identifiers": [{"type": "email", "value": "ada@example.com"}]},
    "forget_identifiers": {"all": True},
    "accept_candidate": {},
    "reject_candidate": {},
    "restrict": {"ground": "g", "coordinates": ["*"]},
    "lift": {"ground": "g"},
    "erase": {},
    "history": {"by": KEY},
    "verify": {},
}
"""A body for each operation that has one."""

WRITES_KEYS = [
    "link",
    "unlink",
    "relink",
    "replace_key",
    "assert_non_match",
    "clear_non_match",
    "merge",
    "undo_merge",
    "split",
    "note_identifiers",
    "forget_identifiers",
    "accept_candidate",
    "reject_candidate",
]


def path_of(operation: Operation) -> str:
    path = operation.path.format(customer=CUSTOMER, candidate="cand_1", seq=1)
    return f"{path}?after=99" if path.endswith("/stream") else path  # which is refused, and so ends


async def ask(desk: Office, operation: Operation, name: str | None) -> Any:
    if operation.method == "GET":
        return await desk.get(path_of(operation), name)
    return await desk.post(path_of(operation), BODIES[operation.endpoint.__name__], name)


@pytest.mark.parametrize("name", [name for name in PEOPLE if name != "gardener"])
async def test_an_operation_is_for_its_roles(desk: Office, name: str) -> None:
    """Whoever has another one is refused before anything is looked at, and told which is wanted."""
    for operation in OPERATIONS:
        response = await ask(desk, operation, name)
        if {*operation.roles} & {*PEOPLE[name]["roles"]}:
            assert response.status_code not in (401, 405, 500), operation
            assert response.status_code != 403 or code_of(response) == "SOURCE_NOT_PERMITTED", operation
        else:
            assert (response.status_code, code_of(response)) == (403, "ROLE_NEEDED"), operation
            assert all(role in response.json()["errors"][0]["message"] for role in operation.roles)


async def test_without_a_role_nothing_is_there(desk: Office) -> None:
    """Byte for byte what a path is answered with at which there is nothing; without a token it is 401."""
    async with desk.client("gardener") as client:
        nothing = await client.get("/nowhere")
    for operation in OPERATIONS:
        response = await ask(desk, operation, "gardener")
        assert response.status_code == 404
        assert (response.content, response.headers) == (nothing.content, nothing.headers)
        assert (await ask(desk, operation, None)).status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "HEAD"])
async def test_without_a_role_no_path_or_method_differs(desk: Office, method: str) -> None:
    """Nobody can tell which paths there are."""
    async with desk.client("gardener") as client:
        nothing = await client.request(method, "/nowhere")
        for path in ("/openapi.json", "", "/", "/nowhere", "/links", "/resolve/x"):
            response = await client.request(method, f"/crossref{path}")
            assert (response.status_code, response.content) == (404, nothing.content)


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/links", 405), ("/", 404), ("/docs", 404)])
async def test_with_a_role_a_wrong_path_or_method_is_told(desk: Office, path: str, status: int) -> None:
    """In the form of every refusal."""
    async with desk.client() as client:
        response = await client.put(f"/crossref{path}")
    assert (response.status_code, code_of(response)) == (status, {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}[status])
    assert response.headers.get("allow") == ("POST" if status == 405 else None)


async def test_a_feed_writes_keys_of_its_own_sources_alone(desk: Office) -> None:
    """What concerns another source, or every source, is refused; reading is not."""
    refused = set()
    for operation in OPERATIONS:
        if CrossrefRole.STEWARD in operation.roles:
            response = await ask(desk, operation, "crm-feed")
            if response.status_code == 403:
                assert code_of(response) == "SOURCE_NOT_PERMITTED"
                refused.add(operation.endpoint.__name__)
    assert refused == {*WRITES_KEYS}


async def test_who_may_write_keys_of_some_sources_erases_nobody(desk: Office) -> None:
    """An erasure deletes keys of every source; a restriction none."""
    customer = await desk.link("billing", "B-1")
    refused = await desk.post(f"/customers/{customer}/erase", {}, "crm-officer")
    assert (refused.status_code, code_of(refused)) == (403, "SOURCE_NOT_PERMITTED")
    restriction = {"ground": "gdpr-art-18", "coordinates": ["Plant.label"]}
    await desk.done(f"/customers/{customer}/restrict", restriction, "crm-officer")
    assert (await desk.done("/resolve", {"by": {"source": "billing", "key": "B-1"}}))["subject"] is not None


async def test_a_feed_writes_keys_of_its_source(desk: Office) -> None:
    """And is named in the event."""
    told = await desk.done("/links", {"source": "crm", "key": "C-1"}, "crm-feed")
    identifiers = {"source": "crm", "identifiers": [{"type": "email", "value": "ada@example.com"}]}
    await desk.done(f"/customers/{told['customer']}/identifiers", identifiers, "crm-feed")
    forgotten = {"source": "crm", "identifiers": None, "all": True}
    await desk.done(f"/customers/{told['customer']}/identifiers/forget", forgotten, "crm-feed")
    assert {one.actor for one in await desk.store.history(told["customer"])} == {"crm-feed"}


async def test_a_cross_reference_that_is_no_store_of_ours_has_no_api(
    planted: Path, nothing_else_installed: None, tmp_path: Path
) -> None:
    """It can only be asked who is meant."""
    house = greenhouse(planted)
    async with house.gateway.running(), house.client() as client:
        assert (await client.post("/crossref/resolve", json={})).status_code == 404


async def test_before_the_gateway_is_open_nobody_is_let_in(desk: Office, declared: Path) -> None:
    """503, to whomever."""
    response = await office(declared, desk.store).post("/resolve", {})
    assert (response.status_code, code_of(response)) == (503, "UNAVAILABLE")


async def test_there_is_no_web_socket(desk: Office) -> None:
    """With a token or without one, one that is opened is closed."""
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "path": "/crossref/changes/stream", "root_path": "", "headers": [], "state": {}}
    await desk.gateway({**scope, "query_string": b"", "subprotocols": []}, receive, send)
    assert sent == ["websocket.close"]


async def test_a_page_of_another_origin_is_refused(desk: Office) -> None:
    """A token in a page of somebody else's is of no use here either."""
    response = await desk.post("/resolve", {"by": KEY}, origin="https://elsewhere.example")
    assert (response.status_code, code_of(response)) == (403, "ORIGIN_NOT_ALLOWED")
    own = await desk.post("/resolve", {"by": KEY}, origin="http://office")
    assert own.status_code == 200
