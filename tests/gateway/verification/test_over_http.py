"""Assertions over HTTP: what the engine is told of them, and how they are refused."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from gateway.settings import Settings
from schema.caller import Caller
from schema.verification import Level
from tests.gateway.greenhouse import (
    DESK,
    GARDENER,
    INSPECTOR,
    Greenhouse,
    code_of,
    greenhouse,
    publish_view,
    write_all,
    write_consumers,
    write_view,
)
from tests.gateway.verification.issuing import CALL, NOW, STRANGE_KEY, signed, write_verifiers

ASKED = {
    "query": '{ plant(by: {id: "p1"}) { label } }',
    "extensions": {"situation": {"interaction": CALL}},
}


MORE = {
    "on-call": (("Plant.label",), "situation: {interaction: required}\n"),
    "calling": (("Plant.label",), "situation: {interaction: optional}\n"),
    "stepping": (
        ("Plant.label: {min: V2, below: initials}", "Plant.height: {min: V2}"),
        "situation: {interaction: optional}\nverification: {methods: [otp, app]}\n",
    ),
}


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[Greenhouse]:
    """A gateway with verifiers, of two further views that want an interaction told."""
    views, _ = write_all(folder)
    for name, (listed, rules) in MORE.items():
        write_view(views, f"{name}@1", *listed, consumers="gardener, inspector", published=False)
        with (views / f"{name}@1.yaml").open("a") as file:
            file.write(rules)
        publish_view(views, f"{name}@1")
    registered = "calling, stepping, on-call"
    write_consumers(
        folder / "consumers.yaml", gardener=f"watering, {registered}", inspector=f"watering@1, {registered}"
    )
    made = greenhouse(folder, settings=Settings(verifiers=write_verifiers(folder)), now=lambda: float(NOW))
    async with made.gateway.running():
        yield made


@pytest_asyncio.fixture
async def house(tmp_path: Path, nothing_else_installed: None) -> AsyncIterator[Greenhouse]:
    """An open gateway."""
    async with open_house(tmp_path) as made:
        yield made


async def ask(
    house: Greenhouse,
    *headers: tuple[str, str],
    token: str = GARDENER,
    body: Any = None,
    origin: str | None = None,
    view: str = "calling",
) -> httpx.Response:
    """Ask the view, with each header as often as it is given."""
    page = {} if origin is None else {"origin": origin}
    async with house.client(token, **page) as client:
        given = httpx.Headers([*client.headers.multi_items(), *headers])
        return await client.post(f"/views/{view}/graphql", json=ASKED if body is None else body, headers=given)


def asserted(token: str) -> tuple[str, str]:
    return ("Customer-Verification", token)


async def test_the_engine_is_told_what_is_asserted(house: Greenhouse, callers: list[Caller]) -> None:
    """Of this request alone: the next one of the same consumer has none."""
    response = await ask(house, asserted(signed()))
    assert (response.status_code, response.json()["data"]) == (200, {"plant": {"label": "Fern"}})
    await ask(house)
    (one,) = callers[0].assertions
    assert (one.key, one.level, one.interaction) == ("p1", Level.V2, CALL)
    assert callers[1] == dataclasses.replace(callers[0], assertions=())
    assert "p1" not in repr(callers[0])


async def test_several_assertions_come_in_one_header_or_in_several(house: Greenhouse, callers: list[Caller]) -> None:
    """As RFC 9110 has it for lists."""
    tokens = [signed(customer={"id": name}) for name in ("p1", "p2")]
    await ask(house, asserted(", ".join(tokens)))
    await ask(house, *map(asserted, tokens))
    assert [one.key for one in callers[0].assertions] == ["p1", "p2"]
    assert callers[0].assertions == callers[1].assertions


async def test_an_expired_assertion_is_handed_on(house: Greenhouse, callers: list[Caller]) -> None:
    """The request is answered: what it would have opened is for policy to tell."""
    response = await ask(house, asserted(signed(iat=NOW - 400, exp=NOW - 100, auth_time=NOW - 400)))
    assert response.status_code == 200
    assert callers[0].assertions[0].expires_at == NOW - 100


@pytest.mark.parametrize(
    ("token", "body"),
    [
        (signed(STRANGE_KEY), ASKED),
        (signed(client="inspector"), ASKED),
        (signed(interaction="call-8"), ASKED),
        (signed(), {"query": ASKED["query"]}),
        ("", ASKED),
        ("no-token", ASKED),
    ],
)
async def test_an_assertion_that_is_not_taken_refuses_the_request(house: Greenhouse, token: str, body: Any) -> None:
    """401 in the words of RFC 9470, before the cross-reference is read or any source is asked."""
    response = await ask(house, asserted(token), body=body)
    assert (response.status_code, code_of(response)) == (401, "VERIFICATION_INVALID")
    assert response.headers["www-authenticate"] == (
        'Bearer realm="customer-view", error="insufficient_user_authentication", '
        'error_description="An assertion is not taken"'
    )
    assert not token or token not in response.text
    assert house.is_untouched


async def test_what_the_situation_lacks_is_told_before_an_assertion_is_held_to_it(house: Greenhouse) -> None:
    """Else a valid assertion would be called invalid for want of the interaction that it is held to."""
    response = await ask(house, asserted(signed()), body={"query": ASKED["query"]}, view="on-call")
    assert code_of(response) == "SITUATION_NOT_ALLOWED"
    assert "tells no interaction" in response.text
    assert house.is_untouched
    assert (await ask(house, asserted(signed()), view="on-call")).status_code == 200


async def test_who_may_not_ask_learns_nothing_of_an_assertion(house: Greenhouse) -> None:
    """The consumer's own token comes first, then the view."""
    async with house.client("cv_" + "x" * 43, **dict([asserted(signed())])) as client:
        response = await client.post("/views/calling/graphql", json=ASKED)
    assert code_of(response) == "UNAUTHENTICATED"
    async with house.client(**dict([asserted("no-token")])) as client:
        assert code_of(await client.post("/views/pests/graphql", json=ASKED)) == "VIEW_UNKNOWN"


async def test_another_consumer_cannot_use_it(house: Greenhouse) -> None:
    """Who has seen the token of another's call has nothing of it."""
    response = await ask(house, asserted(signed()), token=INSPECTOR)
    assert (response.status_code, code_of(response)) == (401, "VERIFICATION_INVALID")


async def test_a_page_may_send_the_headers_and_read_the_refusal(house: Greenhouse) -> None:
    """CORS allows both headers for registered origins."""
    async with house.client(None, origin=DESK, **{"access-control-request-method": "POST"}) as client:
        response = await client.options("/views/calling/graphql")
    allowed = response.headers["access-control-allow-headers"].split(", ")
    assert {"Customer-Verification", "Break-Glass"} <= {*allowed}
    refused = await ask(house, asserted("x"), token=INSPECTOR, origin=DESK)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, DESK)


async def test_without_the_header_a_request_costs_no_look_at_it(house: Greenhouse, callers: list[Caller]) -> None:
    """The caller is the very one that is kept."""
    await ask(house)
    await ask(house)
    assert callers[0] is callers[1]


BOTH = {**ASKED, "query": '{ plants(by: [{id: "p1"}, {id: "p2"}]) { label height } }'}


async def shown(house: Greenhouse, *tokens: str) -> tuple[list[Any], set[tuple[str, str]]]:
    """What is answered of both plants, and why something is withheld, with the level that stands."""
    answer = (await ask(house, *map(asserted, tokens), body=BOTH, view="stepping")).json()
    withheld = answer.get("extensions", {}).get("withheld", [])
    return answer["data"]["plants"], {(one["code"], one["stepUp"]["current"]) for one in withheld}


async def test_the_same_query_shows_more_when_the_assertion_arrives(house: Greenhouse) -> None:
    """Of its own customer alone: in one request one is V2 and the other V0."""
    below = [{"label": "F.", "height": None}, {"label": "M.", "height": None}]
    assert await shown(house) == (below, {("VERIFICATION_REQUIRED", "V0")})
    at_v2 = [{"label": "Fern", "height": 10}, below[1]]
    assert await shown(house, signed()) == (at_v2, {("VERIFICATION_REQUIRED", "V0")})
    assert await shown(house, signed(customer={"nursery": "N-p1"})) == (at_v2, {("VERIFICATION_REQUIRED", "V0")})
    both = [at_v2[0], {"label": "Moss", "height": 10}]
    assert await shown(house, signed(), signed(customer={"id": "p2"})) == (both, set())


async def test_of_two_assertions_of_one_customer_the_higher_counts(house: Greenhouse) -> None:
    """Whichever stands first."""
    low, high = signed(acr="V1", amr=["kba"]), signed()
    for tokens in ((low, high), (high, low)):
        assert (await shown(house, *tokens))[0][0] == {"label": "Fern", "height": 10}
    assert (await shown(house, low))[0][0] == {"label": "F.", "height": None}


async def test_an_expired_assertion_opens_nothing_and_is_told(house: Greenhouse) -> None:
    """Of the customer whom it would have opened; the other was never verified."""
    plants, why = await shown(house, signed(iat=NOW - 400, exp=NOW - 100, auth_time=NOW - 400))
    assert [one["height"] for one in plants] == [None, None]
    assert {code for code, _ in why} == {"VERIFICATION_EXPIRED", "VERIFICATION_REQUIRED"}
