"""The company behind a business customer, as a public register describes it: no personal data."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry

from schema.scalars import CountryCode

__all__ = ["Company", "CompanyStatus", "RegisteredAddress"]


@strawberry.enum
class CompanyStatus(Enum):
    """Whether a company still exists, in the register's judgement."""

    ACTIVE = "ACTIVE"
    """The company exists and does business."""
    INACTIVE = "INACTIVE"
    """The company has been dissolved, merged or struck off."""


@strawberry.type
class RegisteredAddress:
    """An address of a company in a public register."""

    lines: list[str] | None
    """Street, house number and what else stands above the town, one line each."""
    locality: str | None
    """The town or village."""
    region: str | None
    """The state, province or county."""
    postal_code: str | None
    """The postal code as the country writes it."""
    country: CountryCode | None
    """The country."""


@strawberry.type
class Company:
    """A company in a public register."""

    lei: str | None
    """The Legal Entity Identifier (ISO 17442), twenty letters and digits."""
    name: str | None
    """The company's legal name."""
    status: CompanyStatus | None
    """Whether the company still exists."""
    jurisdiction: str | None
    """The law under which the company stands: an ISO 3166 code such as NL or US-DE."""
    legal_address: RegisteredAddress | None
    """The address of the company's legal seat."""
    registered_on: date | None
    """The day on which the company was first registered."""
