"""The adapters of the sandbox against its real sources: facts in the model's words, and never a wrong person's."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import respx
from strawberry.types.base import StrawberryObjectDefinition

from adapters.adapter import Adapter, Batch, Call, Slice
from adapters.answers import Answer, Fault, Found, Key, Missing, Page, SourceError
from adapters.http import HttpAdapter
from adapters.records import Record
from adapters.sandbox.billing_store import SqliteBilling
from adapters.sandbox.companies import companies
from adapters.sandbox.ledger import accounts, invoices
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.people import ANNE, customers
from adapters.sandbox.process import RunningSource, start_source
from adapters.sandbox.sources import (
    billing_adapter,
    crm_adapter,
    orders_adapter,
    register_adapter,
    support_adapter,
)
from adapters.sql import SqlAdapter
from adapters.testing import every_field
from schema.customer import (
    AccountKind,
    AccountStatus,
    Channel,
    Company,
    CompanyStatus,
    ContactKind,
    Customer,
    InvoicesBy,
    InvoiceStatus,
    Segment,
    Sort,
    Ticket,
)
from schema.deadline import Deadline
from schema.reasons import Reason

WHOM = customers()[:60]
KEYS = [customer.crm_key for customer in WHOM]
LEIS = [company.lei for company in companies()[:50]]


@pytest.fixture(scope="module")
def crm_process() -> Iterator[RunningSource]:
    with start_source("crm") as source:
        yield source


@pytest.fixture(scope="module")
def register_process() -> Iterator[RunningSource]:
    with start_source("register") as source:
        yield source


@pytest.fixture
async def crm(crm_process: RunningSource) -> AsyncIterator[HttpAdapter]:
    crm_process.reset()
    adapter = crm_adapter(crm_process.url, crm_process.token)
    yield adapter
    await adapter.aclose()


@pytest.fixture
async def register(register_process: RunningSource) -> AsyncIterator[HttpAdapter]:
    register_process.reset()
    adapter = register_adapter(register_process.url)
    yield adapter
    await adapter.aclose()


@pytest.fixture
async def store(tmp_path: Path) -> SqliteBilling:
    store = SqliteBilling(tmp_path / "billing.db")
    await store.fill(accounts(WHOM), invoices(WHOM))
    return store


@pytest.fixture
async def billing(store: SqliteBilling) -> AsyncIterator[SqlAdapter]:
    adapter = billing_adapter(store.reader_url(), traced=store.heard)
    yield adapter
    await adapter.aclose()


async def ask(
    adapter: Adapter,
    keys: Sequence[Key],
    *fields: str,
    serves: str = "",
    part: Slice | None = None,
    **arguments: object,
) -> Mapping[Key, Answer]:
    """Ask the adapter's first offer, or the one that serves this."""
    offer = next(offer for offer in adapter.offers if serves in ("", offer.serves))
    wanted = tuple(sorted(fields or every_field(offer.record)))
    call = Call(Deadline.after(10), "dpv:CustomerCare")
    return await adapter.fetch(Batch(offer, wanted, tuple(keys), tuple(sorted(arguments.items())), part), call)


def facts(answer: Answer) -> Mapping[str, object]:
    assert isinstance(answer, Found)
    assert not isinstance(answer.record, Page)
    return answer.record


def rows(answer: Answer) -> Sequence[Mapping[str, object]]:
    assert isinstance(answer, Found)
    assert isinstance(answer.record, Page)
    return answer.record.items


@pytest.mark.processes
async def test_the_crm_tells_who_anne_is(crm: HttpAdapter) -> None:
    """Every field of the record, in the model's words and types; of the company only the key."""
    answers = await ask(crm, [KEYS[ANNE]])
    assert facts(answers[KEYS[ANNE]]) == {
        "name": {"display": "Anne Neumann", "given": "Anne", "family": "Neumann", "title": None},
        "date_of_birth": date(1915, 11, 11),
        "email": "anne.neumann.9@example.com",
        "contact_points": [
            {"kind": ContactKind.EMAIL, "value": "anne.neumann.9@example.com", "preferred": True},
            {"kind": ContactKind.PHONE, "value": "+61255500009", "preferred": False},
        ],
        "address": {
            "lines": ["8 Stanley Street"],
            "locality": "Winston Hills",
            "region": "NSW",
            "postal_code": "4223",
            "country": "AU",
        },
        "language": "el",
        "segment": Segment.SMALL_BUSINESS,
        "customer_since": date(1997, 1, 1),
        "preferred_channel": Channel.POST,
        "company": "ZZZZ00A035319BCF2865",
    }


@pytest.mark.processes
async def test_fifty_customers_are_one_call_for_the_fields_asked(crm: HttpAdapter, crm_process: RunningSource) -> None:
    """By the source's own counters: the fields that the facts need and the key."""
    answers = await ask(crm, KEYS[:50], "name.display", "segment")
    assert [facts(answers[key])["name"] for key in KEYS[:2]] == [
        {"display": f"{who.person.given} {who.person.family}"} for who in WHOM[:2]
    ]
    assert crm_process.counters()["asked"] == [{"keys": KEYS[:50], "fields": ["displayName", "id", "segmentCode"]}]


@pytest.mark.processes
async def test_every_record_of_the_crm_can_be_read(crm: HttpAdapter, crm_process: RunningSource) -> None:
    """No customer of the 2,500 has a value that the record does not take."""
    keys = [customer.crm_key for customer in customers()]
    answers = await ask(crm, keys)
    assert not [key for key in keys if "Fault" in repr(facts(answers[key]))]
    assert crm_process.counters()["calls"] == 25


@pytest.mark.processes
async def test_the_register_is_asked_for_fifty_companies_at_once(
    register: HttpAdapter, register_process: RunningSource
) -> None:
    """One call, for the attributes that hold the fields, and a page that is large enough."""
    answers = await ask(register, LEIS, "name", "status")
    assert facts(answers[LEIS[0]]) == {"name": companies()[0].name, "status": CompanyStatus.ACTIVE}
    assert all(isinstance(answer, Found) for answer in answers.values())
    assert register_process.counters()["asked"] == [{"keys": LEIS, "fields": ["entity"]}]


@pytest.mark.processes
async def test_the_register_tells_all_about_a_company(register: HttpAdapter) -> None:
    """Every field of the record; an identifier that it does not know is Missing."""
    firm, unknown = companies()[0], "ZZZZ00000000000000XX"
    answers = await ask(register, [firm.lei, unknown])
    street, city, code = firm.seat
    assert facts(answers[firm.lei]) == {
        "lei": firm.lei,
        "name": firm.name,
        "status": CompanyStatus(firm.status),
        "jurisdiction": firm.jurisdiction,
        "legal_address": {
            "lines": [street],
            "locality": city,
            "region": None,
            "postal_code": code,
            "country": firm.jurisdiction,
        },
        "registered_on": firm.founded,
    }
    assert answers[unknown] == Missing()


@respx.mock(using="httpx")
async def test_a_company_without_attributes_costs_itself_only(respx_mock: respx.MockRouter) -> None:
    """A record in another shape has no value; what is no record at all belongs to nobody."""
    good = {"id": LEIS[0], "attributes": {"entity": {"status": "ACTIVE"}}}
    respx_mock.get(url__startswith="http://register.example/").respond(
        json={"data": [good, {"id": LEIS[1]}, {"id": LEIS[2], "attributes": [1]}, 7]}
    )
    adapter = register_adapter("http://register.example")
    answers = await ask(adapter, LEIS[:4], "status")
    await adapter.aclose()
    assert facts(answers[LEIS[0]]) == {"status": CompanyStatus.ACTIVE}
    assert facts(answers[LEIS[1]]) == facts(answers[LEIS[2]]) == {"status": Fault(Reason.VALUE_INVALID)}
    assert isinstance(answers[LEIS[3]], SourceError)


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
async def test_a_sick_source_gives_a_reason_and_no_value(
    crm: HttpAdapter, crm_process: RunningSource, kind: Misbehaviour, reason: Reason
) -> None:
    """For every key, whatever the source does wrong."""
    crm_process.misbehave(kind)
    answers = await ask(crm, KEYS[:3], "name.display")
    assert {type(answer) for answer in answers.values()} == {SourceError}
    assert {answer.reason for answer in answers.values() if isinstance(answer, SourceError)} == {reason}


@pytest.mark.processes
async def test_records_in_another_order_reach_their_own_customers(crm: HttpAdapter, crm_process: RunningSource) -> None:
    """By the key that each echoes."""
    ordered = await ask(crm, KEYS[:9], "name.display")
    crm_process.misbehave(Misbehaviour.SHUFFLED)
    shuffled = await ask(crm, KEYS[:9], "name.display")
    assert {key: facts(answer) for key, answer in shuffled.items()} == {k: facts(a) for k, a in ordered.items()}


@pytest.mark.processes
async def test_another_credential_is_refused(crm_process: RunningSource) -> None:
    """SOURCE_AUTH for every key."""
    adapter = crm_adapter(crm_process.url, "another")
    answers = await ask(adapter, KEYS[:1], "segment")
    await adapter.aclose()
    (answer,) = answers.values()
    assert isinstance(answer, SourceError)
    assert answer.reason is Reason.SOURCE_AUTH


async def test_billing_tells_what_anne_owes(billing: SqlAdapter) -> None:
    """Two accounts in their order, amounts to the cent."""
    (key,) = WHOM[ANNE].billing_keys
    answers = await ask(billing, [key])
    assert rows(answers[key]) == (
        {
            "number": "A-101348-1",
            "kind": AccountKind.CURRENT,
            "status": AccountStatus.OPEN,
            "balance": {"amount": Decimal("0.00"), "currency": "USD"},
            "opened_on": date(1997, 1, 1),
            "days_overdue": 0,
        },
        {
            "number": "A-101348-2",
            "kind": AccountKind.CREDIT,
            "status": AccountStatus.OPEN,
            "balance": {"amount": Decimal("48.45"), "currency": "USD"},
            "opened_on": date(1997, 4, 20),
            "days_overdue": 36,
        },
    )


async def test_billing_is_asked_in_one_statement_for_the_columns_wanted(
    billing: SqlAdapter, store: SqliteBilling
) -> None:
    """A customer whom billing does not know has no accounts."""
    keys = [key for customer in WHOM for key in customer.billing_keys]
    answers = await ask(billing, [*keys, "B-999999"], "balance.amount")
    assert rows(answers["B-999999"]) == ()
    assert all(rows(answers[key]) for key in keys)
    (counted,) = await store.counted()
    assert (counted.view, counted.columns, counted.calls) == ("account_v", ("balance", "customer_no"), 1)


async def test_a_database_that_mixes_customers_up_gives_nobody_a_wrong_balance(
    billing: SqlAdapter, store: SqliteBilling
) -> None:
    """Rows of somebody else are discarded, and the reason says so."""
    (key,) = WHOM[ANNE].billing_keys
    await store.behave(Misbehaviour.WRONG_CUSTOMER)
    (answer,) = (await ask(billing, [key])).values()
    assert isinstance(answer, SourceError)
    assert answer.reason is Reason.SOURCE_MISMATCH


async def test_billing_lists_annes_invoices(billing: SqlAdapter, store: SqliteBilling) -> None:
    """Newest first, page by page, amounts to the cent; what is outstanding adds up to what her accounts say."""
    (key,) = WHOM[ANNE].billing_keys
    first = (await ask(billing, [key], serves="Customer.invoices", part=Slice(2), sort=Sort.NEWEST_FIRST))[key]
    newest = rows(first)[0]
    assert newest == {
        "number": "I-101348-012",
        "status": InvoiceStatus.OVERDUE,
        "issued_on": date(1998, 4, 26),
        "due_on": date(1998, 5, 26),
        "total": {"amount": Decimal("48.45"), "currency": "USD"},
        "outstanding": {"amount": Decimal("48.45"), "currency": "USD"},
    }
    every = rows((await ask(billing, [key], serves="Customer.invoices", sort=Sort.OLDEST_FIRST))[key])
    assert [one["number"] for one in every] == [f"I-101348-{number:03}" for number in range(1, 13)]
    assert every[-1] == newest
    owed = [one for one in every if one["status"] is not InvoiceStatus.PAID]
    assert sum(amount(one, "outstanding") for one in owed) == Decimal("48.45")
    assert [amount(one, "outstanding") for one in owed] == [amount(one, "total") for one in owed]
    assert [one.calls for one in await store.counted()] == [2]


def amount(facts: Mapping[str, object], field: str) -> Decimal:
    money = facts[field]
    assert isinstance(money, Mapping)
    assert isinstance(money["amount"], Decimal)
    return money["amount"]


@pytest.mark.parametrize("status", [(), (InvoiceStatus.OVERDUE,), (InvoiceStatus.OPEN, InvoiceStatus.OVERDUE)])
@pytest.mark.parametrize("sort", Sort)
async def test_invoices_are_filtered_by_billing_itself(
    billing: SqlAdapter, store: SqliteBilling, status: tuple[InvoiceStatus, ...], sort: Sort
) -> None:
    """By status and day of issue, for fifty customers in one statement."""
    keys = [key for customer in WHOM for key in customer.billing_keys][:50]
    issued_from, issued_before = date(1997, 2, 1), date(1998, 6, 1)
    given = {"status": status, "issued_from": issued_from, "issued_before": issued_before, "sort": sort}
    answers = await ask(billing, keys, "number", serves="Customer.invoices", part=Slice(3), **given)
    words = {one.value.lower() for one in status}
    wanted = {
        key: [
            bill.invoice_no
            for bill in sorted(
                invoices(WHOM),
                key=lambda bill: (bill.issued_on, bill.invoice_no),
                reverse=sort is Sort.NEWEST_FIRST,
            )
            if bill.customer_no == key and bill.status in words and issued_from <= bill.issued_on < issued_before
        ][:3]
        for key in keys
    }
    assert {key: [one["number"] for one in rows(answer)] for key, answer in answers.items()} == wanted
    assert bool(status) is any(wanted.values())
    assert [(one.view, one.calls) for one in await store.counted()] == [("invoice_v", 1)]


async def test_billing_takes_every_argument_of_the_list(billing: SqlAdapter) -> None:
    """But those that every list has."""
    (offer,) = [offer for offer in billing.offers if offer.serves == "Customer.invoices"]
    assert offer.takes == set(InvoicesBy.__annotations__)


def of_model(model: Any, coordinate: str) -> Any:
    """Return the model type that an offer serves: `Customer.accounts` is of Account, as are pages of them."""
    _, _, field = coordinate.partition(".")
    if not field:
        return model
    found = object_type(type_of(model, field))
    is_page = any(one.python_name == "nodes" for one in found.__strawberry_definition__.fields)
    return object_type(type_of(found, "nodes")) if is_page else found


def type_of(model: Any, field: str) -> Any:
    definition: StrawberryObjectDefinition = model.__strawberry_definition__
    return {found.python_name: found.type for found in definition.fields}[field]


def object_type(annotation: Any) -> Any:
    """Return the object type inside lists and optionals, None when there is none."""
    while hasattr(annotation, "of_type"):
        annotation = annotation.of_type
    return annotation if hasattr(annotation, "__strawberry_definition__") else None


def unknown_fields(record: type[Record], model: Any) -> list[str]:
    names = {field.python_name for field in model.__strawberry_definition__.fields}
    unknown = [f"{model.__name__}.{name}" for name in record.model_fields if name not in names]
    for name in set(record.model_fields) & names:
        nested = record.record_nested(name)
        if nested is not None:
            unknown += unknown_fields(nested, object_type(type_of(model, name)))
    return unknown


@pytest.mark.parametrize("model", [Customer, Company, Ticket])
async def test_every_mapped_field_is_one_of_the_models(model: Any) -> None:
    """A record names the model's own fields, as Python spells them, at every depth."""
    adapters: list[Adapter] = [
        crm_adapter("http://crm.example", "x"),
        register_adapter("http://register.example"),
        billing_adapter("sqlite:///x"),
        orders_adapter("http://orders.example", "x"),
        support_adapter("http://support.example", "x"),
    ]
    offers = [offer for adapter in adapters for offer in adapter.offers if offer.entity == model.__name__]
    assert offers
    assert [name for offer in offers for name in unknown_fields(offer.record, of_model(model, offer.serves))] == []
    for adapter in adapters:
        await adapter.aclose()
