"""How much of the records one request reads, how many read at once, and in which threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Event

import pytest

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Found, Page, SourceError
from adapters.crossref import KnownAs
from gateway.audit import Disclosures, Telling
from gateway.audit.reading import Bound, Entries
from gateway.audit.turns import BusyError, Turns
from gateway.audit.who_saw import place_of, place_told, who_saw
from gateway.privacy.refusals import refused
from schema.customer import Customer
from schema.deadline import Deadline
from schema.model import Model
from schema.reasons import Reason
from tests.gateway.audit.books import DAY, Books, disclosure

ANNE = "cus_" + "a" * 32
BEN = "cus_" + "b" * 32


def days(books: Books, *customers: str) -> list[int]:
    """Record one customer a day; the sizes of the files."""
    for customer in customers:
        books.written(disclosure(customer, at=books.at))
        books.at += DAY
    return [file.stat().st_size for file in books.files]


def entries(books: Books, most: int) -> Entries:
    """The records, of which one search reads so many bytes."""
    return Entries(books.folder, books.keys, bound=Bound(most))


def test_a_search_ends_at_a_day_and_goes_on_before_it(books: Books) -> None:
    """Whole days, one at least: from page to page everything is found, and nothing twice."""
    sizes = days(books, ANNE, BEN, ANNE, BEN, ANNE)
    for most, expected in ((sum(sizes), 1), (sum(sizes[-2:]), 3), (1, 5)):
        found, before, searches = list[date](), None, 0
        while searches == 0 or before is not None:
            wanted = entries(books, most)
            found += [one.at.date() for one in who_saw(wanted, [KnownAs(ANNE)], before=before)]
            assert wanted.bound is not None
            reached = wanted.bound.reached
            before, searches = None if reached is None else place_of(place_told(reached)), searches + 1
        assert [one.isoformat() for one in found] == ["2026-11-26", "2026-11-24", "2026-11-22"]
        assert searches == expected


def disclosures(books: Books) -> Telling:
    """What a person is told from."""

    async def known_as(customer: str) -> Sequence[KnownAs]:
        return [KnownAs(customer)]

    return Telling(Entries(books.folder, books.keys), known_as, Model(Customer), ())


async def page_of(source: Disclosures, after: str | None = None, first: int = 10) -> object:
    """Ask for a page of what was shown of Anne."""
    batch = Batch(source.offers[0], ("disclosed_at",), (ANNE,), slice=Slice(first, after))
    return (await source.fetch(batch, Call(Deadline.after(30), "RightsFulfilment")))[ANNE]


def page_in(answer: object) -> Page:
    """The page that was found."""
    assert isinstance(answer, Found)
    assert isinstance(answer.record, Page)
    return answer.record


async def test_a_person_is_told_that_there_is_more_where_the_search_has_ended(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the page is empty: silence would say that nobody was shown anything."""
    days(books, ANNE, BEN)
    monkeypatch.setattr("gateway.audit.disclosures._MOST_SEARCHED", 1)
    source = Disclosures()
    with source.telling(disclosures(books)):
        first = page_in(await page_of(source))
        assert (len(first.items), first.has_next) == (0, True)
        second = page_in(await page_of(source, first.end_cursor))
    assert (len(second.items), second.has_next) == (1, False)


async def test_customers_who_ask_take_no_thread_of_those_that_look_up_names(books: Books) -> None:
    """Whoever reads records does so in a thread of its own: one at a time of customers, however many ask."""
    days(books, ANNE)
    used = list[str]()

    class Watching(ThreadPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            used.append(getattr(fn, "__name__", ""))
            return super().submit(fn, *args, **kwargs)

    asyncio.get_running_loop().set_default_executor(Watching(1))
    source = Disclosures()
    with source.telling(disclosures(books)):
        answers = await asyncio.gather(*(page_of(source) for _ in range(12)))
    assert all(isinstance(one, Found) for one in answers)
    assert used == []


async def test_who_finds_too_many_waiting_is_told_to_ask_again(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person by the code of a source that takes no more, an officer by 503 and Retry-After: nobody waits for long."""
    days(books, ANNE)
    source, may_go, begun = Disclosures(), Event(), Event()

    def held(wanted: Entries) -> None:
        begun.set()
        may_go.wait(30)

    with source.telling(disclosures(books)):
        reading = asyncio.create_task(source._turns.read(entries(books, 1), held))
        await asyncio.to_thread(begun.wait)
        waiting = [asyncio.create_task(page_of(source)) for _ in range(16)]
        await asyncio.sleep(0.01)
        assert await page_of(source) == SourceError(
            Reason.SOURCE_RATE_LIMITED, "the audit is searched for as many as may wait"
        )
        may_go.set()
        assert all(isinstance(one, Found) for one in await asyncio.gather(*waiting))
        await reading
    response = refused(BusyError(), "r-1", "")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_who_leaves_before_the_turn_makes_room_for_others(books: Books) -> None:
    """A request that has ended does not wait."""
    turns, may_go = Turns(most_waiting=1), Event()
    first = asyncio.create_task(turns.read(entries(books, 1), lambda _: may_go.wait(30)))
    await asyncio.sleep(0.01)
    leaves = asyncio.create_task(turns.read(entries(books, 1), lambda _: None))
    await asyncio.sleep(0.01)
    with pytest.raises(BusyError):
        await turns.read(entries(books, 1), lambda _: None)
    leaves.cancel()
    await asyncio.wait([leaves])
    stays = asyncio.create_task(turns.read(replace(entries(books, 1)), lambda _: "read"))
    await asyncio.sleep(0.01)
    may_go.set()
    assert (await first, await stays) == (True, "read")
