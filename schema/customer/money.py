"""Amounts of money."""

from __future__ import annotations

from decimal import Decimal

import strawberry

from schema.scalars import CurrencyCode

__all__ = ["Money"]


@strawberry.type
class Money:
    """An exact amount in one currency."""

    amount: Decimal
    """The amount in the currency's main unit, exact."""
    currency: CurrencyCode
    """The currency of the amount."""
