"""The CRM's adapter."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from adapters.answers import Missing, Page
from adapters.gates import CONSENT, ConsentRecord, ConsentStatus
from adapters.http import HttpAdapter, HttpOffer, InQuery
from adapters.records import Inline, Record, Reference
from adapters.sandbox.sources.codes import coded, worded
from schema.customer import Channel, ContactKind, Segment

__all__ = ["crm_adapter"]

_SEGMENTS = {"C": Segment.CONSUMER, "P": Segment.PREMIUM, "B": Segment.SMALL_BUSINESS, "E": Segment.ENTERPRISE}
_CHANNELS = {"EML": Channel.EMAIL, "TEL": Channel.PHONE, "SMS": Channel.SMS, "LTR": Channel.POST}
_TOPICS = {"news": "DirectMarketing"}
_MEDIA = {"EML": "email", "TEL": "phone"}
_STATES = {
    "Y": ConsentStatus.GIVEN,
    "N": ConsentStatus.REFUSED,
    "X": ConsentStatus.WITHDRAWN,
    "?": ConsentStatus.REQUESTED,
}
_CONTACTS = {"email": ContactKind.EMAIL, "phone": ContactKind.PHONE}


def _one_line(street: Any) -> Any:
    return [street] if isinstance(street, str) else street


def _first_email(contacts: Any) -> Any:
    return next((one["value"] for one in contacts or () if one["type"] == "email"), None)


class CrmName(Record):
    """A customer's name."""

    display: str | None = Field(validation_alias="displayName")
    given: str | None = Field(validation_alias="firstName")
    family: str | None = Field(validation_alias="lastName")
    title: str | None


class CrmContact(Record):
    """One of a customer's addresses and numbers."""

    kind: Annotated[ContactKind | None, coded(_CONTACTS)] = Field(validation_alias="type")
    value: str | None
    preferred: bool | None = Field(validation_alias="primary")


class CrmAddress(Record):
    """A customer's postal address."""

    lines: Annotated[list[str] | None, BeforeValidator(_one_line)] = Field(validation_alias="street")
    locality: str | None = Field(validation_alias="suburb")
    region: str | None = Field(validation_alias="state")
    postal_code: str | None = Field(validation_alias="postcode")
    country: str | None


class CrmCustomer(Record):
    """A customer as the CRM keeps it."""

    name: Annotated[CrmName, Inline()]
    date_of_birth: date | None = Field(validation_alias="birthDate")
    contact_points: list[CrmContact] | None = Field(validation_alias="contacts")
    email: Annotated[str | None, BeforeValidator(_first_email)] = Field(validation_alias="contacts")
    address: Annotated[CrmAddress, Inline()]
    language: str | None
    segment: Annotated[Segment | None, coded(_SEGMENTS)] = Field(validation_alias="segmentCode")
    customer_since: date | None = Field(validation_alias="createdAt")
    preferred_channel: Annotated[Channel | None, coded(_CHANNELS)] = Field(validation_alias="preferredChannel")
    company: Annotated[str | None, Reference("lei")] = Field(validation_alias="companyLei")


class CrmPermission(ConsentRecord):
    """What a customer has said to a topic over a medium; the CRM knows no permission that ends by itself."""

    purpose: Annotated[str | None, worded(_TOPICS)] = Field(validation_alias="topic")
    channel: Annotated[str | None, worded(_MEDIA)] = Field(validation_alias="medium")
    status: Annotated[ConsentStatus | None, coded(_STATES)] = Field(validation_alias="state")
    valid_from: datetime | None = Field(validation_alias="since")
    valid_until: datetime | None = None


def crm_adapter(url: str, token: str) -> HttpAdapter:
    """Return the adapter of the CRM at this URL, asked with this bearer credential."""
    customers = HttpOffer(
        name="customers",
        serves="Customer",
        record=CrmCustomer,
        path="/customers",
        key="id",
        keys=InQuery("ids"),
        fields=InQuery("fields"),
        records="customers",
        max_batch=100,
        absent=Missing,
    )
    permissions = HttpOffer(
        name="permissions",
        serves=CONSENT,
        record=CrmPermission,
        path="/permissions",
        key="customer",
        keys=InQuery("customers"),
        records="permissions",
        max_batch=100,
        absent=Page,
    )
    return HttpAdapter("crm", url, [customers, permissions], headers={"Authorization": f"Bearer {token}"}, timeout=2.0)
