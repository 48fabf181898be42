"""The adapters of the sandbox's sources, written as an organisation writes its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

from pydantic import AliasPath, BeforeValidator, Field

from adapters.answers import Missing, Page
from adapters.graphql import AsVariable, ByIds, Connection, GraphQLAdapter, GraphQLOffer
from adapters.http import HttpAdapter, HttpOffer, InQuery
from adapters.offers import KeyForm
from adapters.records import Inline, Record, Reference
from adapters.sql import AtLeast, Below, By, IsOneOf, Sorted, SqlAdapter, SqlOffer
from schema.customer import (
    AccountKind,
    AccountStatus,
    Channel,
    CompanyStatus,
    ContactKind,
    DeliveryStatus,
    InvoiceStatus,
    OrderStatus,
    Segment,
    Sort,
)

__all__ = ["billing_adapter", "crm_adapter", "orders_adapter", "register_adapter"]


def _coded(words: Mapping[str, Enum]) -> BeforeValidator:
    """Read a source's code as the model's word; a code that is not listed is a bad value."""
    return BeforeValidator(lambda code: None if code is None else words[code])


def _one_line(street: Any) -> Any:
    return [street] if isinstance(street, str) else street


def _day(moment: Any) -> Any:
    """Return the day of a moment in ISO 8601."""
    return moment.partition("T")[0] if isinstance(moment, str) else moment


_SEGMENTS = {"C": Segment.CONSUMER, "P": Segment.PREMIUM, "B": Segment.SMALL_BUSINESS, "E": Segment.ENTERPRISE}
_CHANNELS = {"EML": Channel.EMAIL, "TEL": Channel.PHONE, "SMS": Channel.SMS, "LTR": Channel.POST}
_CONTACTS = {"email": ContactKind.EMAIL, "phone": ContactKind.PHONE}


class CrmName(Record):
    """A customer's name."""

    display: str | None = Field(validation_alias="displayName")
    given: str | None = Field(validation_alias="firstName")
    family: str | None = Field(validation_alias="lastName")
    title: str | None


class CrmContact(Record):
    """One of a customer's addresses and numbers."""

    kind: Annotated[ContactKind | None, _coded(_CONTACTS)] = Field(validation_alias="type")
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
    address: Annotated[CrmAddress, Inline()]
    language: str | None
    segment: Annotated[Segment | None, _coded(_SEGMENTS)] = Field(validation_alias="segmentCode")
    customer_since: date | None = Field(validation_alias="createdAt")
    preferred_channel: Annotated[Channel | None, _coded(_CHANNELS)] = Field(validation_alias="preferredChannel")
    company: Annotated[str | None, Reference("lei")] = Field(validation_alias="companyLei")


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
    return HttpAdapter("crm", url, [customers], headers={"Authorization": f"Bearer {token}"}, timeout=2.0)


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


def _from_cents(cents: Any) -> Any:
    """Return an amount in the currency's main unit from a whole number of cents."""
    return Decimal(cents).scaleb(-2) if isinstance(cents, int) else cents


_ORDERS = {
    OrderStatus.PLACED: "RECEIVED",
    OrderStatus.CONFIRMED: "ACCEPTED",
    OrderStatus.SHIPPED: "DISPATCHED",
    OrderStatus.DELIVERED: "COMPLETED",
    OrderStatus.CANCELLED: "CALLED_OFF",
    OrderStatus.RETURNED: "SENT_BACK",
}
_SHIPMENTS = {
    "PACKING": DeliveryStatus.PREPARING,
    "ON_THE_WAY": DeliveryStatus.IN_TRANSIT,
    "HANDED_OVER": DeliveryStatus.DELIVERED,
    "LOST": DeliveryStatus.FAILED,
    "COMING_BACK": DeliveryStatus.RETURNED,
}


class ShopPrice(Record):
    """An amount as the shop keeps it."""

    amount: Annotated[Decimal, BeforeValidator(_from_cents)] = Field(validation_alias="minor")
    currency: str


class ShopItem(Record):
    """One product of a purchase."""

    product: str | None = Field(validation_alias="title")
    sku: str | None
    quantity: Decimal | None = Field(validation_alias="count")
    unit_price: ShopPrice | None = Field(validation_alias="each")
    total: ShopPrice | None = Field(validation_alias="sum")


class ShopShipment(Record):
    """One parcel of a purchase."""

    status: Annotated[DeliveryStatus | None, _coded(_SHIPMENTS)] = Field(validation_alias="state")
    carrier: str | None
    tracking_number: str | None = Field(validation_alias="tracking")
    expected_on: date | None = Field(validation_alias="dueOn")
    delivered_at: datetime | None = Field(validation_alias="arrivedAt")


class ShopPurchase(Record):
    """A purchase as the shop keeps it."""

    number: str | None = Field(validation_alias="reference")
    status: Annotated[OrderStatus | None, _coded({word: status for status, word in _ORDERS.items()})] = Field(
        validation_alias="state"
    )
    placed_at: datetime | None = Field(validation_alias="placedAt")
    total: ShopPrice | None = Field(validation_alias="sum")
    lines: list[ShopItem] | None = Field(validation_alias="items")
    deliveries: list[ShopShipment] | None = Field(validation_alias="shipments")


def orders_adapter(url: str, token: str) -> GraphQLAdapter:
    """Return the adapter of the shop at this URL, a GraphQL API, asked with this bearer credential."""
    orders = GraphQLOffer(
        name="orders",
        serves="Customer.orders",
        record=ShopPurchase,
        key="id",
        keys=ByIds("buyers"),
        at="purchases",
        connection=Connection(),
        arguments={
            "status": AsVariable("states", type="[PurchaseState!]", words=_ORDERS),
            "placed_from": AsVariable("placedFrom", type="DateTime"),
            "placed_before": AsVariable("placedBefore", type="DateTime"),
            "sort": AsVariable(
                "order", type="PurchaseOrder!", words={Sort.NEWEST_FIRST: "LATEST", Sort.OLDEST_FIRST: "EARLIEST"}
            ),
        },
        max_batch=100,
        max_page=50,
        limits_per_key=True,
        absent=Page,
    )
    headers = {"Authorization": f"Bearer {token}"}
    return GraphQLAdapter("orders", f"{url}/graphql", [orders], headers=headers, timeout=2.0)


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
