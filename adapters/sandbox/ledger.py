"""What billing keeps of each customer: accounts and invoices, made from the purchases.

Amounts and days of issue are those of the data. The data name no currency by its ISO 4217 code and no payment: the
amounts are taken as US dollars, and when an invoice was paid is made up. The books close on the day after the last
purchase; what is overdue is so on that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from adapters.sandbox.chance import number
from adapters.sandbox.extracts import Purchase
from adapters.sandbox.people import Customer

__all__ = ["BOOKS_CLOSE", "Account", "Invoice", "accounts", "invoices"]

BOOKS_CLOSE = date(1998, 7, 1)

_CURRENCY = "USD"
_DAYS_TO_PAY = 30
_ON_CREDIT = 5
"""From this purchase on a customer buys on a second account, on credit."""

_CLAIMED = 90
"""After so many days what is owed is claimed."""

_NEVER_PAID, _PAID_LATE = 8, 30
"""Of a hundred invoices these first ones are not paid, and those up to here are paid after their day."""


@dataclass(frozen=True, slots=True)
class Account:
    """One row of billing's accounts. `kind` and `status` are billing's words; `balance` is what the customer owes."""

    account_no: str
    customer_no: str
    kind: str
    status: str
    balance: Decimal
    currency: str
    opened_on: date
    days_overdue: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """One row of billing's invoices, one for each purchase. `paid_on` is None while it is unpaid.

    `status` is billing's word for how it stands when the books close, `outstanding` what is still to be paid.
    """

    invoice_no: str
    account_no: str
    customer_no: str
    status: str
    amount: Decimal
    outstanding: Decimal
    currency: str
    issued_on: date
    due_on: date
    paid_on: date | None


def accounts(whom: Sequence[Customer]) -> Iterator[Account]:
    """Return the accounts of the customers whom billing knows, each customer's in the order of opening."""
    for _, kind, bills in _books(whom):
        yield _account(kind, bills)


def invoices(whom: Sequence[Customer]) -> Iterator[Invoice]:
    """Return the invoices on these accounts, account by account, oldest first."""
    for _, _, bills in _books(whom):
        yield from bills


def _books(whom: Sequence[Customer]) -> Iterator[tuple[str, str, Sequence[Invoice]]]:
    """Yield each account's number and kind with its invoices."""
    for customer in whom:
        for customer_no, purchases in _shares(customer):
            for digit, kind, part in (
                (1, "current", slice(_ON_CREDIT - 1)),
                (2, "credit", slice(_ON_CREDIT - 1, None)),
            ):
                account_no = f"A-{customer_no[2:]}-{digit}"
                bills = [_invoice(account_no, customer_no, *bought) for bought in list(enumerate(purchases))[part]]
                if bills:
                    yield account_no, kind, bills


def _shares(customer: Customer) -> Iterator[tuple[str, Sequence[Purchase]]]:
    """Yield each key that billing has for the customer with the purchases under it: two keys share them by year."""
    if len(customer.billing_keys) == 1:
        yield customer.billing_keys[0], customer.purchases
    elif customer.billing_keys:
        first_year = customer.purchases[0].on.year
        first, second = customer.billing_keys
        yield first, [purchase for purchase in customer.purchases if purchase.on.year == first_year]
        yield second, [purchase for purchase in customer.purchases if purchase.on.year != first_year]


def _invoice(account_no: str, customer_no: str, place: int, purchase: Purchase) -> Invoice:
    due_on = purchase.on + timedelta(_DAYS_TO_PAY)
    paid_on = _paid_on(int(customer_no[2:]) * 1_000 + place, due_on)
    return Invoice(
        invoice_no=f"I-{customer_no[2:]}-{place + 1:03d}",
        account_no=account_no,
        customer_no=customer_no,
        status=_status(due_on, paid_on),
        amount=purchase.amount,
        outstanding=purchase.amount if paid_on is None else Decimal("0.00"),
        currency=_CURRENCY,
        issued_on=purchase.on,
        due_on=due_on,
        paid_on=paid_on,
    )


def _status(due_on: date, paid_on: date | None) -> str:
    if paid_on is not None:
        return "paid"
    return "overdue" if due_on < BOOKS_CLOSE else "open"


def _paid_on(seed: int, due_on: date) -> date | None:
    chance = number("payment", seed, 100)
    if chance < _NEVER_PAID:
        return None
    days = number("payment day", seed, _DAYS_TO_PAY)
    paid_on = due_on + timedelta(1 + days) if chance < _PAID_LATE else due_on - timedelta(days)
    return paid_on if paid_on < BOOKS_CLOSE else None


def _account(kind: str, bills: Sequence[Invoice]) -> Account:
    unpaid = [bill for bill in bills if bill.paid_on is None]
    overdue = max((BOOKS_CLOSE - bill.due_on).days for bill in unpaid) if unpaid else 0
    return Account(
        account_no=bills[0].account_no,
        customer_no=bills[0].customer_no,
        kind=kind,
        status="in_collection" if overdue > _CLAIMED else "open",
        balance=sum((bill.outstanding for bill in bills), Decimal("0.00")),
        currency=_CURRENCY,
        opened_on=bills[0].issued_on,
        days_overdue=max(overdue, 0),
    )
