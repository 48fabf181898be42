"""The shop's adapter."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from adapters.answers import Page
from adapters.graphql import AsVariable, ByIds, Connection, GraphQLAdapter, GraphQLOffer
from adapters.records import Record
from adapters.sandbox.sources.codes import coded
from schema.customer import DeliveryStatus, OrderStatus, Sort

__all__ = ["orders_adapter"]


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

    status: Annotated[DeliveryStatus | None, coded(_SHIPMENTS)] = Field(validation_alias="state")
    carrier: str | None
    tracking_number: str | None = Field(validation_alias="tracking")
    expected_on: date | None = Field(validation_alias="dueOn")
    delivered_at: datetime | None = Field(validation_alias="arrivedAt")


class ShopPurchase(Record):
    """A purchase as the shop keeps it."""

    number: str | None = Field(validation_alias="reference")
    status: Annotated[OrderStatus | None, coded({word: status for status, word in _ORDERS.items()})] = Field(
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
