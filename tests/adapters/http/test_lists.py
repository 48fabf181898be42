"""Lists over HTTP: pages and arguments, from the batch to the calls and back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import respx
from pydantic import AliasPath, Field

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Found, Missing, Page, SourceError
from adapters.http import AsBody, AsQuery, ByCursor, ByOffset, HttpAdapter, HttpOffer, InBody, InLink, InPath, InQuery
from adapters.records import Record
from schema.customer import TicketStatus
from schema.customer.sorting import Sort
from schema.deadline import Deadline
from schema.observer import NOBODY
from schema.reasons import Reason
from tests.adapters.once import ONCE

LOWER = {status: status.value.lower() for status in TicketStatus}


class Thing(Record):
    name: str = Field(validation_alias="title")


def offer(**declared: Any) -> HttpOffer:
    ordinary: dict[str, Any] = {
        "name": "things",
        "serves": "Owner.things",
        "record": Thing,
        "key": "owner",
        "path": "/things",
        "keys": InQuery("owner"),
        "records": "items",
        "absent": Page,
    }
    return HttpOffer(**ordinary | declared)


BY_OFFSET = offer(paging=ByOffset(total="total"), max_page=3)


@pytest.fixture
def crm() -> Iterator[respx.MockRouter]:
    with respx.mock(using="httpx", base_url="https://crm.example", assert_all_called=False) as router:
        yield router


@asynccontextmanager
async def adapter(asked_of: HttpOffer) -> AsyncIterator[HttpAdapter]:
    opened = HttpAdapter("crm", "https://crm.example", [asked_of], limits=ONCE)
    try:
        yield opened
    finally:
        await opened.aclose()


async def ask(asked_of: HttpOffer, *keys: str, part: Slice | None = None, **arguments: object) -> Mapping[str, Answer]:
    batch = Batch(asked_of, ("name",), keys, tuple(sorted(arguments.items())), part)
    async with adapter(asked_of) as asked:
        return await asked.fetch(batch, Call(Deadline.after(5), "dpv:ServiceProvision", observer=NOBODY))


def thing(number: object, owner: str = "7") -> dict[str, Any]:
    return {"owner": owner, "title": f"thing {number}"}


def page(answer: Answer) -> Page:
    assert isinstance(answer, Found)
    assert isinstance(answer.record, Page)
    return answer.record


def names(answer: Answer) -> list[object]:
    return [item["name"] for item in page(answer).items]


def targets(crm: respx.MockRouter) -> list[str]:
    return [call.request.url.raw_path.decode() for call in crm.calls]


async def test_filter_order_and_page_reach_the_source(crm: respx.MockRouter) -> None:
    """In its own words, beside the key; the records stay in the order in which it gives them."""
    asked = offer(
        paging=ByOffset(),
        max_page=3,
        arguments={
            "status": AsQuery("status", words=LOWER),
            "sort": AsQuery("order", words={Sort.NEWEST_FIRST: "-created", Sort.OLDEST_FIRST: "created"}),
        },
    )
    crm.get("/things").respond(json={"items": [thing(2), thing(1)]})
    answers = await ask(asked, "7", part=Slice(2), status=(TicketStatus.OPEN,), sort=Sort.NEWEST_FIRST)
    assert names(answers["7"]) == ["thing 2", "thing 1"]
    assert targets(crm) == ["/things?owner=7&order=-created&status=open&limit=3&offset=0"]


@pytest.mark.parametrize("absent", [Page, Missing, None])
@pytest.mark.parametrize("items", [[], [thing(1)]])
@pytest.mark.parametrize(("after", "cursor"), [(None, None), ("x", "x"), ("x", None)])
async def test_a_list_that_nobody_can_go_on_with_is_an_error(
    crm: respx.MockRouter, absent: Any, items: list[Any], after: str | None, cursor: str | None
) -> None:
    """It says that more follows, and not where, or goes round in circles: half a list is a lie."""
    paging = ByCursor(size="limit", cursor="after", next="next", has_more="more")
    crm.get("/things").respond(json={"items": items, "more": True, "next": cursor})
    answers = await ask(offer(paging=paging, max_page=3, absent=absent), "7", part=Slice(1, after))
    assert isinstance(answers["7"], SourceError)
    assert len(crm.calls) == 1


async def test_a_search_is_posted_with_its_filter_and_page(crm: respx.MockRouter) -> None:
    """Where the source takes all of it in a body."""
    paging = ByCursor(size="limit", cursor="after", next=AliasPath("paging", "next", "after"), in_body=True)
    asked = offer(keys=InBody("owners"), paging=paging, max_page=2, arguments={"open": AsBody("open")})
    crm.post("/things").respond(json={"items": [thing(1)]})
    await ask(asked, "7", part=Slice(1, "x"), open=True)
    assert crm.calls.last.request.content == b'{"owners": ["7"], "open": true, "limit": 1, "after": "x"}'


async def test_an_empty_filter_is_an_empty_list_without_a_call(crm: respx.MockRouter) -> None:
    """For a query string cannot say it; a key that is none stays refused."""
    asked = offer(arguments={"status": AsQuery("status", words=LOWER)})
    answers = await ask(asked, "7", "", status=())
    assert page(answers["7"]) == Page(())
    assert isinstance(answers[""], SourceError)
    assert not crm.calls


async def test_an_argument_without_a_word_is_an_error_without_a_call(crm: respx.MockRouter) -> None:
    """Of every key of the batch."""
    asked = offer(arguments={"status": AsQuery("status", words=LOWER)})
    answers = await ask(asked, "7", "8", status="OPEN")
    assert {answer.reason for answer in answers.values() if isinstance(answer, SourceError)} == {Reason.SOURCE_ERROR}
    assert (len(answers), len(crm.calls)) == (2, 0)


async def test_each_key_has_pages_of_its_own(crm: respx.MockRouter) -> None:
    """One key a call, whatever else the offer could hold."""
    crm.get("/things", params={"owner": "7"}).respond(json={"items": [thing(1)], "total": 1})
    crm.get("/things", params={"owner": "8"}).respond(json={"items": [thing(2, "8")], "total": 9})
    answers = await ask(BY_OFFSET, "7", "8", part=Slice(1))
    assert [(names(answers[key]), page(answers[key]).has_next) for key in "78"] == [
        (["thing 1"], False),
        (["thing 2"], True),
    ]
    assert sorted(targets(crm)) == ["/things?owner=7&limit=1&offset=0", "/things?owner=8&limit=1&offset=0"]


async def test_nulls_and_records_of_others_keep_their_places(crm: respx.MockRouter) -> None:
    """They are not given, and the next page begins behind them all the same."""
    crm.get("/things").respond(json={"items": [None, thing(1), thing(2, "8")], "total": 5})
    found = page((await ask(BY_OFFSET, "7", part=Slice(3)))["7"])
    assert ([*found.items], found.end_cursor, found.has_next) == ([{"name": "thing 1"}], "3", True)


@pytest.mark.parametrize(
    ("second", "wanted"),
    [
        (httpx.Response(500), Reason.SOURCE_ERROR),
        (httpx.Response(429), Reason.SOURCE_RATE_LIMITED),
        (httpx.Response(200, json={"items": []}), Reason.SOURCE_ERROR),
        (httpx.Response(200, json={"items": [thing(n) for n in range(4)], "total": 9}), Reason.SOURCE_ERROR),
        (httpx.Response(200, json={"items": [thing(1, "8")], "total": 4}), Reason.SOURCE_MISMATCH),
    ],
)
async def test_a_page_that_cannot_be_had_is_the_answer_of_the_list(
    crm: respx.MockRouter, second: httpx.Response, wanted: Reason
) -> None:
    """Half a list is a lie."""
    first = httpx.Response(200, json={"items": [thing(n) for n in range(3)], "total": 9})
    crm.get("/things").mock(side_effect=[first, second])
    answer = (await ask(BY_OFFSET, "7", part=Slice(5)))["7"]
    assert isinstance(answer, SourceError)
    assert answer.reason is wanted
    assert targets(crm)[1] == "/things?owner=7&limit=2&offset=3"


@pytest.mark.parametrize("absent", [None, Missing, Page])
async def test_a_list_that_is_gone_on_with_can_have_nothing_more(
    crm: respx.MockRouter, absent: type[Missing] | type[Page] | None
) -> None:
    """Whatever a key that is left out means on the first page."""
    asked = offer(paging=ByCursor(size="n", cursor="c", next="next"), max_page=1, absent=absent)
    answers = [{"items": [thing(1)], "next": "a"}, {"items": [], "next": "b"}, {"items": [thing(2)]}]
    crm.get("/things").mock(side_effect=[httpx.Response(200, json=answer) for answer in answers])
    assert names((await ask(asked, "7", part=Slice(3)))["7"]) == ["thing 1", "thing 2"]


async def test_a_next_link_is_never_followed(crm: respx.MockRouter) -> None:
    """The next call goes where the offer says, with the cursor that the link holds as one value."""
    asked = offer(paging=ByCursor(size="n", cursor="c", next=InLink("next")), max_page=1)
    link = "https://elsewhere.example/admin?n=1000&c=%26owner%3D8%23"
    bodies = [{"items": [thing(1)], "next": link}, {"items": [thing(2)], "next": None}]
    crm.get("/things").mock(side_effect=[httpx.Response(200, json=body) for body in bodies])
    assert names((await ask(asked, "7", part=Slice(2)))["7"]) == ["thing 1", "thing 2"]
    assert [str(call.request.url) for call in crm.calls] == [
        "https://crm.example/things?owner=7&n=1",
        "https://crm.example/things?owner=7&n=1&c=%26owner%3D8%23",
    ]


async def test_a_key_that_vanishes_between_two_pages_is_missing(crm: respx.MockRouter) -> None:
    """The source says so."""
    asked = offer(path="/owners/{key}/things", keys=InPath(), paging=ByOffset(total="total"), max_page=1)
    first = httpx.Response(200, json={"items": [thing(1)], "total": 2})
    crm.get("/owners/7/things").mock(side_effect=[first, httpx.Response(404)])
    assert (await ask(asked, "7", part=Slice(2)))["7"] == Missing()


async def test_a_whole_list_is_bounded(crm: respx.MockRouter) -> None:
    """By max_items, in as many pages as that needs; a longer one is an error, and not a part of it."""
    asked = offer(paging=ByOffset(total="total"), max_page=2, max_items=3)
    crm.get("/things", params={"offset": "0"}).respond(json={"items": [thing(1), thing(2)], "total": 4})
    crm.get("/things", params={"offset": "2"}).respond(json={"items": [thing(3)], "total": 4})
    answer = (await ask(asked, "7"))["7"]
    assert isinstance(answer, SourceError)
    assert targets(crm) == ["/things?owner=7&limit=2&offset=0", "/things?owner=7&limit=1&offset=2"]
