"""The register's adapter."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AliasPath, BeforeValidator, Field

from adapters.answers import Missing
from adapters.http import HttpAdapter, HttpOffer, InQuery
from adapters.offers import KeyForm
from adapters.records import Record
from schema.customer import CompanyStatus

__all__ = ["register_adapter"]


def _day(moment: Any) -> Any:
    """Return the day of a moment in ISO 8601."""
    return moment.partition("T")[0] if isinstance(moment, str) else moment


class RegisterAddress(Record):
    """A company's address in the register."""

    lines: list[str] | None = Field(validation_alias="addressLines")
    locality: str | None = Field(validation_alias="city")
    region: str | None
    postal_code: str | None = Field(validation_alias="postalCode")
    country: str | None


class RegisterCompany(Record):
    """A company as the register describes it."""

    lei: str
    name: str | None = Field(validation_alias=AliasPath("entity", "legalName", "name"))
    status: CompanyStatus | None = Field(validation_alias=AliasPath("entity", "status"))
    jurisdiction: str | None = Field(validation_alias=AliasPath("entity", "jurisdiction"))
    legal_address: RegisterAddress | None = Field(validation_alias=AliasPath("entity", "legalAddress"))
    registered_on: Annotated[date | None, BeforeValidator(_day)] = Field(
        validation_alias=AliasPath("entity", "creationDate")
    )


def register_adapter(url: str) -> HttpAdapter:
    """Return the adapter of the public register at this URL, whose records are in the shape of JSON:API."""
    companies = HttpOffer(
        name="lei-records",
        serves="Company",
        record=RegisterCompany,
        path="/api/v1/lei-records",
        key="id",
        keyspace="lei",
        key_form=KeyForm.UPPER,
        keys=InQuery("filter[lei]"),
        fields=InQuery("fields[lei-records]"),
        records="data",
        attributes="attributes",
        params=(("page[size]", "50"),),
        max_batch=50,
        absent=Missing,
    )
    return HttpAdapter("register", url, [companies], timeout=3.0)
