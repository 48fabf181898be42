from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.crossref import Subject
from tests.gateway.greenhouse import (
    ALWAYS,
    FLORIST,
    GARDENER,
    INSPECTOR,
    KNOWN_AS,
    STRANGER,
    Greenhouse,
    code_of,
    plant,
)

LABEL = {"query": '{ plant(by: {id: "p1"}) { label } }'}
WHOLE = '{ plant(by: {id: "p1"}) { label height bed { moisture } } }'
RESPONSE = "application/graphql-response+json"


async def test_a_query_is_answered_with_data_and_no_more(house: Greenhouse) -> None:
    """A known token, a view of the caller's and a valid query: 200, one read and one call a source."""
    response = await house.post({"query": WHOLE})
    assert response.status_code == 200
    assert response.json() == {"data": {"plant": {"label": "Fern", "height": 10, "bed": {"moisture": 40}}}}
    assert dict(response.headers) == {
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(response.content)),
        "x-request-id": KNOWN_AS,
        **ALWAYS,
    }
    assert (house.table.reads, house.calls) == (1, 2)


@pytest.mark.parametrize(
    "authorization",
    [
        (),
        ("",),
        ("Bearer",),
        ("Bearer ",),
        (f"Bearer {STRANGER}",),
        (f"Bearer {GARDENER}x",),
        (f"Bearer {GARDENER[:-1]}",),
        (f"Basic {GARDENER}",),
        (GARDENER,),
        (f"Bearer {GARDENER}, Bearer {GARDENER}",),
        (f"Bearer {GARDENER}", f"Bearer {INSPECTOR}"),
        ("Bearer " + "é" * 46,),
        ("Bearer cv_" + "\x00" * 43,),
    ],
)
async def test_without_a_known_token_nothing_is_executed(house: Greenhouse, authorization: tuple[str, ...]) -> None:
    """Absent, malformed, unknown and doubled tokens are alike: 401, a challenge, no read and no call."""
    headers = [(b"authorization", one.encode("latin-1")) for one in authorization]
    async with house.client(None) as client:
        response = await client.post("/views/watering/graphql", json=LABEL, headers=headers)
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == 'Bearer realm="customer-view"'
    assert response.json()["errors"][0]["message"] == "A known token is wanted. Send Authorization: Bearer <token>."
    assert house.is_untouched


@pytest.mark.parametrize("authorization", [f"bearer {GARDENER}", f"BEARER   {GARDENER}  "])
async def test_the_scheme_of_a_token_is_read_without_case(house: Greenhouse, authorization: str) -> None:
    """RFC 9110: the scheme has no case, and space around the token says nothing."""
    async with house.client(None, authorization=authorization) as client:
        assert (await client.post("/views/watering/graphql", json=LABEL)).status_code == 200


async def test_who_is_not_let_in_learns_nothing_of_views(house: Greenhouse) -> None:
    """The token is looked at first: a stranger cannot tell which views, methods or bodies there are."""
    tried = [
        await house.post(body, to=view, token=STRANGER, content_type=kind)
        for view in ("watering", "watering@99", "nowhere", "NOT A NAME", "pests")
        for body, kind in ((b"{}", "application/json"), (b"x" * 9999, "text/plain"))
    ]
    assert {(one.status_code, one.content) for one in tried} == {(401, tried[0].content)}


@pytest.mark.parametrize(
    ("token", "view"),
    [
        (GARDENER, "nowhere"),
        (GARDENER, "pests"),
        (GARDENER, "pests@1"),
        (GARDENER, "watering@3"),
        (GARDENER, "watering@4"),
        (GARDENER, "watering@0"),
        (GARDENER, "watering@01"),
        (GARDENER, "watering@"),
        (GARDENER, "watering@@1"),
        (GARDENER, "watering@1@1"),
        (GARDENER, "watering@٢"),
        (GARDENER, "watering@" + "9" * 5000),
        (GARDENER, "WATERING"),
        (GARDENER, "watering%20"),
        (GARDENER, "..%5c"),
        (GARDENER, "w" * 5000),
        (GARDENER, "pruning@2"),
        (GARDENER, "feeding"),
        (INSPECTOR, "watering@2"),
        (INSPECTOR, "pruning@1"),
    ],
)
async def test_a_view_that_is_not_the_callers_does_not_exist(house: Greenhouse, token: str, view: str) -> None:
    """Unknown views, drafts, those of others, not registered and not listed are alike, byte for byte."""
    unknown = await house.post(LABEL, to="never-heard-of", token=token)
    response = await house.post(LABEL, to=view, token=token)
    assert (response.status_code, code_of(response)) == (404, "VIEW_UNKNOWN")
    assert (response.content, response.headers) == (unknown.content, unknown.headers)
    assert house.is_untouched


@pytest.mark.parametrize(
    ("token", "view", "served"),
    [
        (GARDENER, "watering", "watering@2"),
        (GARDENER, "watering@1", "watering@1"),
        (INSPECTOR, "watering", "watering@1"),
        (INSPECTOR, "pests@1", "pests@1"),
        (INSPECTOR, "feeding", "feeding@1"),
    ],
)
async def test_the_newest_published_version_for_the_caller_is_served(
    house: Greenhouse, token: str, view: str, served: str
) -> None:
    """Without a version the newest is meant that lists the consumer and for which it is registered; drafts never."""
    response = await house.post({**LABEL, "extensions": {"receipt": "sources"}}, to=view, token=token)
    assert response.json()["extensions"]["receipt"]["view"] == served


async def test_a_consumer_left_out_of_the_newest_version_keeps_the_one_before(house: Greenhouse) -> None:
    """`pruning@2` does not list the gardener, `pruning@1` does."""
    body = {"query": '{ plant(by: {id: "p1"}) { height } }'}
    assert (await house.post(body, to="pruning")).json() == {"data": {"plant": {"height": 10}}}
    assert (await house.post(LABEL, to="pruning", token=INSPECTOR)).json() == {"data": {"plant": {"label": "Fern"}}}


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "TRACE", "BREW", "QUERY"])
async def test_graphql_is_asked_by_get_or_post_alone(house: Greenhouse, method: str) -> None:
    """405 names the methods, and nothing of a query in the URL is executed."""
    async with house.client() as client:
        response = await client.request(method, "/views/watering/graphql", params=LABEL)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST, OPTIONS")
    assert method == "HEAD" or code_of(response) == "METHOD_NOT_ALLOWED"
    assert house.is_untouched


async def test_at_graphql_a_consumer_of_one_view_needs_no_name(house: Greenhouse) -> None:
    """By GET and by POST, as if its name stood in the path."""
    body = {**LABEL, "extensions": {"receipt": "sources"}}
    async with house.client(FLORIST) as client:
        posted = await client.post("/graphql", json=body)
        got = await client.get("/graphql", params={**LABEL, "extensions": '{"receipt": "sources"}'})
    for response in (posted, got):
        assert response.json()["data"] == {"plant": {"label": "Fern"}}
        assert response.json()["extensions"]["receipt"]["view"] == "feeding@1"


@pytest.mark.parametrize("token", [GARDENER, INSPECTOR])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_at_graphql_a_consumer_of_several_views_has_to_name_one(
    house: Greenhouse, token: str, method: str
) -> None:
    """400 says where, and names no view."""
    async with house.client(token) as client:
        response = await client.request(method, "/graphql", params=LABEL if method == "GET" else None, json=LABEL)
    assert (response.status_code, code_of(response)) == (400, "VIEW_NOT_NAMED")
    assert response.json()["errors"][0]["message"] == (
        "This consumer may use several views. Say which one in the path: /views/{name}/graphql."
    )
    assert house.is_untouched


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/graphql", "/views/watering/graphql"])
async def test_without_a_token_nothing_is_executed_by_any_way(house: Greenhouse, method: str, path: str) -> None:
    """401, no read and no call."""
    async with house.client(None) as client:
        response = await client.request(method, path, params=LABEL if method == "GET" else None, json=LABEL)
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert house.is_untouched


REFUSED: list[tuple[Any, str]] = [
    ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{" * 290}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{ x }" * 200}, "QUERY_BUDGET"),
    ({"query": '{ plant(by: {id: "\\uD800"}) { label } }'}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{ plant(by: {id: [[[[[[1]]]]]]}) { label } }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "{ plant { label } }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "mutation { plant { label } }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "subscription { plant { label } }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "fragment F on Plant { label }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({**LABEL, "operationName": "Other"}, "OPERATION_RESOLUTION_FAILURE"),
    ({"query": "query($by: PlantBy!) { plant(by: $by) { label } }"}, "BAD_USER_INPUT"),
    (
        {
            "query": "query($by: PlantBy!) { plant(by: $by) { label } }",
            "variables": {"by": {"id": "p1", "nursery": "1"}},
        },
        "BAD_USER_INPUT",
    ),
    (
        {"query": "query($by: [PlantBy!]!) { plants(by: $by) { label } }", "variables": {"by": [{"id": "p1"}] * 6}},
        "QUERY_BUDGET",
    ),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
async def test_a_refused_document_is_400_to_those_who_know_what_that_means(
    house: Greenhouse, body: dict[str, Any], code: str
) -> None:
    """With application/graphql-response+json a request that is not executed is 400; with plain JSON it is 200."""
    exact = await house.post(body, accept=RESPONSE)
    plain = await house.post(body)
    assert (exact.status_code, exact.headers["content-type"]) == (400, f"{RESPONSE}; charset=utf-8")
    assert (plain.status_code, plain.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert exact.content == plain.content
    assert code_of(exact) == code
    assert "data" not in exact.json()
    assert house.is_untouched


async def test_an_answer_with_errors_in_it_has_a_status_of_success(house: Greenhouse) -> None:
    """294 to those who know what that means, as the specification says: partial success. To everybody else 200."""
    house.nursery.records["N-p1"][0]["height"] = "tall"
    for accept, status in ((RESPONSE, 294), ("application/json", 200)):
        response = await house.post({"query": WHOLE}, accept=accept)
        assert (response.status_code, response.headers["content-type"]) == (status, f"{accept}; charset=utf-8")
        assert (response.json()["data"]["plant"]["height"], code_of(response)) == (None, "VALUE_INVALID")


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b"{", {}, 400),
        (LABEL, {"authorization": f"Bearer {STRANGER}"}, 401),
        (LABEL, {"content-type": "text/plain"}, 415),
        (b"x" * 5000, {}, 413),
    ],
)
async def test_a_refusal_has_the_media_type_that_is_wanted(
    house: Greenhouse, body: Any, more: dict[str, str], status: int
) -> None:
    """Clients that know it read the errors only in it: with plain JSON a proxy may have answered."""
    for accept in (RESPONSE, "application/json"):
        response = await house.post(body, **{"accept": accept, **more})
        assert (response.status_code, response.headers["content-type"]) == (status, f"{accept}; charset=utf-8")
        assert set(response.json()) == {"errors"}


async def test_a_client_that_accepts_neither_media_type_gets_406(house: Greenhouse) -> None:
    """The refusal itself comes as plain JSON."""
    response = await house.post(LABEL, accept="text/html")
    assert (response.status_code, code_of(response)) == (406, "NOT_ACCEPTABLE")
    assert house.is_untouched


async def many_small() -> AsyncIterator[bytes]:
    """A body without a declared length, larger than is read."""
    for _ in range(50):
        yield b" " * 100


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"x" * 4097, {}, 413),
        (many_small(), {}, 413),
        (b"{}", {"content_encoding": "gzip"}, 415),
        (b"query=1", {"content_type": "application/x-www-form-urlencoded"}, 415),
        (b"", {}, 400),
        (b"null", {}, 400),
        (b"[" * 4000, {}, 400),
        (b'{"query": "\xff"}', {}, 400),
    ],
)
async def test_a_bad_body_is_refused_before_anything_is_done(
    house: Greenhouse, body: Any, headers: dict[str, str], status: int
) -> None:
    """A body that is too large, compressed, of another type or no JSON is the caller's to mend."""
    response = await house.post(body, **headers)
    assert response.status_code == status
    assert set(response.json()) == {"errors"}
    assert house.is_untouched


DEEP: Any = 1
for _ in range(900):
    DEEP = [DEEP]

HOSTILE: list[dict[str, Any]] = [
    {"id": DEEP},
    {"id": {"a": [{}]}},
    {"id": 10**30},
    {"id": -(2**63)},
    {"id": 1.5},
    {"id": True},
    {"id": None},
    {"id": "x" * 2000},
    {"id": "\x00\r\n\u2028\u202e🙂"},
    {"nursery": "' OR 1=1 --"},
    {"password": "x"},
    {},
]


@pytest.mark.parametrize("by", HOSTILE)
@pytest.mark.parametrize("accept", [RESPONSE, "application/json"])
async def test_no_variable_makes_the_gateway_fail(house: Greenhouse, by: dict[str, Any], accept: str) -> None:
    """Whatever a caller sends for a key, it is a customer who is not known or a refusal."""
    body = {"query": "query($by: PlantBy!) { plant(by: $by) { label } }", "variables": {"by": by, "unknown": DEEP}}
    response = await house.post(body, accept=accept)
    assert response.status_code in (200, 400)
    told = response.json()
    if "data" in told:
        assert told["data"] == {"plant": None}
        assert told["extensions"]["withheld"][0]["code"] == "SUBJECT_UNKNOWN"
    else:
        assert code_of(response) in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
    assert house.calls == 0


async def test_an_unknown_customer_costs_no_source_a_call(house: Greenhouse) -> None:
    """Who is not known is null with SUBJECT_UNKNOWN."""
    response = await house.post({"query": '{ plants(by: [{id: "zz"}, {nursery: "N-zz"}]) { label } }'})
    assert response.json()["data"] == {"plants": [None, None]}
    assert (house.table.reads, house.calls) == (1, 0)


async def test_requests_at_once_do_not_mix(house: Greenhouse) -> None:
    """Each is answered with its own customer."""
    house.table.subjects = {f"p{n}": plant(f"p{n}") for n in range(20)}
    house.nursery.records = {
        f"N-p{n}": [{"number": f"N-p{n}", "label": f"L{n}", "height": n, "bed": None, "provenance": None}]
        for n in range(20)
    }
    asked = [house.post({"query": f'{{ plant(by: {{id: "p{n}"}}) {{ id label }} }}'}) for n in range(20)]
    answers = [one.json()["data"]["plant"] for one in await asyncio.gather(*asked)]
    assert answers == [{"id": f"p{n}", "label": f"L{n}"} for n in range(20)]


async def test_another_protocol_goes_to_the_application_behind(house: Greenhouse) -> None:
    """A WebSocket at the path of a view is closed, not answered."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/views/watering/graphql", "headers": [], "query_string": b""}
    await house.gateway(scope, receive, send)
    assert [one["type"] for one in sent] == ["websocket.close"]


async def test_a_subject_of_others_is_not_kept_between_requests(house: Greenhouse) -> None:
    """Who is meant is asked for every request anew."""
    await house.post(LABEL)
    house.table.subjects = {"p1": Subject("p1", False, {})}
    told = (await house.post(LABEL)).json()
    assert told["data"] == {"plant": {"label": None}}
    assert told["extensions"]["absent"][0]["code"] == "SOURCE_NOT_LINKED"
