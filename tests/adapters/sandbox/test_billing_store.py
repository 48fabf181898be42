"""Billing's database, on PostgreSQL and on SQLite: what it holds, counts and gets wrong."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Found, Page
from adapters.records import Record
from adapters.sandbox.billing_store import BillingStore, Counted, PostgresBilling, SqliteBilling
from adapters.sandbox.ledger import Account, Invoice
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.postgres import PostgresServer
from adapters.sandbox.relay import Relay
from adapters.sql import By, SqlAdapter, SqlOffer
from adapters.sql.postgres import connected
from schema.deadline import Deadline
from schema.reasons import Reason


class Row(Record):
    account_no: str
    balance: Decimal | None
    opened_on: date | None


class Payment(Record):
    payment_no: str
    amount: Decimal | None


class Bill(Record):
    invoice_no: str
    status: str
    outstanding: Decimal | None


ACCOUNTS = SqlOffer(
    name="accounts",
    serves="Customer.accounts",
    record=Row,
    table="account_v",
    key="customer_no",
    key_column="asked_no",
    order_by=("account_no",),
    absent=Page,
)
FIRST = SqlOffer(
    name="first", serves="Account", record=Row, table="account_v", key="customer_no", key_column="asked_no"
)
PAYMENTS = SqlOffer(
    name="payments",
    serves="Customer.payments",
    record=Payment,
    table="payment_v",
    key="customer_no",
    key_column="asked_no",
    order_by=("payment_no",),
    absent=Page,
)
INVOICES = SqlOffer(
    name="invoices",
    serves="Customer.invoices",
    record=Bill,
    table="invoice_v",
    key="customer_no",
    key_column="asked_no",
    order_by=(By("issued_on", "date"), "invoice_no"),
    max_page=1,
    limits_per_key=True,
    absent=Page,
)
OFFERS = (ACCOUNTS, FIRST, PAYMENTS, INVOICES)


def rows() -> Iterator[Account]:
    """Two accounts of each of three customers."""
    for customer, account in itertools.product((1, 2, 3), (1, 2)):
        yield Account(
            account_no=f"A-{customer}-{account}",
            customer_no=f"B-{customer}",
            kind="current",
            status="open",
            balance=Decimal(f"{customer}{account}.50"),
            currency="USD",
            opened_on=date(1997, customer, account),
            days_overdue=0,
        )


def bills() -> Iterator[Invoice]:
    """One invoice of each account; those of the first customer are unpaid."""
    for account in rows():
        paid = None if account.customer_no == "B-1" else date(1997, 6, 1)
        yield Invoice(
            invoice_no=f"I{account.account_no[1:]}",
            account_no=account.account_no,
            customer_no=account.customer_no,
            status="paid" if paid else "open",
            amount=Decimal("9.90"),
            outstanding=Decimal("0.00") if paid else Decimal("9.90"),
            currency="USD",
            issued_on=date(1997, 5, 1),
            due_on=date(1997, 5, 31),
            paid_on=paid,
        )


Billing = tuple[BillingStore, SqlAdapter]
numbers = itertools.count()


@asynccontextmanager
async def on_sqlite(path: Path) -> AsyncIterator[Billing]:
    store = SqliteBilling(path)
    adapter = SqlAdapter("billing", OFFERS, url=store.reader_url(), traced=store.heard)
    yield store, adapter
    await adapter.aclose()


@asynccontextmanager
async def on_postgres(server: PostgresServer) -> AsyncIterator[Billing]:
    store = PostgresBilling(server, f"billing{next(numbers)}")
    async with Relay(server.socket) as relay:
        url = store.reader_url(host=relay.host, port=relay.port)
        adapter = SqlAdapter("billing", OFFERS, url=url)
        yield store, adapter
        await adapter.aclose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def billing(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Billing]:
    on_sqlite_ = request.param == "sqlite"
    place = on_sqlite(tmp_path / "b.db") if on_sqlite_ else on_postgres(request.getfixturevalue("postgres"))
    async with place as (store, adapter):
        await store.fill(rows(), bills())
        yield store, adapter


async def ask(
    adapter: SqlAdapter, offer: SqlOffer, *keys: str, fields: tuple[str, ...] = (), part: Slice | None = None
) -> dict[str, Any]:
    wanted = fields or tuple(sorted(offer.record.model_fields))
    call = Call(Deadline.after(5), "dpv:ServiceProvision")
    return dict(await adapter.fetch(Batch(offer, wanted, keys, slice=part), call))


def of_customer(number: int) -> list[dict[str, object]]:
    return [
        {"account_no": row.account_no, "balance": row.balance, "opened_on": row.opened_on}
        for row in rows()
        if row.customer_no == f"B-{number}"
    ]


async def test_accounts_and_payments_are_as_they_were_put_in(billing: Billing) -> None:
    """Amounts and days are exact, and a paid invoice has a payment."""
    _, adapter = billing
    accounts = await ask(adapter, ACCOUNTS, "B-1", "B-3", "B-9")
    assert list(accounts["B-1"].record.items) == of_customer(1)
    assert list(accounts["B-3"].record.items) == of_customer(3)
    assert accounts["B-9"].record == Page(())
    payments = await ask(adapter, PAYMENTS, "B-1", "B-2")
    assert payments["B-1"].record == Page(())
    assert list(payments["B-2"].record.items) == [
        {"payment_no": "P-I-2-1", "amount": Decimal("9.90")},
        {"payment_no": "P-I-2-2", "amount": Decimal("9.90")},
    ]


async def test_invoices_are_read_in_pages_and_counted(billing: Billing) -> None:
    """A page of three customers is one statement, of the columns wanted; each further page is one more."""
    store, adapter = billing
    keys = ("B-1", "B-2", "B-9")
    first = await ask(adapter, INVOICES, *keys, fields=("outstanding",), part=Slice(1))
    assert [list(first[key].record.items) for key in keys] == [
        [{"outstanding": Decimal("9.90")}], [{"outstanding": Decimal("0.00")}], []
    ]  # fmt: skip
    assert [first[key].record.has_next for key in keys] == [True, True, False]
    rest = await ask(adapter, INVOICES, "B-1", part=Slice(5, first["B-1"].record.end_cursor))
    assert [bill["invoice_no"] for bill in rest["B-1"].record.items] == ["I-1-2"]
    counted = await store.counted()
    assert [(one.view, one.columns, one.calls) for one in counted] == [
        ("invoice_v", ("customer_no", "invoice_no", "outstanding", "status"), 1),
        ("invoice_v", ("customer_no", "outstanding"), 1),
    ]
    assert [one.rows for one in counted] == ([1, 4] if isinstance(store, PostgresBilling) else [None, None])


async def test_pages_of_the_wrong_customer_are_never_an_answer(billing: Billing) -> None:
    """As with whole lists; and rows that come in disorder are put in order."""
    store, adapter = billing
    await store.behave(Misbehaviour.WRONG_CUSTOMER)
    for key in ("B-1", "B-2", "B-3"):
        assert (await ask(adapter, INVOICES, key))[key].reason is Reason.SOURCE_MISMATCH
    await store.behave(Misbehaviour.SHUFFLED)
    for _ in range(5):
        answers = await ask(adapter, INVOICES, "B-1", "B-2")
        bills = [[bill["invoice_no"] for bill in answer.record.items] for answer in answers.values()]
        assert bills == [["I-1-1", "I-1-2"], ["I-2-1", "I-2-2"]]


async def test_the_statements_are_counted_with_the_columns_they_ask(billing: Billing) -> None:
    """By view and columns, until they are forgotten; SQLite counts no rows."""
    store, adapter = billing
    for keys in (("B-1",), ("B-1", "B-2"), ("B-3",)):
        await ask(adapter, ACCOUNTS, *keys, fields=("balance",))
    await ask(adapter, PAYMENTS, "B-2", fields=("amount",))
    has_rows = isinstance(store, PostgresBilling)
    if isinstance(store, SqliteBilling):
        store.heard("SELECT 1")  # no statement of the adapter's
    assert await store.counted() == [
        Counted("account_v", ("balance", "customer_no"), 3, 8 if has_rows else None),
        Counted("payment_v", ("amount", "customer_no"), 1, 2 if has_rows else None),
    ]
    await store.forget()
    assert await store.counted() == []


async def test_rows_of_the_wrong_customer_are_never_an_answer(billing: Billing) -> None:
    """Who asks for a customer gets the next one's rows, the last one's asker the first's."""
    store, adapter = billing
    await store.behave(Misbehaviour.WRONG_CUSTOMER)
    for key in ("B-1", "B-2", "B-3"):
        assert (await ask(adapter, ACCOUNTS, key))[key].reason is Reason.SOURCE_MISMATCH
    some = await ask(adapter, ACCOUNTS, "B-1", "B-2")
    assert some["B-1"].reason is Reason.SOURCE_MISMATCH
    assert list(some["B-2"].record.items) == of_customer(2)
    await store.behave(Misbehaviour.NONE)
    assert list((await ask(adapter, ACCOUNTS, "B-1"))["B-1"].record.items) == of_customer(1)


async def test_shuffled_rows_reach_their_own_customers(billing: Billing) -> None:
    """In whatever order they come."""
    store, adapter = billing
    await store.behave(Misbehaviour.SHUFFLED)
    for _ in range(5):
        answers = await ask(adapter, ACCOUNTS, "B-1", "B-2", "B-3")
        assert [list(answers[f"B-{n}"].record.items) for n in (1, 2, 3)] == [of_customer(n) for n in (1, 2, 3)]


async def test_two_rows_for_facts_are_an_error(billing: Billing) -> None:
    """Which one is the customer's cannot be known."""
    answer = (await ask(billing[1], FIRST, "B-1"))["B-1"]
    assert answer.reason is Reason.SOURCE_ERROR


async def test_statements_can_fail(billing: Billing) -> None:
    """And are answered again afterwards. An SQLite file cannot be down: there the statements fail too."""
    store, adapter = billing
    for how in (Misbehaviour.ERROR, Misbehaviour.DOWN):
        await store.behave(how)
        fails = how is Misbehaviour.ERROR or isinstance(store, SqliteBilling)
        assert isinstance((await ask(adapter, ACCOUNTS, "B-1"))["B-1"], Found) is not fails
    await store.behave(Misbehaviour.SLOW)
    assert isinstance((await ask(adapter, ACCOUNTS, "B-1"))["B-1"], Found)


@pytest.mark.postgres
async def test_the_reader_may_read_the_views_and_nothing_else(postgres: PostgresServer) -> None:
    """Its password stands in its URL and in no repr."""
    store = PostgresBilling(postgres, f"billing{next(numbers)}")
    await store.fill(rows(), bills())
    async with connected(store.reader_url()) as reader:
        assert await reader.fetchval("SELECT count(*) FROM account_v") == 6
        assert await reader.fetchval("SHOW default_transaction_read_only") == "on"
        for statement in ("SELECT count(*) FROM account", "SET transaction_read_only = off; DELETE FROM account_v"):
            with pytest.raises(Exception, match="permission denied"):
                await reader.execute(statement)
    assert store._password not in repr(store)
