"""The sandbox's support desk: what it answers and refuses, how it misbehaves, and what the adapter makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Found, Key, Missing, Page, SourceError
from adapters.gates import CASE, INTERACTION
from adapters.http import HttpAdapter
from adapters.sandbox.interactions import as_interactions
from adapters.sandbox.ledger import BOOKS_CLOSE
from adapters.sandbox.links import cross_reference
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.people import ANNE, customers
from adapters.sandbox.process import RunningSource, start_source
from adapters.sandbox.server import sandbox_app
from adapters.sandbox.sources import support_adapter
from adapters.sandbox.support import support_desk
from adapters.sandbox.tickets import as_tickets
from adapters.testing import every_field
from schema.customer import (
    Channel,
    MessageAuthor,
    MessagesBy,
    Sort,
    TicketPriority,
    TicketsBy,
    TicketStatus,
)
from schema.deadline import Deadline
from schema.reasons import Reason

WHOM = customers()
TICKETS = {one.support_key: as_tickets(one) for one in WHOM}
MESSAGES = {ticket["id"]: ticket["messages"] for of_one in TICKETS.values() for ticket in of_one}
ANNES = WHOM[ANNE].support_key
SILENT = next(key for key, tickets in TICKETS.items() if not tickets)
EAGER = max(TICKETS, key=lambda key: len(TICKETS[key]))
LONG = max(MESSAGES, key=lambda key: len(MESSAGES[key]))


@pytest.fixture
async def desk() -> AsyncIterator[httpx.AsyncClient]:
    some = [one for one in WHOM if one.support_key in (ANNES, SILENT, EAGER)]
    app = sandbox_app(*support_desk("sesame", some))
    headers = {"Authorization": "Bearer sesame"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://desk", headers=headers, trust_env=False
    ) as client:
        yield client


async def tickets(desk: httpx.AsyncClient, key: Key, **query: str) -> httpx.Response:
    return await desk.get(f"/customers/{key}/tickets", params=query)


@pytest.fixture(scope="module")
def support_process() -> Iterator[RunningSource]:
    with start_source("support") as source:
        yield source


@pytest.fixture
async def support(support_process: RunningSource) -> AsyncIterator[HttpAdapter]:
    support_process.reset()
    adapter = support_adapter(support_process.url, support_process.token)
    yield adapter
    await adapter.aclose()


async def ask(
    adapter: HttpAdapter,
    serves: str,
    keys: Sequence[Key],
    *fields: str,
    part: Slice | None = None,
    **arguments: object,
) -> Mapping[Key, Answer]:
    (offer,) = [offer for offer in adapter.offers if offer.serves == serves]
    wanted = tuple(sorted(fields or every_field(offer.record)))
    batch = Batch(offer, wanted, tuple(keys), tuple(sorted(arguments.items())), part)
    return await adapter.fetch(batch, Call(Deadline.after(10), "dpv:CustomerCare"))


def page(answer: Answer) -> Page:
    assert isinstance(answer, Found), answer
    assert isinstance(answer.record, Page)
    return answer.record


def numbers(answer: Answer) -> list[object]:
    return [item["number"] for item in page(answer).items]


def test_some_customers_never_asked_and_some_ask_all_the_time() -> None:
    """Several hundred have no ticket, some more than two pages, and some tickets more than two pages of messages."""
    counts = [len(of_one) for of_one in TICKETS.values()]
    assert 500 < counts.count(0) < 1_000
    assert sum(count > 40 for count in counts) > 20
    assert sum(len(messages) > 40 for messages in MESSAGES.values()) > 50


def test_tickets_are_whole_and_in_order() -> None:
    """Every word occurs; numbers are distinct; nothing happens after the books close, or before it was raised."""
    every = [ticket for of_one in TICKETS.values() for ticket in of_one]
    written = [message for ticket in every for message in ticket["messages"]]
    assert len({one["id"] for one in every}) == len(every)
    assert len({one["id"] for one in written}) == len(written)
    assert set(Counter(one["status"] for one in every)) == {"fresh", "assigned", "pending", "resolved", "archived"}
    assert {one["writer"] for one in written} == {"client", "staff", "robot"}
    for of_one in TICKETS.values():
        assert [one["created"] for one in of_one] == sorted(one["created"] for one in of_one)
    for one in every:
        moments = [message["at"] for message in one["messages"]]
        assert moments == sorted(moments)
        assert moments[0] == one["created"]
        assert moments[-1].date() < BOOKS_CLOSE
        assert (one["resolved"] is None) is (one["status"] in ("fresh", "assigned", "pending"))
        assert one["resolved"] is None or one["resolved"] in moments


def test_a_ticket_is_about_a_purchase_of_the_customer() -> None:
    """By the number under which the shop knows it."""
    for one in WHOM:
        bought = {f"P-{one.order_key[2:]}-{place:03d}" for place in range(1, len(one.purchases) + 1)}
        for ticket in TICKETS[one.support_key]:
            assert any(number in ticket["messages"][0]["text"] for number in bought)


def test_the_cross_reference_can_hold_its_keys() -> None:
    """They are distinct, and are loaded with the others."""
    assert len(TICKETS) == len(WHOM)
    assert dict(cross_reference(WHOM))[WHOM[ANNE].customer_id]["support"] == (ANNES,)


async def test_a_page_says_where_the_next_begins(desk: httpx.AsyncClient) -> None:
    """Newest first, unless the oldest are wanted; the last page has no next one."""
    first = (await tickets(desk, EAGER)).json()
    assert len(first["tickets"]) == 20
    assert first["next"] == first["tickets"][-1]["id"]
    found, cursor = first["tickets"], first["next"]
    while cursor is not None:
        more = (await tickets(desk, EAGER, cursor=cursor)).json()
        found, cursor = found + more["tickets"], more["next"]
    assert [one["id"] for one in found] == [one["id"] for one in reversed(TICKETS[EAGER])]
    oldest = (await tickets(desk, EAGER, order="oldest", limit="3")).json()
    assert [one["id"] for one in oldest["tickets"]] == [one["id"] for one in TICKETS[EAGER][:3]]


async def test_a_ticket_is_told_without_its_messages(desk: httpx.AsyncClient) -> None:
    """In the desk's own words, moments in ISO 8601."""
    (shown, *_) = (await tickets(desk, ANNES)).json()["tickets"]
    wanted = {name: value for name, value in TICKETS[ANNES][-1].items() if name != "messages"}
    assert shown == wanted | {"created": "1997-04-22T18:27:00+00:00", "resolved": shown["resolved"]}
    assert datetime.fromisoformat(shown["resolved"]) == wanted["resolved"]


async def test_messages_stand_oldest_first(desk: httpx.AsyncClient) -> None:
    """Each says of which ticket it is; they can be chosen by who wrote them."""
    ticket = TICKETS[ANNES][0]
    everything = (await desk.get(f"/tickets/{ticket['id']}/messages")).json()
    assert [one["id"] for one in everything["messages"]] == [one["id"] for one in ticket["messages"]]
    assert {one["ticket"] for one in everything["messages"]} == {ticket["id"]}
    staffs = (await desk.get(f"/tickets/{ticket['id']}/messages", params={"writer": "staff"})).json()
    assert {one["writer"] for one in staffs["messages"]} == {"staff"}


async def test_who_never_asked_has_an_empty_list(desk: httpx.AsyncClient) -> None:
    """And who is not known is nobody."""
    assert (await tickets(desk, SILENT)).json() == {"tickets": [], "next": None}
    assert (await tickets(desk, "S-1")).status_code == 404
    assert (await desk.get("/tickets/T-1/messages")).status_code == 404


async def test_it_filters_by_status_and_time(desk: httpx.AsyncClient) -> None:
    """A moment counts from itself on, and up to but not with itself."""
    middle = TICKETS[EAGER][10]["created"]
    before = [one["id"] for one in TICKETS[EAGER] if one["created"] < middle]
    shown = (await tickets(desk, EAGER, until=middle.isoformat(), order="oldest")).json()["tickets"]
    assert [one["id"] for one in shown] == before
    since = {"since": middle.isoformat().replace("+00:00", "Z"), "order": "oldest", "limit": "1"}
    (first,) = (await tickets(desk, EAGER, **since)).json()["tickets"]
    assert first["created"] == middle.isoformat()
    open_ones = (await tickets(desk, EAGER, status="pending,resolved")).json()["tickets"]
    assert {one["status"] for one in open_ones} <= {"pending", "resolved"}


@pytest.mark.parametrize(
    "query",
    [
        {"status": "open"},
        {"status": ""},
        {"order": "random"},
        {"limit": "0"},
        {"limit": "21"},
        {"limit": "many"},
        {"limit": "1000"},
        {"since": "yesterday"},
        {"until": "1997-01-01T00:00:00"},
        {"cursor": "T-1"},
    ],
)
async def test_it_refuses_what_it_does_not_understand(desk: httpx.AsyncClient, query: Mapping[str, str]) -> None:
    """400, whether or not the customer has tickets."""
    assert (await tickets(desk, ANNES, **query)).status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer sesam", "Basic sesame"])
async def test_it_answers_nobody_without_the_credential(desk: httpx.AsyncClient, header: str) -> None:
    """401, on both paths, and nothing is counted as asked."""
    for path in (f"/customers/{ANNES}/tickets", f"/tickets/{TICKETS[ANNES][0]['id']}/messages"):
        assert (await desk.get(path, headers={"Authorization": header})).status_code == 401
    assert (await desk.get("/__sandbox/counters")).json()["calls"] == 0


async def test_both_paths_are_one_source(desk: httpx.AsyncClient) -> None:
    """They are counted together, and misbehave together: with another's ticket, and another ticket's messages."""
    ticket = TICKETS[ANNES][0]["id"]
    await desk.post("/__sandbox/misbehave", json={"kind": Misbehaviour.WRONG_CUSTOMER})
    strange = (await tickets(desk, ANNES)).json()["tickets"]
    assert strange
    assert {one["client"] for one in strange}.isdisjoint({ANNES})
    messages = (await desk.get(f"/tickets/{ticket}/messages")).json()["messages"]
    assert messages
    assert {one["ticket"] for one in messages}.isdisjoint({ticket})
    counted = (await desk.get("/__sandbox/counters")).json()
    assert (counted["calls"], counted["keys"]) == (2, 2)
    assert counted["asked"] == [{"keys": [key], "fields": []} for key in (ANNES, ticket)]


@pytest.mark.processes
async def test_the_desk_tells_what_anne_asked(support: HttpAdapter) -> None:
    """Every field, in the model's words and types; of the messages only the key."""
    newest = page((await ask(support, "Customer.tickets", [ANNES], sort=Sort.NEWEST_FIRST))[ANNES]).items[0]
    kept = TICKETS[ANNES][-1]
    assert newest == {
        "number": kept["id"],
        "subject": "I was charged twice",
        "status": TicketStatus.CLOSED,
        "priority": TicketPriority.URGENT,
        "channel": Channel.EMAIL,
        "opened_at": datetime(1997, 4, 22, 18, 27, tzinfo=UTC),
        "solved_at": kept["resolved"],
        "messages": kept["id"],
    }
    said = page((await ask(support, "Ticket.messages", [kept["id"]], sort=Sort.OLDEST_FIRST))[kept["id"]]).items
    assert [one["text"] for one in said] == [one["text"] for one in kept["messages"]]
    assert said[0]["author"] is MessageAuthor.CUSTOMER
    assert (said[0]["channel"], said[0]["sent_at"]) == (Channel.EMAIL, kept["created"])


def test_some_customers_are_on_the_line() -> None:
    """One of ten, Anne among them; what brought a ticket is over. Every word occurs, and references are distinct."""
    known = {one.support_key: as_interactions(one) for one in WHOM}
    every = [interaction for of_one in known.values() for interaction in of_one]
    assert len({one["id"] for one in every}) == len(every)
    assert set(Counter(one["state"] for one in every)) == {"live", "held", "ended"}
    talking = [key for key, of_one in known.items() if any(one["state"] != "ended" for one in of_one)]
    assert 200 < len(talking) < 300
    assert [(one["id"], one["state"]) for one in known[ANNES]] == [("I-900634-01", "live")]
    for of_one in known.values():
        assert [one["began"] for one in of_one] == sorted(one["began"] for one in of_one)
        assert all(one["began"].date() < BOOKS_CLOSE for one in of_one)


@pytest.mark.processes
async def test_the_desk_tells_which_interactions_go_on(support: HttpAdapter, support_process: RunningSource) -> None:
    """Of each customer in a call of its own; those that are over are not asked for."""
    over = next(one for one in WHOM if {each["state"] for each in as_interactions(one)} == {"ended"})
    answers = await ask(support, INTERACTION, [ANNES, over.support_key, "S-1"])
    assert list(page(answers[ANNES]).items) == [{"reference": "I-900634-01", "is_active": True}]
    assert page(answers[over.support_key]) == Page(())
    assert answers["S-1"] == Missing()
    assert support_process.counters()["calls"] == 3


@pytest.mark.processes
async def test_fifty_customers_are_fifty_calls_and_eight_at_once(
    support: HttpAdapter, support_process: RunningSource
) -> None:
    """By the desk's own counters."""
    support_process.misbehave(Misbehaviour.SLOW, seconds=0.02)
    keys = [one.support_key for one in WHOM[:50]]
    answers = await ask(support, "Customer.tickets", keys, "number", part=Slice(5), sort=Sort.NEWEST_FIRST)
    assert {key: numbers(answer) for key, answer in answers.items()} == {
        key: [one["id"] for one in reversed(TICKETS[key])][:5] for key in keys
    }
    counted = support_process.counters()
    assert sorted(call["keys"] for call in counted["asked"]) == sorted([key] for key in keys)
    assert counted["at_once"] == 8


@pytest.mark.processes
async def test_long_lists_are_read_page_by_page(support: HttpAdapter, support_process: RunningSource) -> None:
    """A call for each twenty; no entry has a value that the record does not take."""
    found = page((await ask(support, "Customer.tickets", [EAGER], sort=Sort.OLDEST_FIRST))[EAGER])
    assert [one["number"] for one in found.items] == [one["id"] for one in TICKETS[EAGER]]
    assert "Fault" not in repr(list(found.items))
    assert support_process.counters()["calls"] == -(-len(TICKETS[EAGER]) // 20)
    said = page((await ask(support, "Ticket.messages", [LONG], sort=Sort.OLDEST_FIRST))[LONG]).items
    assert [one["text"] for one in said] == [one["text"] for one in MESSAGES[LONG]]
    assert "Fault" not in repr(list(said))


@pytest.mark.processes
async def test_tickets_are_filtered_by_the_desk_itself(support: HttpAdapter) -> None:
    """By status and by time, and gone on with from a cursor."""
    middle = TICKETS[EAGER][10]["created"]
    early = await ask(support, "Customer.tickets", [EAGER], "number", opened_before=middle, sort=Sort.OLDEST_FIRST)
    late = await ask(support, "Customer.tickets", [EAGER], "number", opened_from=middle, sort=Sort.OLDEST_FIRST)
    assert numbers(early[EAGER]) + numbers(late[EAGER]) == [one["id"] for one in TICKETS[EAGER]]
    first = page((await ask(support, "Customer.tickets", [EAGER], "number", part=Slice(7)))[EAGER])
    rest = await ask(support, "Customer.tickets", [EAGER], "number", part=Slice(100, first.end_cursor))
    assert len(first.items) + len(page(rest[EAGER]).items) == len(TICKETS[EAGER])
    for status, word in zip(TicketStatus, ("fresh", "assigned", "pending", "resolved", "archived"), strict=True):
        told = await ask(support, "Customer.tickets", [EAGER], "number", status=(status,), sort=Sort.OLDEST_FIRST)
        assert numbers(told[EAGER]) == [one["id"] for one in TICKETS[EAGER] if one["status"] == word]


async def test_the_desk_takes_every_argument_of_its_lists() -> None:
    """But those that every list has."""
    adapter = support_adapter("http://desk.example", "x")
    taken = {offer.serves: offer.takes for offer in adapter.offers if offer.serves not in (CASE, INTERACTION)}
    await adapter.aclose()
    assert taken == {
        "Customer.tickets": set(TicketsBy.__annotations__),
        "Ticket.messages": set(MessagesBy.__annotations__),
    }


@pytest.mark.processes
async def test_who_has_no_ticket_is_told_from_who_is_not_known(support: HttpAdapter) -> None:
    """An empty list, and no record."""
    answers = await ask(support, "Customer.tickets", [SILENT, "S-1", ANNES], "number")
    assert page(answers[SILENT]) == Page(())
    assert answers["S-1"] == Missing()
    assert len(numbers(answers[ANNES])) == 2


@pytest.mark.processes
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Misbehaviour.DOWN, Reason.SOURCE_ERROR),
        (Misbehaviour.CUT, Reason.SOURCE_ERROR),
        (Misbehaviour.ERROR, Reason.SOURCE_ERROR),
        (Misbehaviour.GARBAGE, Reason.SOURCE_ERROR),
        (Misbehaviour.WRONG_CUSTOMER, Reason.SOURCE_MISMATCH),
    ],
)
@pytest.mark.parametrize("serves", ["Customer.tickets", "Ticket.messages"])
async def test_a_sick_desk_gives_a_reason_and_no_value(
    support: HttpAdapter, support_process: RunningSource, serves: str, kind: Misbehaviour, reason: Reason
) -> None:
    """For every key of both lists, whatever it does wrong; also for who has no ticket."""
    keys = [ANNES, SILENT, EAGER] if serves == "Customer.tickets" else list(MESSAGES)[:3]
    support_process.misbehave(kind)
    answers = await ask(support, serves, keys)
    reasons = [answer.reason for answer in answers.values() if isinstance(answer, SourceError)]
    assert (len(reasons), set(reasons) - {Reason.CIRCUIT_OPEN}) == (3, {reason})


@pytest.mark.processes
async def test_another_credential_is_refused(support_process: RunningSource) -> None:
    """SOURCE_AUTH."""
    adapter = support_adapter(support_process.url, "another")
    answers: Mapping[Key, Any] = await ask(adapter, "Customer.tickets", [ANNES], "number")
    await adapter.aclose()
    assert answers[ANNES].reason is Reason.SOURCE_AUTH
