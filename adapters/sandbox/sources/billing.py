"""Billing's adapter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from adapters.answers import Page
from adapters.records import Inline, Record
from adapters.sql import AtLeast, Below, By, IsOneOf, Sorted, SqlAdapter, SqlOffer
from schema.customer import AccountKind, AccountStatus, InvoiceStatus, Sort

__all__ = ["billing_adapter"]


class BillingBalance(Record):
    """What is owed on an account."""

    amount: Decimal = Field(validation_alias="balance")
    currency: str


class BillingAccount(Record):
    """An account as billing keeps it."""

    number: str | None = Field(validation_alias="account_no")
    kind: Annotated[AccountKind, BeforeValidator(str.upper)]
    status: Annotated[AccountStatus, BeforeValidator(str.upper)]
    balance: Annotated[BillingBalance, Inline()]
    opened_on: date | None
    days_overdue: int | None


class BillingTotal(Record):
    """The whole amount of an invoice."""

    amount: Decimal
    currency: str


class BillingOutstanding(Record):
    """What is still to be paid of an invoice."""

    amount: Decimal = Field(validation_alias="outstanding")
    currency: str


class BillingInvoice(Record):
    """An invoice as billing keeps it."""

    number: str | None = Field(validation_alias="invoice_no")
    status: Annotated[InvoiceStatus, BeforeValidator(str.upper)]
    issued_on: date | None
    due_on: date | None
    total: Annotated[BillingTotal, Inline()]
    outstanding: Annotated[BillingOutstanding, Inline()]


def billing_adapter(database_url: str, *, traced: Callable[[str], None] | None = None) -> SqlAdapter:
    """Return the adapter of billing's database; `traced` is told the text of every statement, without its values."""
    accounts = SqlOffer(
        name="accounts",
        serves="Customer.accounts",
        record=BillingAccount,
        table="account_v",
        key="customer_no",
        key_column="asked_no",
        order_by=("account_no",),
        max_batch=200,
        absent=Page,
    )
    invoices = SqlOffer(
        name="invoices",
        serves="Customer.invoices",
        record=BillingInvoice,
        table="invoice_v",
        key="customer_no",
        key_column="asked_no",
        order_by=(By("issued_on", "date"), "invoice_no"),
        filters={
            "status": IsOneOf("status", words={status: status.value.lower() for status in InvoiceStatus}),
            "issued_from": AtLeast("issued_on", "date"),
            "issued_before": Below("issued_on", "date"),
        },
        sort=Sorted("sort", descending=(Sort.NEWEST_FIRST,)),
        max_batch=100,
        max_page=50,
        limits_per_key=True,
        absent=Page,
    )
    return SqlAdapter("billing", [accounts, invoices], url=database_url, timeout=2.0, traced=traced)
