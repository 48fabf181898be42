"""Whose matter it is that a call over HTTP failed, and what the source says of its limits."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import respx

from adapters.adapter import Call
from adapters.http.wire import JsonWire
from adapters.limits import Limits, SourceLimits, Window
from adapters.limits.signals import COMPANIES_HOUSE, SALESFORCE, SHOPIFY
from adapters.sending import Cause, SendError, UnsentError
from schema.deadline import Deadline
from schema.reasons import Reason
from tests.adapters.raw_server import Request, json_answer, serving

URL = "https://crm.example"


async def failed(url: str = URL, *, limits: Limits | None = None, **options: Any) -> SendError:
    """Return the error of one call."""
    wire = JsonWire("crm", url, accept="application/json", limits=limits, **options)
    try:
        await wire.ask("/things", None, Call(Deadline.after(5), "dpv:X"))
    except SendError as error:
        return error
    finally:
        await wire.aclose()
    raise AssertionError("the call was answered")


@pytest.mark.parametrize(
    ("status", "reason", "cause"),
    [
        *((status, Reason.SOURCE_ERROR, Cause.FLEETING) for status in (408, 502, 503, 504)),
        *((status, Reason.SOURCE_ERROR, Cause.SICK) for status in (204, 302, 304, 500, 501, 507)),
        *((status, Reason.SOURCE_ERROR, Cause.OURS) for status in (400, 404, 405, 410, 414, 422)),
        *((status, Reason.SOURCE_AUTH, Cause.OURS) for status in (401, 403)),
        (429, Reason.SOURCE_RATE_LIMITED, Cause.THROTTLED),
    ],
)
async def test_a_status_says_whose_matter_it_is(status: int, reason: Reason, cause: Cause) -> None:
    """What may pass is sent again; what the source cannot read or does not know is no fault of it."""
    with respx.mock(using="httpx") as router:
        router.get(f"{URL}/things").respond(status, json={})
        error = await failed()
    assert (error.reason, error.cause, error.wait) == (reason, cause, None)


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry-After": "7"}, 7.0),
        (429, {"RateLimit-Reset": "3"}, 3.0),
        (429, {"Retry-After": "Mon, 01 Jan 2035 00:00:30 GMT", "Date": "Mon, 01 Jan 2035 00:00:00 GMT"}, 30.0),
        (429, {"Retry-After": "soon"}, None),
        (503, {"Retry-After": "2"}, 2.0),
        (500, {"Retry-After": "2"}, None),
    ],
)
async def test_a_source_says_for_how_long_it_is_to_be_left_alone(
    status: int, headers: dict[str, str], wait: float | None
) -> None:
    """In seconds or by a date, which is held against its own."""
    with respx.mock(using="httpx") as router:
        router.get(f"{URL}/things").respond(status, json={}, headers=headers)
        assert (await failed()).wait == wait


async def test_a_refusal_that_means_too_many_calls_is_known_by_its_code() -> None:
    """Salesforce answers 403 to both."""
    limits = Limits(signals=SALESFORCE)
    with respx.mock(using="httpx") as router:
        route = router.get(f"{URL}/things")
        route.respond(403, json=[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "secret"}])
        error = await failed(limits=limits)
        assert (error.reason, error.cause) == (Reason.SOURCE_RATE_LIMITED, Cause.THROTTLED)
        assert "secret" not in str(error)
        for answer in (httpx.Response(403, json=[{"errorCode": "INSUFFICIENT_ACCESS"}]), httpx.Response(403, text="{")):
            route.mock(return_value=answer)
            assert (await failed(limits=limits)).reason is Reason.SOURCE_AUTH
        route.respond(403, json=[{"errorCode": "REQUEST_LIMIT_EXCEEDED"}])
        assert (await failed()).reason is Reason.SOURCE_AUTH


async def test_a_throttled_answer_with_status_200_is_known_by_its_error() -> None:
    """Shopify's; it says by its points when there will be enough."""
    cost = {"requestedQueryCost": 120, "throttleStatus": {"currentlyAvailable": 20, "restoreRate": 50}}
    with respx.mock(using="httpx") as router:
        body = {"errors": [{"message": "Throttled"}], "extensions": {"cost": cost}}
        router.get(f"{URL}/things").respond(json=body)
        error = await failed(limits=Limits(signals=SHOPIFY))
    assert (error.reason, error.cause, error.wait) == (Reason.SOURCE_RATE_LIMITED, Cause.THROTTLED, 2.0)


async def test_what_is_left_is_told_to_the_books() -> None:
    """Also by answers that are good, where a rate is declared."""
    limits = SourceLimits(Limits(signals=COMPANIES_HOUSE, rates=[Window(600, 300.0)]))
    wire = JsonWire("crm", URL, accept="application/json", limits=limits)
    with respx.mock(using="httpx") as router:
        router.get(f"{URL}/things").respond(json={}, headers={"X-RateLimit-Remain": "0"})
        await wire.ask("/things", None, Call(Deadline.after(5), "dpv:X"))
    await wire.aclose()
    pace = limits.lanes["things"].paces[0]
    assert pace.wait(limits.clock(), 1.0) == pytest.approx(300.0, abs=1.0)


async def test_what_is_left_of_a_callers_own_calls_is_nobody_elses_matter() -> None:
    """Asked with the caller's credential, a source counts for each of them."""
    limits = SourceLimits(Limits(signals=COMPANIES_HOUSE, rates=[Window(600, 300.0)]))
    wire = JsonWire("crm", URL, accept="application/json", limits=limits, forward_credential=True)
    with respx.mock(using="httpx") as router:
        router.get(f"{URL}/things").respond(json={}, headers={"X-RateLimit-Remain": "0"})
        await wire.ask("/things", None, Call(Deadline.after(5), "dpv:X", "one"))
    await wire.aclose()
    assert limits.lanes["things"].paces[0].wait(limits.clock(), 1.0) == 0.0


async def test_connections_that_fail_may_do_so_for_a_moment() -> None:
    """Refused, hung up on before an answer, reset; what ends in the middle of an answer would do so again."""

    async def hang_up(request: Request, writer: asyncio.StreamWriter) -> bool:
        return False

    async def reset(request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.transport.abort()
        return False

    async def cut(request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(json_answer(b'{"a": 1}')[:-2])
        return False

    async def no_http(request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"hello\r\n\r\n")
        return False

    causes = {}
    for answer in (hang_up, reset, cut, no_http):
        async with serving(answer) as server:
            causes[answer.__name__] = (await failed(server.url)).cause
    causes["refused"] = (await failed(server.url)).cause
    fleeting, sick = Cause.FLEETING, Cause.SICK
    assert causes == {"hang_up": fleeting, "reset": fleeting, "refused": fleeting, "cut": sick, "no_http": sick}


async def test_what_cannot_be_said_is_not_sent() -> None:
    """It says nothing of the source, and nobody hears of a call."""
    error = await failed(forward_credential=True)
    assert isinstance(error, UnsentError)
    assert error.reason is Reason.SOURCE_AUTH
