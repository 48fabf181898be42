from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from adapters.answers import Found, Key
from adapters.crossref import SecretError, StoreError, Subject
from gateway.settings import Settings
from resolvers import Engine
from tests.gateway.greenhouse import (
    GARDENER,
    INSPECTOR,
    NOW,
    STRANGER,
    Greenhouse,
    code_of,
    greenhouse,
    plant,
    write_all,
)

LABEL = {"query": '{ plant(by: {id: "p1"}) { label } }'}
WHOLE = '{ plant(by: {id: "p1"}) { label height bed { moisture } } }'
RESPONSE = "application/graphql-response+json"


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything is declared."""
    folder = tmp_path_factory.mktemp("greenhouse")
    write_all(folder)
    return folder


@pytest.fixture(autouse=True)
def nothing_else_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking through what is installed takes longer than all the rest."""
    monkeypatch.setattr("gateway.checking.packages_distributions", dict)


@pytest_asyncio.fixture
async def house(declared: Path) -> AsyncIterator[Greenhouse]:
    """An open gateway."""
    made = greenhouse(declared, settings=Settings(most_body_bytes=4096))
    async with made.gateway.running():
        yield made


def nothing_done(house: Greenhouse) -> bool:
    """Whether neither the cross-reference nor a source was asked."""
    return (house.table.reads, house.calls) == (0, 0)


async def test_a_query_is_answered_with_data_and_no_more(house: Greenhouse) -> None:
    """A known token, a view of the caller's and a valid query: 200, one read and one call a source."""
    response = await house.post({"query": WHOLE})
    assert response.status_code == 200
    assert response.json() == {"data": {"plant": {"label": "Fern", "height": 10, "bed": {"moisture": 40}}}}
    assert dict(response.headers) == {
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(response.content)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
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
    assert nothing_done(house)


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
    assert nothing_done(house)


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


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_graphql_is_asked_by_post_alone(house: Greenhouse, method: str) -> None:
    """405 names the method, and nothing of a query in the URL is executed."""
    async with house.client() as client:
        url = "/views/watering/graphql"
        response = await client.request(method, url, params={"query": LABEL["query"]})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert method == "HEAD" or code_of(response) == "METHOD_NOT_ALLOWED"
    assert nothing_done(house)


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
    assert nothing_done(house)


async def test_an_answer_with_errors_in_it_is_200_in_either_media_type(house: Greenhouse) -> None:
    """What was executed is 200, whatever a source did."""
    house.nursery.records["N-p1"][0]["height"] = "tall"
    for accept in (RESPONSE, "application/json"):
        response = await house.post({"query": WHOLE}, accept=accept)
        assert (response.status_code, response.headers["content-type"]) == (200, f"{accept}; charset=utf-8")
        assert (response.json()["data"]["plant"]["height"], code_of(response)) == (None, "VALUE_INVALID")


async def test_a_client_that_accepts_neither_media_type_gets_406(house: Greenhouse) -> None:
    """The refusal itself comes as plain JSON."""
    response = await house.post(LABEL, accept="text/html")
    assert (response.status_code, code_of(response)) == (406, "NOT_ACCEPTABLE")
    assert nothing_done(house)


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
    assert nothing_done(house)


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


@pytest.mark.parametrize("value", ["half \ud800 a character", 2**70, [float], {1: 2, 3: object()}])
async def test_a_value_that_json_cannot_hold_costs_its_customer_only(
    house: Greenhouse, value: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A source's value must not become a 500, nor cost other customers their data."""
    good = {"label": "Fern"}

    async def answer(*_: Any) -> dict[str, Any]:
        error = {"message": "The source failed.", "path": ["b"]}
        return {"data": {"many": [good, {"label": value}, None], "a": {"label": value}, "b": good}, "errors": [error]}

    monkeypatch.setattr(Engine, "answer", answer)
    response = await house.post(LABEL)
    told = response.json()
    assert response.status_code == 200
    assert told["data"] == {"many": [good, None, None], "a": None, "b": good}
    assert [(one["path"], one.get("extensions", {}).get("code")) for one in told["errors"]] == [
        (["b"], None),
        (["many", 1], "VALUE_INVALID"),
        (["a"], "VALUE_INVALID"),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "an answer held a value that JSON cannot hold; the customers who have one were left out"
    ]


@pytest.mark.parametrize("value", ["half \ud800 a character", "\udfff", 2**80, float("nan"), b"x", ["a"], {"a": 1}])
async def test_no_value_of_a_source_makes_the_gateway_fail(house: Greenhouse, value: Any) -> None:
    """Also where an adapter of others hands on what it got, unchecked: the value is null with its reason."""
    house.nursery.answers = {"N-p1": Found({"label": value, "height": value}, NOW)}
    query = '{ plants(by: [{id: "p1"}, {id: "p2"}]) { label height } }'
    response = await house.post({"query": query})
    assert response.status_code == 200
    bad, good = response.json()["data"]["plants"]
    assert good == {"label": "Moss", "height": 10}
    assert bad is None or bad["height"] is None
    assert code_of(response) == "VALUE_INVALID"


async def test_half_characters_in_names_of_operations_are_refused_as_json(house: Greenhouse) -> None:
    """An escape of half a character is no JSON string."""
    response = await house.post(b'{"query":"{a}","operationName":"\\ud800"}')
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")


SECRET = "key 4711 of ada@example.org at db.internal.example"


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (StoreError("the cross-reference's database failed (SQLITE_BUSY)"), 503, "UNAVAILABLE"),
        (SecretError(SECRET), 500, "INTERNAL_ERROR"),
        (ValueError(SECRET), 500, "INTERNAL_ERROR"),
        (TimeoutError(SECRET), 500, "INTERNAL_ERROR"),
        (KeyError(SECRET), 500, "INTERNAL_ERROR"),
    ],
)
async def test_a_failing_cross_reference_shows_nothing_of_the_inside(
    house: Greenhouse, raised: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A constant text goes out; the log has type and places, and never the text of an exception that is not ours."""
    house.table.raises = raised
    response = await house.post(LABEL)
    assert (response.status_code, code_of(response)) == (status, code)
    assert response.headers.get("retry-after") == ("1" if status == 503 else None)
    assert house.calls == 0
    (record,) = caplog.records
    logged = caplog.text + response.text
    assert (record.levelno, record.exc_info) == (logging.ERROR, None)
    assert type(raised).__name__ in logged
    assert "resolve_many (greenhouse.py:" in logged
    assert not any(word in logged for word in ("4711", "ada@", "internal.example", "p1"))
    assert "SQLITE" not in response.text


async def test_a_bug_in_the_engine_is_500_with_a_constant_text(
    house: Greenhouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Even one that has run out of stack."""

    def deeper(depth: int) -> int:
        return deeper(depth + 1)

    def broken(*_: Any) -> None:
        deeper(0)

    monkeypatch.setattr(Engine, "_read", broken)
    response = await house.post(LABEL)
    assert (response.status_code, code_of(response)) == (500, "INTERNAL_ERROR")
    assert response.json()["errors"][0]["message"].startswith("The gateway failed. This is not the request's fault;")
    assert "RecursionError" in caplog.text
    assert len(caplog.text) < 2_000


async def test_an_adapter_that_raises_costs_its_own_fields(
    house: Greenhouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An adapter of others can raise anything; the request is answered, and nothing of the text is told."""

    async def fetch(*_: Any) -> dict[Key, Any]:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(house.soil, "fetch", fetch)
    response = await house.post({"query": WHOLE})
    assert response.json()["data"] == {"plant": {"label": "Fern", "height": 10, "bed": {"moisture": None}}}
    assert "4711" not in response.text + caplog.text


async def test_a_source_that_hangs_costs_its_fields_by_the_deadline(house: Greenhouse) -> None:
    """The answer leaves by the view's deadline (50 ms), with what has come by then; no task is left."""
    house.soil.hangs = True
    started = time.monotonic()
    response = await house.post({"query": '{ plant(by: {id: "p1"}) { label bed { moisture } } }'}, to="hurry")
    assert time.monotonic() - started < 0.5
    assert response.status_code == 200
    assert response.json()["data"] == {"plant": {"label": "Fern", "bed": {"moisture": None}}}
    assert code_of(response) == "DEADLINE_EXCEEDED"
    assert house.soil.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_cross_reference_that_hangs_ends_the_request_at_the_deadline(house: Greenhouse) -> None:
    """Without knowing who is meant there is nothing to answer: 504, and no source was asked."""
    house.table.hangs = True
    started = time.monotonic()
    response = await house.post(LABEL, to="hurry")
    assert 0.045 < time.monotonic() - started < 0.5
    assert (response.status_code, code_of(response)) == (504, "DEADLINE_EXCEEDED")
    assert house.calls == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_body_that_never_ends_is_given_up_at_the_deadline(house: Greenhouse) -> None:
    """A client that sends slowly holds a request open no longer than the view allows."""

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"query":'
        await asyncio.Event().wait()

    response = await house.post(slow(), to="hurry")
    assert (response.status_code, code_of(response)) == (408, "REQUEST_TIMEOUT")
    assert response.headers["connection"] == "close"
    assert nothing_done(house)


async def test_sources_get_nine_tenths_of_the_time(declared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left, at most 0.1 s, is for putting the answer together. Reading the body counts."""
    now = [100.0]
    deadlines: list[float] = []

    async def answer(_: Any, _view: Any, _request: Any, _caller: Any, deadline: Any) -> dict[str, Any]:
        deadlines.append(deadline.at)
        return {"data": None}

    async def body() -> AsyncIterator[bytes]:
        now[0] += 1
        yield orjson.dumps(LABEL)

    monkeypatch.setattr(Engine, "answer", answer)
    house = greenhouse(declared, clock=lambda: now[0])
    async with house.gateway.running():
        await house.post(LABEL, to="hurry")
        await house.post(body(), to="watering")
    assert deadlines == pytest.approx([100.045, 104.9])


async def test_nothing_is_asked_when_the_time_was_spent_on_the_body(declared: Path) -> None:
    """A deadline that has passed when the body is whole ends the request there."""
    now = [100.0]

    async def body() -> AsyncIterator[bytes]:
        yield orjson.dumps({"query": '{ plant(by: {id: "p1"}) { label } }'})
        now[0] += 60

    house = greenhouse(declared, clock=lambda: now[0])
    async with house.gateway.running():
        response = await house.post(body())
    assert (response.status_code, code_of(response)) == (504, "DEADLINE_EXCEEDED")
    assert nothing_done(house)


async def test_a_client_that_has_gone_leaves_nothing_behind(house: Greenhouse) -> None:
    """`send` may raise OSError then; the request has ended all the same."""
    told: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message["type"])
        raise OSError

    headers = [(b"authorization", f"Bearer {GARDENER}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/views/watering/graphql", "headers": headers}
    await house.gateway(scope, receive, send)
    assert told == ["http.response.start"]
    assert nothing_done(house)


async def test_a_gateway_can_be_mounted_below_a_path(house: Greenhouse) -> None:
    """The part of the path that belongs to the mount is left out."""
    headers = {"authorization": f"Bearer {GARDENER}"}
    transport = httpx.ASGITransport(house.gateway, root_path="/customers")
    async with httpx.AsyncClient(transport=transport, base_url="http://greenhouse", headers=headers) as client:
        response = await client.post("/customers/views/watering/graphql", json=LABEL)
    assert response.json() == {"data": {"plant": {"label": "Fern"}}}


@pytest.mark.parametrize(
    ("view", "token", "asked", "told"),
    [
        ("watering", GARDENER, None, None),
        ("watering", GARDENER, "none", None),
        ("watering", GARDENER, "sources", "sources"),
        ("watering", GARDENER, "fields", "sources"),
        ("pruning", GARDENER, "fields", None),
        ("pests", INSPECTOR, "sources", "sources"),
        ("pests", INSPECTOR, "fields", "fields"),
    ],
)
async def test_a_receipt_tells_what_was_asked_for_and_the_view_allows(
    house: Greenhouse, view: str, token: str, asked: str | None, told: str | None
) -> None:
    """The lower of the two levels counts, and none is the default."""
    query = '{ plant(by: {id: "p1"}) { height } }' if view == "pruning" else LABEL["query"]
    body = {"query": query, **({"extensions": {"receipt": asked}} if asked else {})}
    response = (await house.post(body, to=view, token=token)).json()
    receipt = response.get("extensions", {}).get("receipt")
    level = None if receipt is None else "fields" if "fields" in receipt else "sources"
    assert level == told
    if receipt is not None:
        assert [(one["source"], one["calls"], one["keys"]) for one in receipt["sources"]] == [("nursery", 1, 1)]
        assert "Fern" not in str(receipt)
        assert "N-p1" not in str(receipt)


async def test_another_level_of_receipt_is_refused(house: Greenhouse) -> None:
    """400, before anything is read."""
    response = await house.post({**LABEL, "extensions": {"receipt": "everything"}})
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert nothing_done(house)


HIDDEN_NAMES = ("provenance", "pests", "Pest", "species", "acidity")
"""What the model has and `watering@2` does not, as its schema spells it."""

PROBES = [
    '{ plant(by: {id: "p1"}) { %s } }',
    '{ plant(by: {id: "p1"}) { bed { %s } } }',
    '{ %s(by: {id: "p1"}) { label } }',
    '{ plant(by: {id: "p1"}) { ... on %s { label } } }',
    'fragment F on %s { label } { plant(by: {id: "p1"}) { ...F } }',
    'query($x: %s) { plant(by: {id: "p1"}) { label } }',
    '{ plant(by: {%s: "p1"}) { label } }',
    '{ plant(by: {id: "p1"}) { label @%s } }',
    '{ plant(by: {id: "p1"}) { label(%s: 1) } }',
    '{ __type(name: "%s") { name fields { name } } }',
]
"""Places where a name can stand in a document."""


def misspelt(name: str) -> list[str]:
    """The name itself, and words near enough to be suggested for it."""
    return [name, name[:-1], name + "s", name[1:], name.lower(), name[0] + name]


@pytest.mark.parametrize("hidden", HIDDEN_NAMES)
async def test_what_is_outside_the_view_is_never_named(house: Greenhouse, hidden: str) -> None:
    """No error suggests it, no introspection shows it, no source is asked: it does not exist in the view."""
    for probe in PROBES:
        for word in misspelt(hidden):
            response = await house.post({"query": probe % word})
            assert response.status_code == 200
            said = response.text.replace(word, "")
            assert hidden not in said, said
            if "__type" not in probe:
                assert "data" not in response.json(), said
    assert house.calls == 0


async def test_a_field_outside_the_view_cannot_be_queried(house: Greenhouse) -> None:
    """It is refused in the words of GraphQL for what does not exist."""
    response = await house.post({"query": '{ plant(by: {id: "p1"}) { label provenance } }'})
    assert [one["message"] for one in response.json()["errors"]] == ["Cannot query field 'provenance' on type 'Plant'."]
    assert nothing_done(house)


async def test_what_is_inside_the_view_is_suggested(house: Greenhouse) -> None:
    """A misspelt name of the view itself is helped with."""
    response = await house.post({"query": '{ plant(by: {id: "p1"}) { lable } }'})
    assert "Did you mean 'label'?" in response.text


async def test_introspection_shows_the_view_and_nothing_else(house: Greenhouse) -> None:
    """Types, fields, directives and look-ups are those of the view; no customer is read for it."""
    query = "{ __schema { types { name fields { name } inputFields { name } } directives { name } } }"
    response = await house.post({"query": query})
    shown = {one["name"]: one for one in response.json()["data"]["__schema"]["types"]}
    ours = {name for name in shown if not name.startswith("__")}
    assert ours == {"Query", "Plant", "PlantBy", "Bed", "ID", "String", "Int", "Boolean"}
    assert {one["name"] for one in shown["Plant"]["fields"]} == {"id", "label", "height", "bed"}
    assert {one["name"] for one in shown["Bed"]["fields"]} == {"moisture"}
    assert {one["name"] for one in shown["PlantBy"]["inputFields"]} == {"id", "nursery"}
    assert nothing_done(house)


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
