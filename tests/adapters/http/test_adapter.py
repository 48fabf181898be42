"""HttpAdapter: what each answer of a source becomes, and what the source is told."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx
from pydantic import AliasPath, Field

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Facts, Fault, Found, Gone, Missing, Page, SourceError
from adapters.http import HttpAdapter, HttpOffer, HttpReply, InBody, InQuery, Told
from adapters.records import Record
from adapters.testing import every_field
from schema.deadline import Deadline
from schema.observer import Event, Sent
from schema.reasons import Reason
from tests.adapters.once import ONCE
from tests.adapters.raw_server import Request, json_answer, serving


class Thing(Record):
    name: str | None = Field(validation_alias="title")
    made: date | None = Field(validation_alias=AliasPath("meta", "made"))
    price: Decimal | None
    rate: float | None = None
    stock: int | None = None


MANY = HttpOffer(
    name="many", serves="Thing", record=Thing, key="id", path="/things", keys=InQuery("ids"), records="items"
)
ONE = HttpOffer(name="one", serves="Thing", record=Thing, key="id", path="/things/{key}")
POSTED = HttpOffer(name="posted", serves="Thing", record=Thing, key="id", path="/things", keys=InBody("ids"))

FIELDS = tuple(sorted(every_field(Thing)))


class Heard:
    def __init__(self) -> None:
        self.calls: list[Sent] = []

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            self.calls.append(event)


@pytest.fixture
def crm() -> Iterator[respx.MockRouter]:
    with respx.mock(using="httpx", base_url="https://crm.example/api") as router:
        yield router


@asynccontextmanager
async def adapter(*offers: HttpOffer, **settings: Any) -> AsyncIterator[HttpAdapter]:
    opened = HttpAdapter("crm", "https://crm.example/api/", offers or (MANY, ONE, POSTED), **settings)
    try:
        yield opened
    finally:
        await opened.aclose()


async def ask(
    asked: HttpAdapter, offer: HttpOffer, *keys: str, fields: Sequence[str] = ("name",), **said: Any
) -> Mapping[str, Answer]:
    call = Call(Deadline.after(5), "dpv:ServiceProvision", **said)
    return await asked.fetch(Batch(offer, tuple(fields), keys), call)


def thing(key: str, **values: object) -> dict[str, object]:
    return {"id": key, "title": f"Thing {key}", "meta": {"made": "2020-02-29"}, "price": None} | values


def facts(answer: Answer) -> Facts:
    assert isinstance(answer, Found)
    assert isinstance(answer.record, Mapping)
    return answer.record


def reasons(answers: Mapping[str, Answer]) -> set[Reason | None]:
    return {answer.reason if isinstance(answer, SourceError) else None for answer in answers.values()}


async def test_records_stand_where_the_offer_says(crm: respx.MockRouter) -> None:
    """A list below a member, or one object; nulls in a list stand for keys that the source does not have."""
    crm.get("/things").respond(json={"items": [thing("2"), None, thing("1")]})
    crm.get("/things/3").respond(json=thing("3"))
    async with adapter() as asked:
        many = await ask(asked, MANY, "1", "2")
        one = await ask(asked, ONE, "3")
    assert {key: facts(answer) for key, answer in {**many, **one}.items()} == {
        key: {"name": f"Thing {key}"} for key in ("1", "2", "3")
    }


async def test_attributes_are_read_as_the_records_own(crm: respx.MockRouter) -> None:
    """What stands beside them wins, so that the key is the record's; a record without them is read as it is."""
    offer = HttpOffer(
        name="api", serves="Thing", record=Thing, key="id", path="/things", keys=InQuery("ids"), attributes="attributes"
    )
    records = [
        {"id": "1", "attributes": {"id": "2", "title": "one"}},
        {"id": "2", "title": "two"},
        "3",
        {"attributes": 3},
    ]
    crm.get("/things").respond(json=records)
    async with adapter(offer) as asked:
        answers = await ask(asked, offer, "1", "2")
    assert {key: facts(answer) for key, answer in answers.items()} == {"1": {"name": "one"}, "2": {"name": "two"}}


async def test_decimals_arrive_exactly_and_absurd_values_cost_themselves(crm: respx.MockRouter) -> None:
    """No float on the way; a number of 5,000 digits is a fault in its place."""
    text = '{"id":"1","title":"\\ud800","price":12345678901234567.10,"rate":1e5,"stock":%s,"meta":[]}' % ("9" * 5000)
    crm.get("/things/1").respond(text=text, headers={"Content-Type": "application/json"})
    async with adapter() as asked:
        got = facts((await ask(asked, ONE, "1", fields=FIELDS))["1"])
    invalid = Fault(Reason.VALUE_INVALID)
    assert got == {
        "name": invalid,
        "price": Decimal("12345678901234567.10"),
        "rate": 1e5,
        "stock": invalid,
        "made": invalid,
    }


@pytest.mark.parametrize(("status", "answer"), [(404, Missing()), (410, Gone())])
async def test_one_by_one_not_found_is_missing_and_gone_is_gone(
    crm: respx.MockRouter, status: int, answer: Answer
) -> None:
    """The status is about the key, whatever the body says; a call so answered did not fail."""
    crm.get("/things/1").respond(status, html="<h1>nothing</h1>")
    heard = Heard()
    async with adapter() as asked:
        assert await ask(asked, ONE, "1", observer=heard) == {"1": answer}
    assert [call.outcome for call in heard.calls] == [None]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.SOURCE_AUTH),
        (403, Reason.SOURCE_AUTH),
        (429, Reason.SOURCE_RATE_LIMITED),
        *((status, Reason.SOURCE_ERROR) for status in (202, 204, 206, 301, 302, 304, 400, 404, 410, 418, 500, 503)),
    ],
)
async def test_a_refusing_status_is_an_error_of_every_key(crm: respx.MockRouter, status: int, reason: Reason) -> None:
    """404 for a whole batch is no word on any key of it; a redirect is not followed."""
    route = crm.get("/things").respond(status, json={"items": [thing("1")]}, headers={"Location": "/things"})
    heard = Heard()
    async with adapter(limits=ONCE) as asked:
        answers = await ask(asked, MANY, "1", "2", observer=heard)
    assert reasons(answers) == {reason}
    assert route.call_count == 1
    assert [call.outcome for call in heard.calls] == [reason]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/vnd.api+json", "TEXT/JSON"])
async def test_json_goes_by_several_names(crm: respx.MockRouter, content_type: str) -> None:
    """Its structured suffix among them (RFC 6839)."""
    crm.get("/things/1").respond(content=json.dumps(thing("1")), headers={"Content-Type": content_type})
    async with adapter() as asked:
        assert facts((await ask(asked, ONE, "1"))["1"]) == {"name": "Thing 1"}


@pytest.mark.parametrize("content_type", ["text/html", "application/jsonp", "", "application/x+json+zip"])
async def test_another_type_is_an_error(crm: respx.MockRouter, content_type: str) -> None:
    """A log-in page is often sent with status 200."""
    crm.get("/things/1").respond(content=json.dumps(thing("1")), headers={"Content-Type": content_type})
    async with adapter() as asked:
        assert reasons(await ask(asked, ONE, "1")) == {Reason.SOURCE_ERROR}


@pytest.mark.parametrize(
    "body",
    ["", "[1", "<html>", "[NaN]", "[" * 99_999, '"text"', "7", "null", '{"items": 5}', '{"items": null}', "[]", "{}"],
)
async def test_an_answer_of_another_shape_is_an_error_of_every_key(crm: respx.MockRouter, body: str) -> None:
    """Nothing is raised, and nothing is called missing."""
    crm.get("/things").respond(content=body, headers={"Content-Type": "application/json"})
    async with adapter() as asked:
        assert reasons(await ask(asked, MANY, "1", "2")) == {Reason.SOURCE_ERROR}


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (httpx.ConnectTimeout, Reason.SOURCE_TIMEOUT),
        (httpx.ReadTimeout, Reason.SOURCE_TIMEOUT),
        (httpx.PoolTimeout, Reason.SOURCE_TIMEOUT),
        (httpx.ConnectError, Reason.SOURCE_ERROR),
        (httpx.ReadError, Reason.SOURCE_ERROR),
        (httpx.RemoteProtocolError, Reason.SOURCE_ERROR),
        (httpx.DecodingError, Reason.SOURCE_ERROR),
    ],
)
async def test_a_failure_on_the_way_is_an_error_of_every_key(
    crm: respx.MockRouter, raised: type[httpx.HTTPError], reason: Reason
) -> None:
    """httpx's exceptions end here; their texts go nowhere."""
    crm.get("/things").mock(side_effect=raised)
    async with adapter() as asked:
        answers = await ask(asked, MANY, "1", "2")
    assert reasons(answers) == {reason}


async def test_a_key_that_cannot_be_asked_costs_itself_only(crm: respx.MockRouter) -> None:
    """It is refused before the call; the others go out together."""
    route = crm.get("/things").respond(json={"items": [thing("1"), thing("2")]})
    async with adapter() as asked:
        answers = await ask(asked, MANY, "1", "a,b", "", "2")
        alone = await ask(asked, ONE, "..")
    assert [request.request.url.raw_path for request in route.calls] == [b"/api/things?ids=1,2"]
    assert {key for key, answer in answers.items() if isinstance(answer, Found)} == {"1", "2"}
    assert {answers[""], answers["a,b"], alone[".."]} <= {
        answer for answer in (*answers.values(), *alone.values()) if isinstance(answer, SourceError)
    }


async def test_an_offer_is_asked_without_arguments(crm: respx.MockRouter) -> None:
    """One that came would be ignored: the answer would look right and be wrong."""
    async with adapter() as asked:
        batch = Batch(MANY, ("name",), ("1",), (("status", "open"),))
        answers = await asked.fetch(batch, Call(Deadline.after(5), "dpv:X"))
    assert reasons(answers) == {Reason.SOURCE_ERROR}
    assert not crm.calls


async def test_a_list_of_a_key_that_has_none_is_as_the_offer_says(crm: respx.MockRouter) -> None:
    """An empty page, for a source that leaves such keys out."""
    listing = HttpOffer(
        name="parts", serves="Thing.parts", record=Thing, key="owner", path="/parts", keys=InQuery("of"), absent=Page
    )
    crm.get("/parts").respond(json=[thing("8", owner="1"), thing("9", owner="1")])
    async with adapter(listing) as asked:
        answers = await ask(asked, listing, "1", "2")
    pages = {key: answer.record for key, answer in answers.items() if isinstance(answer, Found)}
    assert pages == {"1": Page(({"name": "Thing 8"}, {"name": "Thing 9"})), "2": Page(())}


def _header(crm: respx.MockRouter, name: str) -> str | None:
    value: str | None = crm.calls.last.request.headers.get(name)
    return value


async def test_the_adapters_own_headers_go_with_every_request(crm: respx.MockRouter) -> None:
    """And a caller's credential does not, unless the adapter says so."""
    crm.get("/things/1").respond(json=thing("1"))
    async with adapter(headers={"Authorization": "Bearer own", "X-Version": "3"}) as asked:
        await ask(asked, ONE, "1", credential="callers-token", case="C-1", traceparent="00-1")
    assert (_header(crm, "Authorization"), _header(crm, "X-Version")) == ("Bearer own", "3")
    sent = str(crm.calls.last.request.headers.raw)
    assert not [text for text in ("callers-token", "C-1", "00-1", "ServiceProvision") if text in sent]
    assert (_header(crm, "Accept"), _header(crm, "Accept-Encoding")) == ("application/json", "gzip")


async def test_a_callers_credential_is_forwarded_where_that_is_declared(crm: respx.MockRouter) -> None:
    """And a call without one is not made."""
    crm.get("/things/1").respond(json=thing("1"))
    async with adapter(forward_credential=True) as asked:
        assert reasons(await ask(asked, ONE, "1")) == {Reason.SOURCE_AUTH}
        assert not crm.calls
        await ask(asked, ONE, "1", credential="callers-token")
    assert _header(crm, "Authorization") == "Bearer callers-token"


async def test_purpose_case_and_trace_are_told_in_the_headers_named(crm: respx.MockRouter) -> None:
    """Each where a name is given and there is something to tell."""
    crm.get("/things/1").respond(json=thing("1"))
    async with adapter(told=Told(purpose="X-Purpose", case="X-Case", trace="traceparent")) as asked:
        await ask(asked, ONE, "1", traceparent="00-1")
    assert (_header(crm, "X-Purpose"), _header(crm, "X-Case"), _header(crm, "traceparent")) == (
        "dpv:ServiceProvision",
        None,
        "00-1",
    )


@pytest.mark.parametrize("case", ["1\r\nX-Injected: 1", "Ünicode", "", " ", "a\x00b"])
async def test_what_no_header_can_hold_is_not_sent(crm: respx.MockRouter, case: str) -> None:
    """A line end in a case number would be a header more."""
    async with adapter(told=Told(case="X-Case")) as asked:
        assert reasons(await ask(asked, ONE, "1", case=case)) == {Reason.SOURCE_ERROR}
    assert not crm.calls


async def test_a_posted_request_says_that_it_is_json(crm: respx.MockRouter) -> None:
    """And holds the keys as a list."""
    crm.post("/things").respond(json=[thing("1")])
    async with adapter() as asked:
        assert reasons(await ask(asked, POSTED, "1")) == {None}
    assert _header(crm, "Content-Type") == "application/json"
    assert json.loads(crm.calls.last.request.content) == {"ids": ["1"]}


async def test_no_credential_key_or_value_is_printed_or_logged(
    crm: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """Not by the adapter, not by a reply, not by the libraries below."""
    caplog.set_level(logging.DEBUG)
    crm.get("/things/secret-key").respond(json=thing("secret-key"))
    async with adapter(headers={"Authorization": "Bearer own-secret"}) as asked:
        answers = await ask(asked, ONE, "secret-key", credential="callers-token")
        printed = f"{asked!r} {list(answers.values())!r} {HttpReply(200, thing('secret-key'))!r} {caplog.text}"
    assert "secret" not in printed
    assert "Thing" not in printed
    assert "token" not in printed
    assert repr(asked) == "HttpAdapter('crm', offers=['many', 'one', 'posted'])"


@pytest.mark.parametrize(
    "base_url",
    [
        "crm.example",
        "ftp://crm.example",
        "https://",
        "https://user:pass-word@crm.example",
        "https://user:pass-word/x@crm.example/",
        "https://user:[pass-word@crm.example",
        "https://xn--pass-word-\u2024",
        "https://crm.example/\x00pass-word",
        "https://crm.example?a=1",
        "https://a/#b",
    ],
)
def test_a_base_url_that_is_no_plain_one_is_refused(base_url: str) -> None:
    """The message does not print it: it may hold a password."""
    with pytest.raises(ValueError, match="source crm: got a base_url") as caught:
        HttpAdapter("crm", base_url, [ONE])
    assert "pass-word" not in str(caught.value)


def test_headers_that_contradict_or_cannot_be_sent_are_refused() -> None:
    """At the start, without the value."""
    with pytest.raises(ValueError, match="leave one out"):
        HttpAdapter("crm", "https://crm.example", [ONE], headers={"authorization": "x"}, forward_credential=True)
    with pytest.raises(ValueError, match="header X-Key") as caught:
        HttpAdapter("crm", "https://crm.example", [ONE], headers={"X-Key": "secret\n"})
    assert "secret" not in str(caught.value)


async def test_an_offer_of_another_protocol_is_a_programming_error(crm: respx.MockRouter) -> None:
    """The engine hands an adapter its own offers only."""
    from adapters.offers import Offer

    async with adapter() as asked:
        with pytest.raises(AssertionError, match="wanted HttpOffer"):
            await ask(asked, Offer(name="x", serves="Thing", record=Thing, key="id"), "1")  # type: ignore[arg-type]


# on real sockets: what a mock cannot show


@asynccontextmanager
async def real(
    answer: bytes | Callable[[Request, asyncio.StreamWriter], Any], offer: HttpOffer, **settings: Any
) -> AsyncIterator[tuple[HttpAdapter, Any]]:
    async with serving(answer) as server:
        asked = HttpAdapter("crm", server.url + "/api", [offer], **settings)
        try:
            yield asked, server
        finally:
            await asked.aclose()


async def test_a_key_is_one_segment_on_the_wire() -> None:
    """Slashes, escapes and steps in it arrive encoded."""
    async with real(json_answer(b"{}"), ONE) as (asked, server):
        await ask(asked, ONE, "a/../b", "%2e%2e", "../x")
    assert sorted(request.target for request in server.requests) == [
        "/api/things/%252e%252e",
        "/api/things/..%2Fx",
        "/api/things/a%2F..%2Fb",
    ]


async def test_one_by_one_calls_are_as_many_together_as_the_offer_says() -> None:
    """And every connection is used again, a 404's included."""
    together: list[int] = []

    async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
        together.append(server.open)
        await asyncio.sleep(0.002)
        writer.write(json_answer(b"{}", status="404 Not Found"))

    offer = HttpOffer(name="one", serves="Thing", record=Thing, key="id", path="/things/{key}", at_once=3)
    async with real(slow, offer) as (asked, server):
        answers = await ask(asked, offer, *(str(number) for number in range(20)))
    assert set(answers.values()) == {Missing()}
    assert (len(server.requests), server.connections, max(together)) == (20, 3, 3)


async def test_an_answer_that_is_too_long_is_an_error() -> None:
    """Over the adapter's own bound."""
    async with real(json_answer(b"[" + b"1," * 1000 + b"1]"), ONE, max_body=1000) as (asked, _):
        assert reasons(await ask(asked, ONE, "1")) == {Reason.SOURCE_ERROR}


async def test_the_adapters_time_limit_is_a_source_timeout_and_a_dripping_body_does_not_escape_it() -> None:
    """Every read is in time; the call is not."""

    async def drip(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.005)

    async with real(drip, ONE, timeout=0.05) as (asked, server):
        assert reasons(await ask(asked, ONE, "1")) == {Reason.SOURCE_TIMEOUT}
        await server.until(lambda: server.open == 0)


async def test_nothing_of_one_call_reaches_the_next() -> None:
    """No cookie, and no credential of another caller."""
    async with real(json_answer(b"{}", "Set-Cookie: who=anne"), ONE, forward_credential=True) as (asked, server):
        await ask(asked, ONE, "1", credential="anne")
        await ask(asked, ONE, "1", credential="bert")
    assert [request.header("Cookie") for request in server.requests] == [None, None]
    assert [request.header("Authorization") for request in server.requests] == ["Bearer anne", "Bearer bert"]
