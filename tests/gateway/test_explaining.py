"""`POST /views/{name}/explain`: the plan of a request, for developers, and nothing is asked."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message

from resolvers import GATE_WORDS, GateKind
from schema.verification import Level
from tests.docs.pages import section
from tests.docs.test_tables import rows
from tests.gateway.greenhouse import FLORIST, GARDENER, STRANGER, Greenhouse, code_of, greenhouse, write_all

QUERY = "query ($by: PlantBy!) { plant(by: $by) { label } }"
BODY = {"query": QUERY, "variables": {"by": {"nursery": "N-p1"}}}


async def explain(house: Greenhouse, token: str | None = FLORIST, view: str = "feeding", **more: Any) -> httpx.Response:
    async with house.client(token) as client:
        return await client.post(f"/views/{view}/explain", **(more or {"json": BODY}))


async def test_a_developer_is_told_the_plan(house: Greenhouse) -> None:
    """In the members of `customer-view explain --json`; neither sources nor cross-reference are asked."""
    answer = await explain(house)
    plan = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert (plan["view"], plan["customers"], plan["calls"]) == ("feeding@1", 1, 1)
    (step,) = plan["steps"]
    assert (step["source"], step["offer"], step["fields"]) == ("nursery", "plants", ["label"])
    assert plan["verdicts"][0]["coordinate"] == "Plant.label"
    assert house.is_untouched


async def test_who_is_no_developer_is_told_why_there_is_no_plan(house: Greenhouse) -> None:
    """A plan names sources and their fields; the views of such a consumer answer as ever."""
    answer = await explain(house, GARDENER, "watering")
    assert (answer.status_code, code_of(answer)) == (403, "ROLE_NEEDED")
    assert "role developer" in answer.json()["errors"][0]["message"]
    assert "nursery" not in answer.text


@pytest.mark.parametrize(
    ("token", "view", "status", "code"),
    [
        (None, "feeding", 401, "UNAUTHENTICATED"),
        (STRANGER, "nowhere", 401, "UNAUTHENTICATED"),
        (FLORIST, "watering", 404, "VIEW_UNKNOWN"),
        (GARDENER, "nowhere", 404, "VIEW_UNKNOWN"),
    ],
)
async def test_it_tells_no_more_of_views_than_the_graphql_route(
    house: Greenhouse, token: str | None, view: str, status: int, code: str
) -> None:
    """First the token, then the view, and only then the role."""
    answer = await explain(house, token, view)
    assert (answer.status_code, code_of(answer)) == (status, code)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ plant(by: {nursery: 1}) { height } }", "GRAPHQL_VALIDATION_FAILED"),
        (QUERY, "BAD_USER_INPUT"),
    ],
)
async def test_a_document_that_the_view_refuses_has_no_plan(house: Greenhouse, query: str, code: str) -> None:
    """It is refused in the form of a GraphQL response, with the codes of one."""
    answer = await explain(house, json={"query": query})
    assert (answer.status_code, code_of(answer)) == (400, code)
    assert house.is_untouched


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": []}, 400),
        ({"json": {"query": 1}}, 400),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"json": {"query": "#" * 5000}}, 413),
    ],
)
async def test_a_body_is_taken_as_on_the_graphql_route(house: Greenhouse, sent: dict[str, Any], status: int) -> None:
    """Of the right type, within the bound."""
    answer = await explain(house, **sent)
    assert answer.status_code == status


async def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, nothing_else_installed: None) -> None:
    """The view's time is over, as it would be for the query."""
    _, consumers = write_all(tmp_path)
    consumers.write_text(
        consumers.read_text().replace("- name: gardener\n", "- name: gardener\n  roles: [developer]\n")
    )
    house, sent = greenhouse(tmp_path), []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {GARDENER}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/views/hurry/explain", "headers": headers, "query_string": b""}
    async with asyncio.timeout(5), house.gateway.running():
        await house.gateway(scope, receive, send)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["errors"][0]["extensions"]["code"] == "REQUEST_TIMEOUT"


async def test_it_is_asked_by_post_alone(house: Greenhouse) -> None:
    """A key that is looked up belongs in no URL."""
    async with house.client(FLORIST) as client:
        answer = await client.get("/views/feeding/explain")
    assert (answer.status_code, code_of(answer), answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")


@pytest.mark.parametrize(
    ("assume", "wanted"),
    [
        ({"level": "V0"}, {"level": "V0"}),
        ({"level": "V3", "consent": "given", "case": None}, {"level": "V3", "consent": "given"}),
        ({"case": "open", "interaction": "active", "objection": "none"}, None),
        ({}, {"level": None}),
        (None, {"level": None}),
    ],
)
async def test_what_is_assumed_stands_in_the_body(
    house: Greenhouse, assume: object, wanted: dict[str, str | None] | None
) -> None:
    """As the command takes it; of a view without levels and gates it makes no other difference."""
    answer = await explain(house, json={**BODY, "extensions": {"assume": assume}})
    assert answer.status_code == 200
    assert isinstance(assume, dict | None)
    told, plain = answer.json(), (await explain(house)).json()
    assert told.pop("assumed") == (wanted or {"level": None, **(assume or {})})
    assert plain.pop("assumed") == {"level": None}
    assert told == plain
    assert house.is_untouched


@pytest.mark.parametrize(
    ("assume", "said"),
    [
        ("V1", "not an object of level, consent, objection, case, interaction alone"),
        ({"levels": "V1"}, "not an object of level"),
        ({"level": "v1"}, "none of: V0, V1, V2, V3"),
        ({"level": ["V1"]}, "none of: V0, V1, V2, V3"),
        ({"consent": "yes"}, "none of: given, refused, withdrawn, expired, missing, objected, unknown"),
        ({"case": {}}, "none of: open, none, unknown"),
    ],
)
async def test_what_cannot_be_assumed_is_refused(house: Greenhouse, assume: object, said: str) -> None:
    """With the words that are taken, and nothing of what was sent."""
    answer = await explain(house, json={**BODY, "extensions": {"assume": assume}})
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert said in answer.json()["errors"][0]["message"]
    assert house.is_untouched


async def test_what_is_assumed_does_not_stand_in_the_url(house: Greenhouse) -> None:
    """A plan for others than were meant would be believed."""
    async with house.client(FLORIST) as client:
        answer = await client.post("/views/feeding/explain", params={"level": "V1"}, json=BODY)
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert "extensions.assume" in answer.json()["errors"][0]["message"]


async def test_a_query_over_its_budget_is_refused_with_its_plan(house: Greenhouse) -> None:
    """In the form of the refusal that a request would get; the plan says why."""
    many = ", ".join('{nursery: "N-p1"}' for _ in range(6))
    query = f"{{ plants(by: [{many}]) {{ label }} }}"
    answer = await explain(house, json={"query": query})
    body = answer.json()
    assert (answer.status_code, code_of(answer)) == (400, "QUERY_BUDGET")
    async with house.client(FLORIST) as client:
        refused = await client.post("/views/feeding/graphql", json={"query": query})
    assert body["errors"] == refused.json()["errors"]
    plan = body["extensions"]["plan"]
    (over,) = plan["over"]
    assert (plan["customers"], over["limit"], over["largest"]) == (6, "customers", [{"of": "plants", "number": 6}])
    assert house.is_untouched


async def test_what_is_outside_the_view_does_not_exist_over_http(house: Greenhouse) -> None:
    """Not for a developer either: the command tells it to the operator alone."""
    answer = await explain(house, json={"query": '{ plant(by: {nursery: "N-p1"}) { height } }'})
    other = await explain(house, json={"query": '{ plant(by: {nursery: "N-p1"}) { heigth } }'})
    assert answer.status_code == 400
    assert answer.text.replace("height", "heigth") == other.text
    assert "FIELD_NOT_IN_VIEW" not in answer.text


async def test_every_member_of_a_plan_and_every_word_is_documented(house: Greenhouse) -> None:
    """In the order of the table; options and words are those of the command as well."""
    part = section("http.md", "## The plan").partition("\n### ")[0]
    documented = [word for row in rows(part) for word in re.findall("`([^`]+)`", row[0])]
    words = {row[0].strip("`"): re.findall("`([^`]+)`", row[1].partition(":")[0]) for row in rows(part)}
    kinds = [str(kind) for kind in GateKind]
    plan = (await explain(house)).json()
    assert sorted(documented) == sorted([*plan, "level", *kinds])
    assert {kind: tuple(words[kind]) for kind in kinds} == {str(kind): one for kind, one in GATE_WORDS.items()}
    assert words["level"] == list(Level.__members__)
    of_command = {row[0].strip("`-"): row[1] for row in rows(section("operations.md", "## Explain"))}
    for kind in GateKind:
        assert re.findall("`([^`]+)`", of_command[kind]) == list(GATE_WORDS[kind])
