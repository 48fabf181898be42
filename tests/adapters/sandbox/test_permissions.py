"""What the sandbox's CRM keeps of what customers have agreed to, and what its adapter makes of it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from adapters.adapter import Adapter, Batch, Call
from adapters.answers import Found, Page
from adapters.gates import CASE, CONSENT, ConsentStatus
from adapters.offers import Offer
from adapters.sandbox.people import ANNE, customers
from adapters.sandbox.permissions import Permissions, as_permissions
from adapters.sandbox.process import RunningSource, start_source
from adapters.sandbox.server import sandbox_app
from adapters.sandbox.sources import crm_adapter, support_adapter
from adapters.sandbox.tickets import as_tickets
from schema.deadline import Deadline

WHOM = customers()[:60]
KEYS = [customer.crm_key for customer in WHOM]


@pytest.fixture(scope="module")
def crm() -> Iterator[RunningSource]:
    with start_source("crm") as source:
        source.reset()  # returns when it answers
        yield source


@pytest.fixture(scope="module")
def desk() -> Iterator[RunningSource]:
    with start_source("support") as source:
        source.reset()  # returns when it answers
        yield source


def serving(adapter: Adapter, serves: str) -> Offer:
    return next(offer for offer in adapter.offers if offer.serves == serves)


async def ask(query: dict[str, str], *, token: str = "sesame") -> httpx.Response:
    transport = httpx.ASGITransport(sandbox_app(Permissions("sesame", WHOM)))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://crm", headers=headers, trust_env=False
    ) as client:
        return await client.get("/permissions", params=query)


async def test_it_answers_the_permissions_of_many_customers() -> None:
    """Anne may be written to and no longer called; who was never asked has none, and is left out."""
    anne = WHOM[ANNE]
    answer = (await ask({"customers": f"{anne.crm_key},C-999999"})).json()
    assert [(one["medium"], one["state"]) for one in answer["permissions"]] == [("EML", "Y"), ("TEL", "X")]
    assert {one["customer"] for one in answer["permissions"]} == {anne.crm_key}


async def test_it_refuses_a_call_that_it_cannot_answer() -> None:
    """Without its credential, without a customer, and for more than a hundred."""
    assert (await ask({"customers": KEYS[0]}, token="other")).status_code == 401
    assert (await ask({"customers": ","})).status_code == 400
    assert (await ask({"customers": ",".join(map(str, range(101)))})).status_code == 400


def test_every_state_occurs() -> None:
    """So that the sandbox has somebody for every way in which consent is not given."""
    everybody = [as_permissions(customer) for customer in customers()[:300]]
    assert {one["state"] for of_one in everybody for one in of_one} == {"Y", "N", "X", "?"}
    assert () in map(tuple, everybody)


async def test_the_adapter_says_it_in_the_words_of_a_gate(crm: RunningSource) -> None:
    """One call for all customers; purposes, channels and statuses are those of views."""
    adapter = crm_adapter(crm.url, crm.token)
    offer = serving(adapter, CONSENT)
    fields = tuple(sorted(offer.record.model_fields))
    answers = await adapter.fetch(Batch(offer, fields, tuple(KEYS)), Call(Deadline.after(10), "CustomerCare"))
    await adapter.aclose()
    anne = answers[KEYS[ANNE]]
    assert isinstance(anne, Found)
    assert isinstance(anne.record, Page)
    assert [(one["purpose"], one["channel"], one["status"]) for one in anne.record.items] == [
        ("DirectMarketing", "email", ConsentStatus.GIVEN),
        ("DirectMarketing", "phone", ConsentStatus.WITHDRAWN),
    ]
    assert all(isinstance(answer, Found) for answer in answers.values())
    assert crm.counters()["calls"] == 1


async def test_a_ticket_is_a_case_that_is_open_until_it_is_answered(desk: RunningSource) -> None:
    """The desk is asked for open ones alone."""
    whom = [one for one in customers() if any(ticket["status"] == "pending" for ticket in as_tickets(one))][:3]
    adapter = support_adapter(desk.url, desk.token)
    offer = serving(adapter, CASE)
    keys = tuple(one.support_key for one in (*whom, WHOM[ANNE]))
    answers = await adapter.fetch(
        Batch(offer, ("is_open", "reference"), keys), Call(Deadline.after(10), "CustomerCare")
    )
    await adapter.aclose()
    for one in whom:
        answer = answers[one.support_key]
        assert isinstance(answer, Found)
        assert isinstance(answer.record, Page)
        wanted = [t["id"] for t in as_tickets(one) if t["status"] in ("fresh", "assigned", "pending")]
        assert sorted(str(case["reference"]) for case in answer.record.items) == sorted(wanted)
        assert all(case["is_open"] is True for case in answer.record.items)
    anne = answers[WHOM[ANNE].support_key]
    assert isinstance(anne, Found)
    assert isinstance(anne.record, Page)
    assert anne.record.items == ()
