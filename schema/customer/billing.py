"""What the customer owes and pays."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from schema.customer.money import Money
from schema.customer.sorting import Sort
from schema.directives import PersonalCategory, personal
from schema.relay import Forward, On

__all__ = [
    "Account",
    "AccountKind",
    "AccountStatus",
    "Invoice",
    "InvoiceStatus",
    "InvoicesBy",
    "Payment",
    "PaymentMethod",
    "PaymentStatus",
    "PaymentsBy",
]


@strawberry.enum
class AccountKind(Enum):
    """What an account is for."""

    CURRENT = "CURRENT"
    """Purchases and payments in their order."""
    CREDIT = "CREDIT"
    """Purchases that are paid in instalments."""
    PREPAID = "PREPAID"
    """Money paid in before it is spent."""


@strawberry.enum
class AccountStatus(Enum):
    """Where an account stands."""

    OPEN = "OPEN"
    """The account is in use."""
    BLOCKED = "BLOCKED"
    """Nothing can be bought on the account for now."""
    IN_COLLECTION = "IN_COLLECTION"
    """What is owed on the account is being claimed."""
    CLOSED = "CLOSED"
    """The account is no longer in use."""


@strawberry.enum
class InvoiceStatus(Enum):
    """Where an invoice stands."""

    OPEN = "OPEN"
    """The invoice is to be paid, in full or in part."""
    PAID = "PAID"
    """The invoice has been paid in full."""
    OVERDUE = "OVERDUE"
    """The invoice is to be paid and its day has passed."""
    CANCELLED = "CANCELLED"
    """The invoice has been taken back."""
    WRITTEN_OFF = "WRITTEN_OFF"
    """The business no longer expects the invoice to be paid."""


@strawberry.enum
class PaymentMethod(Enum):
    """How a payment was made."""

    CARD = "CARD"
    """With a credit or debit card."""
    DIRECT_DEBIT = "DIRECT_DEBIT"
    """Drawn from the customer's bank account by the business."""
    BANK_TRANSFER = "BANK_TRANSFER"
    """Sent by the customer's bank."""
    CASH = "CASH"
    """In coins and notes."""
    WALLET = "WALLET"
    """With an electronic wallet."""


@strawberry.enum
class PaymentStatus(Enum):
    """Where a payment stands."""

    PENDING = "PENDING"
    """The payment is under way."""
    SETTLED = "SETTLED"
    """The money has arrived."""
    FAILED = "FAILED"
    """The money has not arrived and will not."""
    REFUNDED = "REFUNDED"
    """The money has been given back."""


@strawberry.type
class Account:
    """An account on which the customer's purchases and payments are kept."""

    number: str | None = personal(PersonalCategory.FINANCIAL)
    """The number that stands on letters and invoices."""
    kind: AccountKind | None = personal(PersonalCategory.FINANCIAL)
    """What the account is for."""
    status: AccountStatus | None = personal(PersonalCategory.FINANCIAL)
    """Where the account stands."""
    balance: Money | None = personal(PersonalCategory.FINANCIAL)
    """What the customer owes on the account; below zero when the business owes the customer."""
    opened_on: date | None = personal(PersonalCategory.FINANCIAL)
    """The day on which the account was opened."""
    days_overdue: int | None = personal(PersonalCategory.FINANCIAL)
    """How many days the oldest unpaid invoice is overdue; 0 when none is."""


@strawberry.type
class Invoice:
    """A bill for what the customer has bought."""

    number: str | None = personal(PersonalCategory.FINANCIAL)
    """The number that stands on the invoice."""
    status: InvoiceStatus | None = personal(PersonalCategory.FINANCIAL)
    """Where the invoice stands."""
    issued_on: date | None = personal(PersonalCategory.FINANCIAL)
    """The day on which the invoice was issued."""
    due_on: date | None = personal(PersonalCategory.FINANCIAL)
    """The last day on which the invoice can be paid in time."""
    total: Money | None = personal(PersonalCategory.FINANCIAL)
    """The whole amount, taxes included."""
    outstanding: Money | None = personal(PersonalCategory.FINANCIAL)
    """What is still to be paid."""


@strawberry.type
class Payment:
    """Money that the customer has paid."""

    reference: str | None = personal(PersonalCategory.FINANCIAL)
    """The number under which the payment is known to the customer."""
    status: PaymentStatus | None = personal(PersonalCategory.FINANCIAL)
    """Where the payment stands."""
    method: PaymentMethod | None = personal(PersonalCategory.FINANCIAL)
    """How the payment was made."""
    amount: Money | None = personal(PersonalCategory.FINANCIAL)
    """How much was paid."""
    paid_at: datetime | None = personal(PersonalCategory.FINANCIAL)
    """When the payment was made."""


class InvoicesBy(Forward):
    """Which invoices to give, and in which order."""

    status: Annotated[list[InvoiceStatus] | None, On("status")] = None
    """Only invoices that stand at one of these."""
    issued_from: Annotated[date | None, On("issued_on")] = None
    """Only invoices issued on this day or later."""
    issued_before: Annotated[date | None, On("issued_on")] = None
    """Only invoices issued before this day."""
    sort: Annotated[Sort, On("issued_on")] = Sort.NEWEST_FIRST
    """The order in which to give them."""


class PaymentsBy(Forward):
    """Which payments to give, and in which order."""

    status: Annotated[list[PaymentStatus] | None, On("status")] = None
    """Only payments that stand at one of these."""
    paid_from: Annotated[datetime | None, On("paid_at")] = None
    """Only payments made at this time or later."""
    paid_before: Annotated[datetime | None, On("paid_at")] = None
    """Only payments made before this time."""
    sort: Annotated[Sort, On("paid_at")] = Sort.NEWEST_FIRST
    """The order in which to give them."""
