"""The sandbox's views that wait for consent, for a level or for an open case, over its real sources."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.adapter import Adapter
from adapters.crossref import LinkedKey, Subject
from adapters.sandbox.interactions import as_interactions
from adapters.sandbox.people import ANNE, Customer, customers
from adapters.sandbox.permissions import as_permissions
from adapters.sandbox.process import RunningSource, start_source
from adapters.sandbox.sources import crm_adapter, orders_adapter, support_adapter
from adapters.sandbox.tickets import as_tickets
from resolvers import Engine, Request
from schema.caller import Caller
from schema.customer import Customer as CustomerType
from schema.deadline import Deadline
from schema.model import Model
from schema.situation import Situation
from schema.verification import Assertion, Level
from schema.view_files import load_views
from schema.view_rules import SubjectRule
from schema.views import View
from tests.gateway.cli_project import ROOT
from tests.gateway.sandbox_adapters import sandbox_adapters
from tests.resolvers.harbour import MemoryCrossReference

MODEL = Model(CustomerType)
EVERYBODY = customers()[:40]
NAMES = ("crm", "support", "orders")
NEWS = "query ($by: [CustomerBy!]!) { customers(by: $by) { id name { given } email language } }"
DESK = """query ($by: CustomerBy!) { customer(by: $by) {
  name { display given } customerSince
  tickets(first: 1) { nodes { number subject messages(first: 1) { nodes { text } } } }
  contactPoints { value } address { locality } } }"""


@pytest.fixture(scope="module")
def running() -> Iterator[Mapping[str, RunningSource]]:
    with start_source("crm") as crm, start_source("support") as support, start_source("orders") as orders:
        for source in (crm, support, orders):
            source.reset()  # returns when it answers
        yield {"crm": crm, "support": support, "orders": orders}


def view(name: str) -> View:
    return next(one.view for one in load_views(ROOT / "adapters" / "sandbox" / "views").views if one.view.id == name)


def subject(customer: Customer) -> Subject:
    keys = {"crm": customer.crm_key, "support": customer.support_key, "orders": customer.order_key}
    return Subject(customer.customer_id, False, {name: (LinkedKey(key, key),) for name, key in keys.items()})


@asynccontextmanager
async def engine(running: Mapping[str, RunningSource], *more: Customer) -> AsyncIterator[Engine]:
    sources = {name: (running[name].url, running[name].token) for name in NAMES}
    asked: list[Adapter] = [crm_adapter(*sources["crm"]), support_adapter(*sources["support"])]
    asked.append(orders_adapter(*sources["orders"]))
    others = [one for one in sandbox_adapters() if one.source not in NAMES]
    crossref = MemoryCrossReference({one.customer_id: subject(one) for one in (*EVERYBODY, *more)})
    made = Engine(MODEL, [*asked, *others], crossref)
    try:
        yield made
    finally:
        await made.aclose()
        for adapter in (*asked, *others):
            await adapter.aclose()


async def test_the_newsletter_is_told_of_those_alone_who_have_agreed(running: Mapping[str, RunningSource]) -> None:
    """One call for all consents, one for those who may be written to: nothing of anybody else is asked."""
    running["crm"].reset()
    agreed = [one for one in EVERYBODY if any(p["medium"] == "EML" and p["state"] == "Y" for p in as_permissions(one))]
    async with engine(running) as asked:
        request = Request(NEWS, variables={"by": [{"id": one.customer_id} for one in EVERYBODY]})
        answer = await asked.answer(view("newsletter@1"), request, Caller("newsletter-sender"), Deadline.after(10))
    found = answer["data"]["customers"]
    shown = {one["id"] for one in found if one["email"] is not None}
    assert shown == {one.customer_id for one in agreed}
    assert 0 < len(shown) < len(EVERYBODY)
    assert all(one["name"] is None or one["name"]["given"] is None for one in found if one["id"] not in shown)
    codes = {one["code"] for one in answer["extensions"]["withheld"]}
    assert codes == {"CONSENT_MISSING", "CONSENT_REFUSED", "CONSENT_WITHDRAWN"}
    consents, names = running["crm"].counters()["asked"]
    assert sorted(consents["keys"]) == sorted(one.crm_key for one in EVERYBODY)
    assert sorted(names["keys"]) == sorted(one.crm_key for one in agreed)
    assert sorted(names["fields"]) == ["contacts", "firstName", "id", "language"]


@pytest.mark.parametrize(
    ("level", "shown", "withheld"),
    [
        (
            Level.V0,
            ["name"],
            {
                "Name.given": "VERIFICATION_REQUIRED",
                "Customer.customerSince": "VERIFICATION_REQUIRED",
                "Customer.tickets": "VERIFICATION_REQUIRED",
                "Customer.contactPoints": "VERIFICATION_REQUIRED",
                "Customer.address": "VERIFICATION_REQUIRED",
            },
        ),
        (
            Level.V2,
            ["name", "customerSince", "tickets", "contactPoints"],
            {"Customer.address": "VERIFICATION_REQUIRED", "Ticket.messages": "RELATIONSHIP_REQUIRED"},
        ),
        (
            Level.V3,
            ["name", "customerSince", "tickets", "contactPoints", "address"],
            {"Ticket.messages": "RELATIONSHIP_REQUIRED"},
        ),
    ],
)
async def test_the_desk_sees_more_the_better_the_customer_is_verified(
    running: Mapping[str, RunningSource], level: Level, shown: list[str], withheld: dict[str, str]
) -> None:
    """And what was written about a ticket only while a case is open: Anne has none."""
    anne = EVERYBODY[ANNE]
    for source in running.values():
        source.reset()
    async with engine(running) as asked:
        now = time.time()
        methods = ("otp",) if level < Level.V3 else ("otp", "kba")
        said = Assertion(None, anne.customer_id, level, methods, now, now + 600, "CALL-1", "https://idv.example")
        caller = Caller("voice-desk", assertions=(said,) if level else ())
        situation = Situation(channel="voice", journey="service", interaction="CALL-1")
        request = Request(DESK, variables={"by": {"crm": anne.crm_key}}, situation=situation)
        answer = await asked.answer(view("support-call@3"), request, caller, Deadline.after(10))
    customer = answer["data"]["customer"]
    assert [name for name, value in customer.items() if value is not None] == shown
    assert customer["name"]["display"] == ("A. N." if level < Level.V2 else "Anne Neumann")
    assert {one["coordinate"]: one["code"] for one in answer["extensions"]["withheld"]} == withheld
    desk = running["support"].counters()
    assert desk["calls"] == (0 if level < Level.V1 else 2), "the tickets, and whether a case is open"


async def test_an_open_case_opens_what_was_written(running: Mapping[str, RunningSource]) -> None:
    """Named or not; one that is not the customer's own opens nothing."""
    one = next(one for one in EVERYBODY if _open(one))
    async with engine(running) as asked:
        for case, code in ((None, None), (_open(one)[0], None), ("T-1-01", "RELATIONSHIP_REQUIRED")):
            now = time.time()
            said = Assertion(None, one.customer_id, Level.V2, ("otp",), now, now + 600, "CALL-1", "https://idv.example")
            situation = Situation(channel="voice", journey="service", case=case, interaction="CALL-1")
            request = Request(DESK, variables={"by": {"crm": one.crm_key}}, situation=situation)
            caller = Caller("voice-desk", assertions=(said,))
            answer = await asked.answer(view("support-call@3"), request, caller, Deadline.after(10))
            told = {one["coordinate"]: one["code"] for one in answer["extensions"]["withheld"]}
            assert told.get("Ticket.messages") == code
            (ticket,) = answer["data"]["customer"]["tickets"]["nodes"]
            assert (ticket["messages"] is None) == (code is not None)


async def test_a_view_can_be_for_the_customer_on_the_line_alone(running: Mapping[str, RunningSource]) -> None:
    """By the desk's own word, asked once for each customer; whoever else it is, nobody is shown."""
    anne, other = customers()[ANNE], next(one for one in EVERYBODY if not _on_the_line(one))
    whole = view("support-call@3")
    rule = SubjectRule(relationship="active-interaction", refusal_ms=400)
    through = whole.model_copy(update={"subject": rule})
    shown = []
    for who, named in ((anne, _on_the_line(anne)[0]), (anne, "I-1-01"), (anne, None), (other, _on_the_line(anne)[0])):
        running["support"].reset()
        async with engine(running, anne) as asked:
            situation = Situation(channel="voice", journey="service", interaction=named)
            query = "query ($by: CustomerBy!) { customer(by: $by) { id name { display } } }"
            request = Request(query, variables={"by": {"crm": who.crm_key}}, situation=situation)
            answer = await asked.answer(through, request, Caller("voice-desk"), Deadline.after(10))
        shown.append((answer["data"]["customer"] is not None, running["support"].counters()["calls"]))
    assert shown == [(True, 1), (False, 1), (False, 0), (False, 1)]


def _on_the_line(customer: Customer) -> list[Any]:
    return [one["id"] for one in as_interactions(customer) if one["state"] != "ended"]


def _open(customer: Customer) -> list[Any]:
    return [one["id"] for one in as_tickets(customer) if one["status"] in ("fresh", "assigned", "pending")]
