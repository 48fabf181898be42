"""The types of the plain model below its customer; the gateway by hand has the same, so nothing else is imported."""

from __future__ import annotations

import strawberry

__all__ = ["Account", "Invoice", "Profile", "Support", "Ticket"]


@strawberry.type
class Profile:
    """Who the customer is."""

    first_name: str | None
    """The given name."""
    last_name: str | None
    """The family name."""
    email: str | None
    """Where mail reaches the customer."""
    phone: str | None
    """Where calls reach the customer."""
    birth_date: str | None
    """The day of birth."""
    street: str | None
    """Street and house."""
    city: str | None
    """The town."""
    postcode: str | None
    """The postcode."""
    country: str | None
    """The country, in two letters."""
    segment: str | None
    """The group of customers that are served alike."""
    status: str | None
    """Whether the customer is one still."""
    marketing_opt_in: bool | None
    """Whether advertisements are welcome."""
    created_at: str | None
    """When the customer became one."""
    notes: str | None
    """What people have noted."""


@strawberry.type
class Invoice:
    """A bill."""

    id: str | None
    """The number on it."""
    amount: float | None
    """How much is to be paid."""
    due_date: str | None
    """The last day to pay it."""
    paid: bool | None
    """Whether it has been paid."""


@strawberry.type
class Account:
    """What the customer owes."""

    account_number: str | None
    """The number on letters."""
    balance: float | None
    """How much is owed."""
    currency: str | None
    """In which currency."""
    status: str | None
    """Where the account stands."""
    invoices: list[Invoice] | None
    """The latest bills."""


@strawberry.type
class Ticket:
    """A question of the customer."""

    id: str | None
    """The number to ask about it."""
    subject: str | None
    """What it is about."""
    status: str | None
    """Where it stands."""
    priority: str | None
    """How soon it is to be dealt with."""
    channel: str | None
    """How it was raised."""
    created_at: str | None
    """When it was raised."""


@strawberry.type
class Support:
    """What the customer has asked."""

    tickets: list[Ticket] | None
    """The latest questions."""
