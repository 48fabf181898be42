"""What the customer orders and receives."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry

from schema.customer.money import Money
from schema.customer.sorting import Sort
from schema.directives import PersonalCategory, personal
from schema.relay import Forward, On

__all__ = ["Delivery", "DeliveryStatus", "Order", "OrderLine", "OrderStatus", "OrdersBy"]


@strawberry.enum
class OrderStatus(Enum):
    """Where an order stands."""

    PLACED = "PLACED"
    """The order has been received."""
    CONFIRMED = "CONFIRMED"
    """The business has agreed to deliver."""
    SHIPPED = "SHIPPED"
    """At least a part of the order is on its way."""
    DELIVERED = "DELIVERED"
    """The customer has received everything."""
    CANCELLED = "CANCELLED"
    """The order has been called off."""
    RETURNED = "RETURNED"
    """The customer has sent everything back."""


@strawberry.enum
class DeliveryStatus(Enum):
    """Where a delivery stands."""

    PREPARING = "PREPARING"
    """The delivery is being packed."""
    IN_TRANSIT = "IN_TRANSIT"
    """The delivery is on its way."""
    DELIVERED = "DELIVERED"
    """The delivery has arrived."""
    FAILED = "FAILED"
    """The delivery could not be handed over."""
    RETURNED = "RETURNED"
    """The delivery is on its way back, or back."""


@strawberry.type
class OrderLine:
    """One product of an order."""

    product: str | None = personal(PersonalCategory.TRANSACTIONAL)
    """What was ordered, as the customer sees it."""
    sku: str | None = personal(PersonalCategory.TRANSACTIONAL)
    """The product's number in the catalogue."""
    quantity: Decimal | None = personal(PersonalCategory.TRANSACTIONAL)
    """How much of it was ordered, in the product's unit of sale."""
    unit_price: Money | None = personal(PersonalCategory.TRANSACTIONAL)
    """The price of one unit."""
    total: Money | None = personal(PersonalCategory.TRANSACTIONAL)
    """The price of the line, discounts taken off."""


@strawberry.type
class Delivery:
    """One parcel or visit by which an order, or a part of it, reaches the customer."""

    status: DeliveryStatus | None = personal(PersonalCategory.TRANSACTIONAL)
    """Where the delivery stands."""
    carrier: str | None = personal(PersonalCategory.TRANSACTIONAL)
    """Who brings it."""
    tracking_number: str | None = personal(PersonalCategory.TRANSACTIONAL)
    """The number under which the carrier can be asked about it."""
    expected_on: date | None = personal(PersonalCategory.TRANSACTIONAL)
    """The day on which it should arrive."""
    delivered_at: datetime | None = personal(PersonalCategory.TRANSACTIONAL)
    """When it arrived."""


@strawberry.type
class Order:
    """What the customer ordered at one time."""

    number: str | None = personal(PersonalCategory.TRANSACTIONAL)
    """The number that stands on the confirmation."""
    status: OrderStatus | None = personal(PersonalCategory.TRANSACTIONAL)
    """Where the order stands."""
    placed_at: datetime | None = personal(PersonalCategory.TRANSACTIONAL)
    """When the customer placed the order."""
    total: Money | None = personal(PersonalCategory.TRANSACTIONAL)
    """The whole price, taxes and delivery included."""
    lines: list[OrderLine | None] | None = personal(PersonalCategory.TRANSACTIONAL)
    """The products ordered."""
    deliveries: list[Delivery | None] | None = personal(PersonalCategory.TRANSACTIONAL)
    """The deliveries made for the order so far."""


class OrdersBy(Forward):
    """Which orders to give, and in which order."""

    status: Annotated[list[OrderStatus] | None, On("status")] = None
    """Only orders that stand at one of these."""
    placed_from: Annotated[datetime | None, On("placed_at")] = None
    """Only orders placed at this time or later."""
    placed_before: Annotated[datetime | None, On("placed_at")] = None
    """Only orders placed before this time."""
    sort: Annotated[Sort, On("placed_at")] = Sort.NEWEST_FIRST
    """The order in which to give them."""
