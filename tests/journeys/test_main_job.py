"""The main job on real sources: few calls, only the fields asked, and never a wrong value whatever a source does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from adapters.sandbox.billing_store import PostgresBilling
from adapters.sandbox.ledger import accounts, invoices
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.people import Customer
from adapters.sandbox.postgres import PostgresServer
from adapters.sandbox.process import start_source
from adapters.sandbox.purchases import as_purchases
from adapters.sandbox.tickets import as_tickets
from tests.journeys.town import SELECTION, Town, at_desk, bills_of, open_town

pytestmark = [pytest.mark.postgres, pytest.mark.processes]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


def ordinary(town: Town, number: int) -> list[Customer]:
    """Return customers that every source knows by one key, with a company, whom nothing restricts."""
    found = [one for one in town.whom if len(one.billing_keys) == 1 and one.company and not one.is_restricted]
    return found[:number]


async def test_fifty_customers_cost_one_call_a_source_and_only_the_fields_asked(town: Town) -> None:
    """The sources' own counters say so."""
    fifty = ordinary(town, 50)
    async with at_desk(town) as desk:
        answer = await desk.ask_for(fifty)
        counted = await town.billing.counted()
    assert answer["data"]["customers"] == [town.truth(one) for one in fifty]
    assert "errors" not in answer
    crm, register = town.counters("crm"), town.counters("register")
    assert (crm["calls"], crm["keys"]) == (1, 50)
    assert sorted(crm["fields"]) == ["companyLei", "displayName", "id"]
    assert (register["calls"], register["keys"]) == (1, len({one.company and one.company.lei for one in fifty}))
    assert [(one.view, one.calls) for one in counted] == [("account_v", 1), ("invoice_v", 1)]
    assert sorted(counted[0].columns) == ["account_no", "balance", "currency", "customer_no"]
    orders = town.counters("orders")
    assert (orders["calls"], orders["keys"], sorted(orders["fields"])) == (1, 50, ["id", "items", "reference"])
    asked = town.counters("support")["asked"]
    assert sorted(call["keys"] for call in asked) == sorted([one.support_key] for one in fifty)
    receipt = {one["offer"]: one["calls"] for one in answer["extensions"]["receipt"]["sources"]}
    assert receipt == {"customers": 1, "accounts": 1, "invoices": 1, "orders": 1, "tickets": 50, "lei-records": 1}


async def test_support_is_never_asked_more_often_at_once_than_declared(town: Town) -> None:
    """Calls that take a while, and the messages of the tickets after them: eight at once, as support itself says.

    The requests of two consumers share the bound.
    """
    fifty = ordinary(town, 50)
    async with at_desk(town) as desk:
        await asyncio.to_thread(town.running["support"].misbehave, Misbehaviour.SLOW, 0.02)
        selection = "{ tickets(first: 1) { nodes { number messages(first: 1) { nodes { text } } } } }"
        halves = (fifty[::2], fifty[1::2])
        answers = await asyncio.gather(*(desk.ask_for(half, selection) for half in halves))
    counted = town.counters("support")
    raised = [[as_tickets(one)[-1] for one in half if as_tickets(one)] for half in halves]
    assert counted["at_once"] == 8
    assert counted["calls"] == 50 + sum(map(len, raised))
    for answer, wanted in zip(answers, raised, strict=True):
        told = [node for one in answer["data"]["customers"] for node in one["tickets"]["nodes"]]
        assert told == [
            {"number": one["id"], "messages": {"nodes": [{"text": one["messages"][0]["text"]}]}} for one in wanted
        ]


async def test_two_consumers_who_ask_the_same_at_once_share_the_calls(town: Town) -> None:
    """Both are answered whole, and support is asked once for each customer and ticket."""
    ten = ordinary(town, 10)
    async with at_desk(town) as desk:
        await asyncio.to_thread(town.running["support"].misbehave, Misbehaviour.SLOW, 0.02)
        selection = "{ tickets(first: 1) { nodes { number } } }"
        first, second = await asyncio.gather(desk.ask_for(ten, selection), desk.ask_for(ten, selection))
    assert first["data"] == second["data"]
    assert town.counters("support")["calls"] == 10


async def test_lists_and_pages_cost_what_was_said_before(town: Town) -> None:
    """Explain's numbers are the most; where every list is as long as asked, they are the calls."""
    eager = sorted(town.whom, key=lambda one: -len(as_tickets(one)))[:3]
    async with at_desk(town) as desk:
        plan = await desk.explain_for(eager)
        assert plan["sources"]["support"]["calls"] == 3
        await desk.ask_for(eager)
        assert town.counters("support")["calls"] == 3
        assert {name: told["calls"] for name, told in plan["sources"].items()} == {
            "crm": 1,
            "billing": 2,
            "orders": 1,
            "support": 3,
            "register": 1,
        }
        await town.reset()
        selection = "{ tickets(first: 41) { nodes { number } } orders(first: 60) { nodes { number } } }"
        paged = await desk.explain_for(eager, selection)
        assert paged["sources"] == {"support": {"calls": 9, "fields": 1}, "orders": {"calls": 4, "fields": 1}}
        answer = await desk.ask_for(eager, selection)
    for got, customer in zip(answer["data"]["customers"], eager, strict=True):
        newest = [one["id"] for one in reversed(as_tickets(customer))]
        assert [one["number"] for one in got["tickets"]["nodes"]] == newest[:41]
    assert town.counters("support")["calls"] == 9
    further = sum(len(one.purchases) > 50 for one in eager)
    assert town.counters("orders")["calls"] == 1 + further


@pytest.mark.parametrize(("listed", "first"), [("tickets", 7), ("tickets", 45), ("orders", 9), ("invoices", 4)])
async def test_pages_make_the_whole_list_as_the_source_holds_it(town: Town, listed: str, first: int) -> None:
    """Cursor by cursor, newest first: nothing lost, nothing twice."""
    plain = [one for one in town.whom if len(one.billing_keys) == 1]
    if listed == "tickets":
        customer = max(plain, key=lambda one: len(as_tickets(one)))
        held = [one["id"] for one in reversed(as_tickets(customer))]
    else:
        customer = max(plain, key=lambda one: len(one.purchases))
        bought = [one["reference"] for one in reversed(as_purchases(customer))]
        held = bought if listed == "orders" else bills_of(customer)
    async with at_desk(town) as desk:
        pages = await desk.read_on(customer, listed, first)
    assert [number for page in pages for number in page] == held
    assert {len(page) for page in pages[:-1]} == {first}
    assert len(pages) == -(-len(held) // first)


async def test_a_customer_with_two_keys_is_paged_through_both(town: Town) -> None:
    """One key's invoices, then the other's; one page holds some of each."""
    moved = [one for one in town.whom if len(one.billing_keys) == 2]
    customer = max(moved, key=lambda one: min(len(bills_of(one, key)) for key in one.billing_keys))
    one, other = (bills_of(customer, key) for key in customer.billing_keys)
    async with at_desk(town) as desk:
        pages = await desk.read_on(customer, "invoices", 2)
        threes = await desk.read_on(customer, "invoices", 3)
    read = [number for page in pages for number in page]
    assert read in (one + other, other + one)
    assert [number for page in threes for number in page] == read
    assert any(set(page) & set(one) and set(page) & set(other) for page in (*pages, *threes))


async def test_aliases_fragments_and_a_second_root_field_add_no_call(town: Town) -> None:
    """One call for each source, offer, arguments, allowed fields and batch, whatever the shape of the query."""
    some = ordinary(town, 3)
    query = """
      query Shapes($first: CustomerBy!, $rest: [CustomerBy!]!) {
        a: customer(by: $first) { ...Named again: name { display } accounts { number } }
        rest: customers(by: $rest) { ...Named accounts { balance { amount } } }
      }
      fragment Named on Customer { called: name { display } firm: company { name } other: company { name } }
    """
    by = [{"crm": one.crm_key} for one in some]
    async with at_desk(town) as desk:
        answer = await desk.ask(query, {"first": by[0], "rest": by[1:]})
        counted = await town.billing.counted()
    assert answer["data"]["a"]["called"] == answer["data"]["a"]["again"] == town.truth(some[0])["name"]
    assert [one["firm"] for one in answer["data"]["rest"]] == [town.truth(one)["company"] for one in some[1:]]
    assert (town.counters("crm")["calls"], town.counters("crm")["keys"]) == (1, 3)
    assert town.counters("register")["calls"] == 1
    assert sum(one.calls for one in counted) == 1


async def test_all_keys_of_a_customer_answer_and_restrictions_hold(town: Town) -> None:
    """Lists are joined over a customer's keys; a restricted list is withheld and its customer's key never sent."""
    moved = next(one for one in town.whom if len(one.billing_keys) == 2 and not one.is_restricted)
    restricted = next(one for one in town.whom if one.is_restricted and one.billing_keys)
    unbilled = next(one for one in town.whom if not one.billing_keys and not one.is_restricted)
    async with at_desk(town) as desk:
        answer = await desk.ask_for(
            [moved, restricted, unbilled], "{ id accounts { number balance { amount currency } } }"
        )
    first, second, third = answer["data"]["customers"]
    known = {one["number"]: one for one in town.truth(moved)["accounts"]}
    assert {one["number"]: one for one in first["accounts"]} == known
    assert second["accounts"] is None
    assert third["accounts"] is None
    withheld, absent = answer["extensions"]["withheld"], answer["extensions"]["absent"]
    assert [(one["coordinate"], one["code"], one["paths"]) for one in withheld] == [
        ("Customer.accounts", "SUBJECT_RESTRICTED", [["customers", 1, "accounts"]])
    ]
    assert [(one["coordinate"], one["code"], one["paths"]) for one in absent] == [
        ("Customer.accounts", "SOURCE_NOT_LINKED", [["customers", 2, "accounts"]])
    ]
    (billing,) = answer["extensions"]["receipt"]["sources"]
    assert (billing["source"], billing["keys"]) == ("billing", 2)


async def test_an_unknown_customer_and_a_hidden_field_cost_no_call(town: Town) -> None:
    """SUBJECT_UNKNOWN and "Cannot query field": neither says more, and no source hears of it."""
    async with at_desk(town) as desk:
        unknown = await desk.ask(f'{{ customer(by: {{crm: "C-999999"}}) {SELECTION} }}')
        hidden = await desk.ask('{ customer(by: {crm: "C-000001"}) { dateOfBirth segmen } }')
        counted = await town.billing.counted()
    assert unknown["data"] == {"customer": None}
    assert [one["code"] for one in unknown["extensions"]["withheld"]] == ["SUBJECT_UNKNOWN"]
    assert [one["message"] for one in hidden["errors"]] == [
        "Cannot query field 'dateOfBirth' on type 'Customer'.",
        "Cannot query field 'segmen' on type 'Customer'.",
    ]
    assert {town.counters(source)["calls"] for source in town.running} == {0}
    assert list(counted) == []


SICK = {
    "crm": ("name", "company"),
    "billing": ("accounts", "invoices"),
    "register": ("company",),
    "orders": ("orders",),
    "support": ("tickets",),
}
"""What each source has to do with."""


@pytest.mark.parametrize("source", [source for source in SICK if source != "billing"])
async def test_a_killed_source_costs_its_own_fields_and_each_null_says_why(town: Town, source: str) -> None:
    """The process is gone, not only told to misbehave."""
    some = ordinary(town, 3)
    with start_source(source) as doomed:
        mortal = replace(town, running={**town.running, source: doomed})
        async with at_desk(mortal) as desk:
            doomed.process.kill()
            doomed.process.wait(5)
            answer = await desk.ask_for(some)
    _only_its_own_are_null(town, some, source, answer)


async def test_a_killed_database_costs_its_own_fields_and_each_null_says_why(town: Town) -> None:
    """PostgreSQL ends in the way of a crash."""
    some = ordinary(town, 3)
    server = await asyncio.to_thread(PostgresServer.start)
    try:
        billing = PostgresBilling(server)
        await billing.fill(accounts(some), invoices(some))
        async with at_desk(replace(town, billing=billing, server=server)) as desk:
            assert "errors" not in await desk.ask_for(some)
            os.kill(server.process, signal.SIGQUIT)
            answer = await desk.ask_for(some)
    finally:
        await asyncio.to_thread(server.stop)
    _only_its_own_are_null(town, some, "billing", answer)


def _only_its_own_are_null(town: Town, whom: Sequence[Customer], source: str, answer: Mapping[str, Any]) -> None:
    """Check that what others own is there, and that each null of the source's own has its error."""
    null: dict[str, Any] = {"company": {"name": None}} if source == "register" else dict.fromkeys(SICK[source])
    for got, customer in zip(answer["data"]["customers"], whom, strict=True):
        assert got == town.truth(customer) | null
    codes = {tuple(one["path"][:3]): one["extensions"]["code"] for one in answer["errors"]}
    assert set(codes) == {("customers", place, name) for place in range(len(whom)) for name in SICK[source]}
    assert len(codes) == len(answer["errors"])
    assert set(codes.values()) <= {"SOURCE_ERROR", "SOURCE_TIMEOUT", "CIRCUIT_OPEN"}


@pytest.mark.parametrize("how", [how for how in Misbehaviour if how is not Misbehaviour.NONE])
@pytest.mark.parametrize("source", SICK)
async def test_a_misbehaving_source_never_gives_a_wrong_value(town: Town, source: str, how: Misbehaviour) -> None:
    """Other sources' fields are right and whole; of its own each is right, or null with a reason.

    A source that has nothing of a customer may say so by leaving him out: that he has ordered nothing, for one.
    """
    some = ordinary(town, 5)
    async with at_desk(town, deadline=400) as desk:
        await town.behave(source, how, desk.relay)
        answer = await desk.ask_for(some)
    sick = SICK[source]
    explained = {tuple(one["path"]) for one in answer.get("errors", ())}
    places = range(len(some))
    for path in [path for one in answer["extensions"].get("absent", ()) for path in one["paths"]]:
        explained |= {tuple(place if step == "*" else step for step in path) for place in places}
    for place, customer in enumerate(some):
        got, wanted = answer["data"]["customers"][place], town.truth(customer)
        for name, value in wanted.items():
            if name not in sick:
                assert got[name] == value
            elif how is not Misbehaviour.MISSING or name != "orders" or got[name]["nodes"]:
                _right_or_explained(got[name], value, ("customers", place, name), explained)
    if how is Misbehaviour.SHUFFLED:
        assert answer["data"]["customers"] == [town.truth(one) for one in some]


def _right_or_explained(
    got: Any, wanted: Any, path: tuple[str | int, ...], explained: set[tuple[str | int, ...]]
) -> None:
    if got is None and wanted is not None:
        assert path in explained, f"null at {path} without a reason"
    elif isinstance(got, dict):
        for name, value in got.items():
            _right_or_explained(value, wanted[name], (*path, name), explained)
    else:
        assert got == wanted, path
