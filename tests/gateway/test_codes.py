"""Every code of a request that is not taken is produced here at the gateway's doors, with its status and its words.

The words say what is wrong and how to mend it: they are all that a client has to go by. A code that is added without a
scene, and a scene whose code is gone, fail these tests.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest
import pytest_asyncio

from adapters.crossref import SqliteCrossReference
from adapters.crossref.errors import StoreError
from gateway.refusals import RequestCode
from resolvers import RefusalCode
from schema.lock import publish
from schema.reasons import FIELD_NOT_IN_VIEW, Reason
from tests.gateway.break_glass.breaking import ASKED, Emergency, emergency, write_emergency
from tests.gateway.crossref.office import SECRETS, declare, office, register
from tests.gateway.greenhouse import GARDENER, write_view
from tests.gateway.test_bounded_http import BOUND, came, get

Scene = Callable[[Emergency], Awaitable[httpx.Response]]
OPERATOR = "cv_" + "o" * 43
LABEL = {"query": '{ plant(by: {id: "p1"}) { label } }'}


@pytest_asyncio.fixture
async def opened(tmp_path: Path, nothing_else_installed: None) -> AsyncIterator[Emergency]:
    """A gateway that keeps audit, with a view of last year and one that shows its schema to nobody."""
    write_emergency(tmp_path)
    views = tmp_path / "views"
    write_view(views, "past@1", published=False)
    with (views / "past@1.yaml").open("a") as file:
        file.write("valid_until: 2026-12-31\n")
    publish(views, "past@1")
    write_view(views, "shy@1", introspection="nobody")
    consumers = tmp_path / "consumers.yaml"
    listed = "[watering, fraud-review]"
    consumers.write_text(consumers.read_text().replace(listed, "[watering, past, shy, hurry, fraud-review]"))
    with consumers.open("a") as file:
        digest = sha256(OPERATOR.encode()).hexdigest()
        file.write(f"- name: operations\n  token_sha256: {digest}\n  views: []\n  roles: [operator]\n")
    async with emergency(tmp_path, most_body_bytes=4096) as made:
        yield made


def asking(method: str, path: str, *, token: str | None = GARDENER, **more: Any) -> Scene:
    """A request that is refused as it comes."""

    async def scene(opened: Emergency) -> httpx.Response:
        async with opened.house.client(token) as client:
            return await client.request(method, path, **more)

    return scene


def posting(body: Any = LABEL, *, to: str = "watering", **headers: str) -> Scene:
    """A query that is refused for its body or its headers."""

    async def scene(opened: Emergency) -> httpx.Response:
        return await opened.house.post(body, to=to, **headers)

    return scene


async def reviewed_twice(opened: Emergency) -> httpx.Response:
    """By two officers with different outcomes."""
    grant = (await opened.break_glass()).json()["id"]
    await opened.review(grant)
    return await opened.review(grant, {"outcome": "unjustified", "reference": "R-2", "actor": "dpo-1"})


async def unwritten(opened: Emergency) -> httpx.Response:
    shutil.rmtree(opened.folder / "audit")
    return await opened.break_glass()


async def hanging(opened: Emergency) -> httpx.Response:
    opened.house.table.hangs = True
    return await opened.house.post(LABEL, to="hurry")


async def too_long_headers(_opened: Emergency) -> httpx.Response:
    head, _, body = (await came(get(BOUND + 1))).partition(b"\r\n\r\n")
    return httpx.Response(int(head.split()[1]), content=body)


def failing(error: Exception) -> Scene:
    async def scene(opened: Emergency) -> httpx.Response:
        opened.house.table.raises = error
        return await opened.house.post(LABEL)

    return scene


async def breaking_too_often(opened: Emergency) -> httpx.Response:
    answers = [await opened.break_glass({**ASKED, "customer": {"id": "nobody"}}) for _ in range(11)]
    return answers[-1]


async def never_ending(opened: Emergency) -> httpx.Response:
    async def slow() -> AsyncIterator[bytes]:
        yield b'{"query":'
        await asyncio.Event().wait()

    return await opened.house.post(slow(), to="hurry")


async def of_another_source(opened: Emergency) -> httpx.Response:
    folder = opened.folder / "office"
    folder.mkdir()
    declare(folder)
    with closing(SqliteCrossReference.open(folder / "crossref.db", secrets=SECRETS)) as store:
        await register(store)
        made = office(folder, store)
        async with made.gateway.running():
            return await made.post("/links", {"source": "billing", "key": "B-1"}, "crm-feed")


async def breaking_for_nobody(opened: Emergency) -> httpx.Response:
    return await opened.break_glass({**ASKED, "customer": {"id": "nobody"}})


async def overloaded(opened: Emergency) -> httpx.Response:
    """Nobody has had an answer for a while, and somebody waits."""
    admission = opened.house.gateway.admission
    admission.is_crowded, admission._rate = True, 1e-9
    return await posting()(opened)


async def reloaded_wrongly(opened: Emergency) -> httpx.Response:
    """What stands in the consumers' file is none, and says where it is."""
    (opened.folder / "consumers.yaml").write_text("- name: elsewhere\n")
    async with opened.house.client(OPERATOR) as client:
        response = await client.post("/operations/reload")
    assert str(opened.folder) not in response.text
    assert {one["file"] for one in response.json()["errors"][0]["extensions"]["problems"]} == {"consumers.yaml"}
    return response


SCENES: Mapping[RequestCode, tuple[Scene, int, str]] = MappingProxyType(
    {
        RequestCode.ALREADY_REVIEWED: (
            reviewed_twice,
            409,
            "It was reviewed already, and a review is not changed. Look it up among what was reviewed.",
        ),
        RequestCode.AUDIT_UNAVAILABLE: (
            unwritten,
            503,
            "The audit cannot be written or read, so nothing is done. Ask again later.",
        ),
        RequestCode.BAD_REQUEST: (
            posting([]),
            400,
            "The body is JSON, but not an object. "
            'Send a JSON object such as {"query": "...", "variables": {...}, "operationName": "..."}.',
        ),
        RequestCode.BODY_TOO_LARGE: (
            posting({"query": "#" * 5000}),
            413,
            "The body is larger than 4096 bytes. Send less.",
        ),
        RequestCode.BREAK_GLASS_REFUSED: (
            posting(break_glass="of my own"),
            403,
            "The header Break-Glass holds no grant for this consumer. Have the glass broken anew.",
        ),
        RequestCode.DEADLINE_EXCEEDED: (
            hanging,
            504,
            "The request's time was over before there was an answer. Ask for less at once, or ask again later.",
        ),
        RequestCode.HEADERS_TOO_LARGE: (
            too_long_headers,
            431,
            "The request line and the headers are larger than 32768 bytes. Send fewer or shorter ones.",
        ),
        RequestCode.INTERNAL_ERROR: (
            failing(ValueError("inside")),
            500,
            "The gateway failed. This is not the request's fault; tell the operator of the gateway.",
        ),
        RequestCode.INTROSPECTION_NOT_ALLOWED: (
            asking("GET", "/views/shy/schema.graphql"),
            403,
            "This view shows its schema to nobody. Ask the view's owner for its SDL.",
        ),
        RequestCode.METHOD_NOT_ALLOWED: (
            asking("PUT", "/views/watering/graphql"),
            405,
            "GraphQL is asked by GET or POST here.",
        ),
        RequestCode.NOT_ACCEPTABLE: (
            posting(accept="text/html"),
            406,
            "The Accept header names none of application/graphql-response+json, application/json. Accept one of them.",
        ),
        RequestCode.NOT_FOUND: (
            asking("GET", "/nowhere"),
            404,
            "There is nothing at this path. GraphQL is at /views/{name}/graphql.",
        ),
        RequestCode.CONFIGURATION_WRONG: (
            reloaded_wrongly,
            422,
            "What was read is wrong, so nothing has changed. Mend what is listed in problems and ask again.",
        ),
        RequestCode.OVERLOADED: (
            overloaded,
            503,
            "The gateway has more requests than it can answer in time. This one was not begun.",
        ),
        RequestCode.ORIGIN_NOT_ALLOWED: (
            posting(origin="https://elsewhere.example"),
            403,
            "A page of this origin may not ask here. Register its origin for the consumer, in consumers.yaml.",
        ),
        RequestCode.RATE_LIMITED: (
            breaking_too_often,
            429,
            "This consumer has tried to open as much within a minute as it may. Ask again later.",
        ),
        RequestCode.REQUEST_TIMEOUT: (
            never_ending,
            408,
            "The body was not whole when the request's time was over. Send it faster, or send less.",
        ),
        RequestCode.ROLE_NEEDED: (
            asking("POST", "/views/watering/explain", json=LABEL),
            403,
            "A plan names sources, and is for consumers with the role developer. Have it added in consumers.yaml.",
        ),
        RequestCode.SOURCE_NOT_PERMITTED: (
            of_another_source,
            403,
            "This consumer may not write keys of this source. Have it added to crossref_sources.",
        ),
        RequestCode.SUBJECT_UNKNOWN: (
            breaking_for_nobody,
            404,
            "No customer can be shown for this look-up. Check its key, and that this view may show the customer.",
        ),
        RequestCode.UNAUTHENTICATED: (
            asking("POST", "/views/watering/graphql", token=None, json=LABEL),
            401,
            "A known token is wanted. Send Authorization: Bearer <token>.",
        ),
        RequestCode.UNAVAILABLE: (
            failing(StoreError("inside")),
            503,
            "Who is meant cannot be looked up for now. Ask again later.",
        ),
        RequestCode.UNSUPPORTED_MEDIA_TYPE: (
            posting(content_type="text/plain"),
            415,
            "The body has another content type. Send Content-Type: application/json; charset=utf-8.",
        ),
        RequestCode.URL_TOO_LARGE: (
            asking("GET", f"/views/watering/graphql?query={'a' * 17_000}"),
            414,
            "The URL's parameters are longer than 16384 bytes. Send the request by POST.",
        ),
        RequestCode.VERIFICATION_INVALID: (
            posting(customer_verification="of my own"),
            401,
            "An assertion in Customer-Verification is not taken. Send one for this consumer and interaction.",
        ),
        RequestCode.VIEW_NOT_NAMED: (
            asking("POST", "/graphql", json=LABEL),
            400,
            "This consumer may use several views. Say which one in the path: /views/{name}/graphql.",
        ),
        RequestCode.VIEW_RETIRED: (
            posting(to="past"),
            410,
            "The view was published for a time that is over. Use a newer version, or ask the view's owner.",
        ),
        RequestCode.VIEW_UNKNOWN: (
            posting(to="nowhere"),
            404,
            "There is no such view for this consumer. Check the name and the version in the path.",
        ),
    }
)
"""By code: what produces it, its status over HTTP, and its message, which holds the remedy."""


TOLD_TO_NOBODY = frozenset({RequestCode.CLIENT_CLOSED_REQUEST})
"""Codes that stand in the audit alone: there is no client any more."""


@pytest.mark.parametrize("code", SCENES)
async def test_every_code_of_a_request_that_is_not_taken_is_told_with_its_remedy(
    opened: Emergency, code: RequestCode
) -> None:
    """In constant words, in the form of GraphQL's errors, with its status; nothing of the inside, nothing that was
    sent."""
    scene, status, message = SCENES[code]
    response = await scene(opened)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (status, str(code))
    assert error["message"] == message
    assert not any(word in response.text for word in ("inside", "elsewhere.example", "of my own"))


def test_every_scene_is_of_a_code_that_there_is() -> None:
    """And every code has one."""
    assert set(RequestCode) - set(SCENES) == TOLD_TO_NOBODY


# The vocabulary

VOCABULARY = frozenset(
    [
        "VIEW_UNKNOWN",
        "VIEW_RETIRED",
        "CONSUMER_NOT_ALLOWED",
        "PURPOSE_NOT_ALLOWED",
        "FIELD_NOT_IN_VIEW",
        "VALUE_NOT_IN_VIEW",
        "SUBJECT_UNKNOWN",
        "SUBJECT_ERASED",
        "SUBJECT_RESTRICTED",
        "RELATIONSHIP_REQUIRED",
        "VERIFICATION_REQUIRED",
        "VERIFICATION_EXPIRED",
        "VERIFICATION_WRONG_SUBJECT",
        "CONSENT_MISSING",
        "CONSENT_REFUSED",
        "CONSENT_WITHDRAWN",
        "CONSENT_EXPIRED",
        "CONSENT_UNKNOWN",
        "OBJECTION_RECORDED",
        "ROW_LIMIT",
        "COHORT_FILTER_NOT_ALLOWED",
        "COHORT_TOO_SMALL",
        "QUERY_BUDGET",
        "RATE_LIMITED",
        "BREAK_GLASS_NOT_ALLOWED",
        "BREAK_GLASS_REASON_REQUIRED",
        "OBLIGATION_UNSUPPORTED",
        "POLICY_UNAVAILABLE",
        "AUDIT_UNAVAILABLE",
        "SOURCE_NOT_LINKED",
        "SOURCE_KEY_GONE",
        "SOURCE_KEY_REPLACED",
        "SOURCE_RECORD_MISSING",
        "SOURCE_INCOMPLETE",
        "SOURCE_MISMATCH",
        "SOURCE_TIMEOUT",
        "SOURCE_RATE_LIMITED",
        "SOURCE_AUTH",
        "SOURCE_ERROR",
        "CIRCUIT_OPEN",
        "DEADLINE_EXCEEDED",
        "VALUE_INVALID",
        "VALUE_CONFLICT",
        "STALE_SERVED",
    ]
)
"""Every code that a decision about a customer's field can have, or a source's failure."""

NOT_BUILT: Mapping[str, str] = MappingProxyType(
    {
        "ROW_LIMIT": "nobody asks for a cohort yet, whose rows would be limited",
        "COHORT_FILTER_NOT_ALLOWED": "nobody asks for a cohort yet, which would be filtered",
        "COHORT_TOO_SMALL": "nobody asks for groups of a cohort yet",
        "VALUE_CONFLICT": "a field has one source, with which no other can disagree",
        "STALE_SERVED": "no answer is older than the request that it is for",
    }
)
"""The codes of what the gateway does not do yet, with why nothing can produce them."""

TOLD_OTHERWISE: Mapping[str, RequestCode] = MappingProxyType({"CONSUMER_NOT_ALLOWED": RequestCode.VIEW_UNKNOWN})
"""The codes that no client is told: a view that it may not use is like one that does not exist."""


def test_every_code_is_produced_or_said_to_be_of_what_is_not_built() -> None:
    """Reasons and refusals of documents are produced beside the engine, FIELD_NOT_IN_VIEW by the command, all others
    here. What comes to be built leaves the list, and gets a scene."""
    declared = {*map(str, Reason), *map(str, RefusalCode), *map(str, RequestCode), FIELD_NOT_IN_VIEW}
    assert declared.isdisjoint(NOT_BUILT.keys() | TOLD_OTHERWISE.keys())
    assert VOCABULARY - declared == NOT_BUILT.keys() | TOLD_OTHERWISE.keys()


async def test_a_view_for_others_is_told_as_one_that_does_not_exist(opened: Emergency) -> None:
    """Byte for byte."""
    replies = [await opened.house.post(LABEL, to=view) for view in ("pests", "nowhere")]
    assert replies[0].content == replies[1].content
    assert replies[0].status_code == replies[1].status_code == 404
