"""Who the customer is: names, addresses, and how the business groups its customers."""

from __future__ import annotations

from enum import Enum

import strawberry

from schema.directives import PersonalCategory, personal
from schema.scalars import CountryCode

__all__ = ["Address", "Channel", "Name", "Segment"]


@strawberry.enum
class Segment(Enum):
    """The group of customers that the business serves in the same way."""

    CONSUMER = "CONSUMER"
    """A private person who buys for the household."""
    PREMIUM = "PREMIUM"
    """A private person with a premium service level."""
    SMALL_BUSINESS = "SMALL_BUSINESS"
    """A company with a standard contract."""
    ENTERPRISE = "ENTERPRISE"
    """A company with a contract of its own."""


@strawberry.enum
class Channel(Enum):
    """A way in which the business and the customer talk to each other."""

    EMAIL = "EMAIL"
    """E-mail."""
    PHONE = "PHONE"
    """A call by telephone."""
    SMS = "SMS"
    """A text message."""
    POST = "POST"
    """A letter."""
    CHAT = "CHAT"
    """A chat on the web site or in the app."""
    APP = "APP"
    """A notice in the app."""


@strawberry.type
class Name:
    """The customer's name, whole and in parts."""

    display: str | None = personal(PersonalCategory.IDENTIFYING)
    """The name as it is shown and spoken."""
    given: str | None = personal(PersonalCategory.IDENTIFYING)
    """The given names."""
    family: str | None = personal(PersonalCategory.IDENTIFYING)
    """The family name."""
    title: str | None = personal(PersonalCategory.IDENTIFYING)
    """The title before the name, such as Dr or Ms."""


@strawberry.type
class Address:
    """The postal address at which the customer lives or is served."""

    lines: list[str] | None = personal(PersonalCategory.CONTACT)
    """Street, house number and what else stands above the town, one line each."""
    locality: str | None = personal(PersonalCategory.CONTACT)
    """The town or village."""
    region: str | None = personal(PersonalCategory.CONTACT)
    """The state, province or county."""
    postal_code: str | None = personal(PersonalCategory.CONTACT)
    """The postal code as the country writes it."""
    country: CountryCode | None = personal(PersonalCategory.CONTACT)
    """The country."""
