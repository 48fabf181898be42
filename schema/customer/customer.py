"""The customer: the subject of the reference model."""

from __future__ import annotations

from datetime import date

import strawberry

from schema.customer.billing import Account, Invoice, InvoicesBy, Payment, PaymentsBy
from schema.customer.company import Company
from schema.customer.consent import Consent
from schema.customer.contact import ContactPoint
from schema.customer.disclosures import DisclosureEntry
from schema.customer.orders import Order, OrdersBy
from schema.customer.party import Address, Channel, Name, Segment
from schema.customer.support import Ticket, TicketsBy
from schema.directives import Personal, PersonalCategory, Subject, personal
from schema.relay import Connection, Forward, listing
from schema.scalars import LanguageTag

__all__ = ["Customer"]


@strawberry.type(directives=[Subject(plural="customers")])
class Customer:
    """A person or company that the business serves."""

    id: strawberry.ID
    """The customer's canonical id: opaque, never used for another customer."""
    name: Name | None = personal(PersonalCategory.IDENTIFYING)
    """The customer's name."""
    date_of_birth: date | None = personal(PersonalCategory.DEMOGRAPHIC)
    """The day on which the customer was born."""
    contact_points: list[ContactPoint | None] | None = personal(PersonalCategory.CONTACT)
    """The ways to reach the customer."""
    email: str | None = personal(PersonalCategory.CONTACT)
    """The e-mail address at which the customer is written to; none when there is none."""
    address: Address | None = personal(PersonalCategory.CONTACT)
    """The postal address at which the customer lives or is served."""
    language: LanguageTag | None = personal(PersonalCategory.PREFERENCE)
    """The language in which the customer wants to be served."""
    segment: Segment | None = personal(PersonalCategory.DEMOGRAPHIC)
    """The group of customers that the business serves in the same way."""
    customer_since: date | None = personal(PersonalCategory.TRANSACTIONAL)
    """The day on which the customer first became one."""
    preferred_channel: Channel | None = personal(PersonalCategory.PREFERENCE)
    """How the customer prefers to be contacted."""
    company: Company | None = personal(PersonalCategory.PROFESSIONAL)
    """The company that the customer is, or acts for."""
    accounts: list[Account] | None = personal(PersonalCategory.FINANCIAL)
    """The accounts on which the customer's purchases and payments are kept."""
    consents: list[Consent] | None = personal(PersonalCategory.PREFERENCE)
    """What the customer has agreed to, by purpose and channel."""
    invoices: Connection[Invoice] | None = listing(InvoicesBy, Personal(category=PersonalCategory.FINANCIAL))
    """The bills for what the customer has bought."""
    payments: Connection[Payment] | None = listing(PaymentsBy, Personal(category=PersonalCategory.FINANCIAL))
    """What the customer has paid."""
    orders: Connection[Order] | None = listing(OrdersBy, Personal(category=PersonalCategory.TRANSACTIONAL))
    """What the customer has ordered."""
    tickets: Connection[Ticket] | None = listing(TicketsBy, Personal(category=PersonalCategory.COMMUNICATION))
    """What the customer has asked and complained about."""
    disclosures: Connection[DisclosureEntry] | None = listing(
        Forward, Personal(category=PersonalCategory.COMMUNICATION)
    )
    """What was shown of the customer, to whom and for what, the newest first."""
