"""Billing's database in the sandbox: its tables, the views that the gateway reads, and what it can do wrong.

Billing keeps accounts, invoices and payments under customer numbers of its own (`B-100001`). The gateway reads the
views `account_v`, `invoice_v` and `payment_v`: the tables' columns, and `asked_no`, the customer number that rows are
looked up by. In good order that is `customer_no` itself. A database that mixes customers up is one whose look-up finds
the rows of somebody else, so WRONG_CUSTOMER makes `asked_no` the number before: who asks for a customer gets the next
one's rows, which say whose they are.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

from adapters.sandbox.ledger import Account, Invoice
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.postgres import PostgresServer
from adapters.sql.postgres import connected

__all__ = ["BillingStore", "Counted", "Payment", "PostgresBilling", "SqliteBilling"]


@dataclass(frozen=True, slots=True)
class Payment:
    """One row of billing's payments: what settled an invoice."""

    payment_no: str
    invoice_no: str
    account_no: str
    customer_no: str
    amount: Decimal
    currency: str
    paid_on: date


@dataclass(frozen=True, slots=True)
class Counted:
    """A statement that the gateway sent: its view, the columns it asked, how often, and how many rows came back.

    `rows` is None where the database does not count them.
    """

    view: str
    columns: tuple[str, ...]
    calls: int
    rows: int | None


_TABLES = """
CREATE TABLE account (account_no text PRIMARY KEY, customer_no text NOT NULL, kind text NOT NULL, status text NOT NULL,
    balance {money} NOT NULL, currency char(3) NOT NULL, opened_on {day} NOT NULL, days_overdue integer NOT NULL);
CREATE TABLE invoice (invoice_no text PRIMARY KEY, account_no text NOT NULL, customer_no text NOT NULL,
    status text NOT NULL, amount {money} NOT NULL, outstanding {money} NOT NULL, currency char(3) NOT NULL,
    issued_on {day} NOT NULL, due_on {day} NOT NULL, paid_on {day});
CREATE TABLE payment (payment_no text PRIMARY KEY, invoice_no text NOT NULL, account_no text NOT NULL,
    customer_no text NOT NULL, amount {money} NOT NULL, currency char(3) NOT NULL, paid_on {day} NOT NULL);
"""
_INDEXES = """
CREATE INDEX account_customer ON account (customer_no);
CREATE INDEX invoice_customer ON invoice (customer_no, issued_on, invoice_no);
CREATE INDEX payment_customer ON payment (customer_no);
ANALYZE;
"""
_ROWS: dict[str, type[Account | Invoice | Payment]] = {"account": Account, "invoice": Invoice, "payment": Payment}

_IN_ORDER = "SELECT t.*, t.customer_no AS asked_no FROM {table} AS t"
_VIEWS = {
    Misbehaviour.SHUFFLED: f"{_IN_ORDER} ORDER BY random()",
    Misbehaviour.WRONG_CUSTOMER: """
        SELECT t.*, mixed_up.asked_no FROM {table} AS t JOIN (
            SELECT customer_no, coalesce(lag(customer_no) OVER (ORDER BY customer_no), max(customer_no) OVER ())
                AS asked_no FROM (SELECT DISTINCT customer_no FROM {table}) AS known
        ) AS mixed_up ON mixed_up.customer_no = t.customer_no""",
    # the one number of 64 bits that has no absolute value: a statement that reads the view fails
    Misbehaviour.ERROR: "SELECT t.*, CAST(abs(-9223372036854775807 - 1) AS text) AS asked_no FROM {table} AS t",
}
_ASKED = re.compile(
    r'SELECT (?P<columns>t\."[^"]+"(?:, t\."[^"]+")*?)(?:, t\."[0-9].*?)? FROM .*?"(?P<view>[^".]+_v)" AS t ', re.DOTALL
)
"""A list's statement, or that of pages, which reads the columns of its order besides, under numbers."""


class BillingStore(Protocol):
    """Billing's database, whichever it is."""

    async def fill(self, accounts: Iterable[Account], invoices: Iterable[Invoice]) -> None:
        """Make the tables and views and put these rows in; payments follow from the invoices. Once a database."""

    async def behave(self, misbehaviour: Misbehaviour) -> None:
        """From now on misbehave in this way, where a database can; otherwise be in order."""

    async def counted(self) -> Sequence[Counted]:
        """Return the statements on the views that were answered, by view and columns."""

    async def forget(self) -> None:
        """Count from zero."""


class PostgresBilling:
    """Billing on PostgreSQL. The server's own pg_stat_statements counts.

    It can do ERROR, SHUFFLED and WRONG_CUSTOMER; what happens to bytes is the relay's. `database` is the name of a
    database that the server does not have yet; the gateway reads it as a role that may read the views and nothing else.
    """

    def __init__(self, server: PostgresServer, database: str = "billing") -> None:
        self._server = server
        self._database = database
        self._password = secrets.token_urlsafe(24)
        self._reader = f"{database}_reader"

    def reader_url(self, *, host: str | None = None, port: int = 0) -> str:
        """Return the URL for the gateway, which may read the views: the server's own, or that of a relay."""
        if host is None:
            return self._server.url(self._database, user=self._reader, password=self._password)
        return f"postgresql://{self._reader}:{self._password}@{host}:{port}/{self._database}"

    async def fill(self, accounts: Iterable[Account], invoices: Iterable[Invoice]) -> None:
        """Make the database, its tables, views and the reader, and copy the rows in."""
        async with connected(self._server.url("postgres")) as server:
            await server.execute(f"CREATE DATABASE {self._database}")
        async with connected(self._server.url(self._database)) as billing:
            await billing.execute(_TABLES.format(money="numeric(14,2)", day="date"))
            for table, names, rows in _rows(accounts, invoices):
                await billing.copy_records_to_table(table, columns=names, records=rows)
            await billing.execute(_INDEXES)
            await billing.execute(_views(Misbehaviour.NONE))
            await billing.execute(
                f"CREATE EXTENSION pg_stat_statements; CREATE ROLE {self._reader} LOGIN PASSWORD '{self._password}';"
                f"ALTER ROLE {self._reader} SET default_transaction_read_only = on;"
                f"GRANT SELECT ON account_v, invoice_v, payment_v TO {self._reader}"
            )

    async def behave(self, misbehaviour: Misbehaviour) -> None:
        """Exchange the views."""
        async with connected(self._server.url(self._database)) as billing:
            await billing.execute(_views(misbehaviour))

    async def counted(self) -> Sequence[Counted]:
        """Return what the reader's statements asked; one that failed is not counted."""
        query = "SELECT query, calls, rows FROM pg_stat_statements WHERE userid = to_regrole($1)"
        async with connected(self._server.url(self._database)) as billing:
            found = await billing.fetch(query, self._reader)
        return _counted((row["query"], row["calls"], row["rows"]) for row in found)

    async def forget(self) -> None:
        """Have the server count from zero."""
        async with connected(self._server.url(self._database)) as billing:
            await billing.execute("SELECT pg_stat_statements_reset()")


class SqliteBilling:
    """Billing on SQLite, for where PostgreSQL cannot be had. Give `heard` to the adapter as `traced`: it counts.

    It can do SHUFFLED and WRONG_CUSTOMER; ERROR and DOWN make every statement fail. There are no bytes to spoil.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._heard: Counter[str] = Counter()

    def reader_url(self) -> str:
        """Return the URL for the gateway."""
        return f"sqlite:///{self._path.absolute()}"

    def heard(self, statement: str) -> None:
        """Count a statement that is about to run."""
        self._heard[statement] += 1

    async def fill(self, accounts: Iterable[Account], invoices: Iterable[Invoice]) -> None:
        """Make the file, its tables and views, and put the rows in. Amounts and days are kept as text."""
        with closing(sqlite3.connect(self._path)) as billing, billing:
            billing.executescript(_TABLES.format(money="text", day="text"))
            for table, names, rows in _rows(accounts, invoices):
                places = ",".join("?" * len(names))
                billing.executemany(f"INSERT INTO {table} VALUES ({places})", map(_plain, rows))  # noqa: S608  our own
            billing.executescript(_INDEXES + _views(Misbehaviour.NONE).replace("OR REPLACE ", ""))

    async def behave(self, misbehaviour: Misbehaviour) -> None:
        """Exchange the views."""
        if misbehaviour is Misbehaviour.DOWN:
            misbehaviour = Misbehaviour.ERROR
        drops = "".join(f"DROP VIEW {table}_v;" for table in _ROWS)
        with closing(sqlite3.connect(self._path)) as billing:
            billing.executescript(f"BEGIN;{drops}{_views(misbehaviour).replace('OR REPLACE ', '')}COMMIT;")

    async def counted(self) -> Sequence[Counted]:
        """Return what the statements heard asked, failed ones included."""
        return _counted((text, calls, None) for text, calls in self._heard.items())

    async def forget(self) -> None:
        """Count from zero."""
        self._heard.clear()


def _views(misbehaviour: Misbehaviour) -> str:
    body = _VIEWS.get(misbehaviour, _IN_ORDER)
    return "".join(f"CREATE OR REPLACE VIEW {table}_v AS {body.format(table=table)};" for table in _ROWS)


def _rows(
    accounts: Iterable[Account], invoices: Iterable[Invoice]
) -> Iterator[tuple[str, list[str], list[tuple[Any, ...]]]]:
    """Yield each table with the names of its columns and its rows, in the columns' order."""
    bills = list(invoices)
    contents: tuple[Iterable[object], ...] = (accounts, bills, _payments(bills))
    for (table, row), content in zip(_ROWS.items(), contents, strict=True):
        names = [field.name for field in fields(row)]
        yield table, names, list(map(attrgetter(*names), content))


def _payments(invoices: Iterable[Invoice]) -> Iterator[Payment]:
    """Return one payment for each invoice that is paid."""
    for bill in invoices:
        if bill.paid_on is not None:
            number = f"P-{bill.invoice_no}"
            yield Payment(
                number, bill.invoice_no, bill.account_no, bill.customer_no, bill.amount, bill.currency, bill.paid_on
            )


def _plain(row: Sequence[object]) -> list[object]:
    """Return the row with amounts and days as text: SQLite has no type for them, and REAL is not exact."""
    return [_as_text(value) for value in row]


def _as_text(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def _counted(statements: Iterable[tuple[str, int, int | None]]) -> Sequence[Counted]:
    """Return what the SQL adapter's statements asked, from texts with their calls and rows; others are left out."""
    totals: dict[tuple[str, tuple[str, ...]], tuple[int, int | None]] = {}
    for text, calls, rows in statements:
        if found := _ASKED.match(text):
            asked = found["view"], tuple(re.findall(r'"([^"]+)"', found["columns"]))
            before, rows_before = totals.get(asked, (0, 0))
            totals[asked] = before + calls, None if rows is None else rows + (rows_before or 0)
    return [Counted(*asked, calls=calls, rows=rows) for asked, (calls, rows) in sorted(totals.items())]
