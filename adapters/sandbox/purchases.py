"""What the shop keeps of each customer's purchases, in its own words: CDNOW's days, discs and amounts.

The data name no hour, no state, no disc and no currency: hours and states are made up, discs are named by the number
that they have in a catalogue that is made up too, and amounts are taken as US dollars, in cents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from adapters.sandbox.chance import number
from adapters.sandbox.extracts import Purchase
from adapters.sandbox.ledger import BOOKS_CLOSE
from adapters.sandbox.people import Customer

__all__ = ["as_purchases"]

_CURRENCY = "USD"
_CARRIERS = ("UPS", "USPS", "FedEx")
_TITLES = ("Greatest Hits", "Live", "Unplugged", "The Collection", "B-Sides", "Singles", "Sessions", "Encore")
_CATALOGUE = 900
"""How many discs the catalogue has."""

_DAYS_TO_ARRIVE = 6
_RECEIVED, _ACCEPTED, _DISPATCHED = 2, 4, 9
"""Purchases of so many last days have only come so far."""

_CALLED_OFF, _SENT_BACK = 2, 5
"""Of a hundred older purchases these first ones were called off, and those up to here sent back."""


def as_purchases(customer: Customer) -> Sequence[Mapping[str, Any]]:
    """Return the customer's purchases, oldest first, as the shop's API tells them; placedAt is a moment, not a text."""
    seed = int(customer.order_key[2:])
    made = [_purchase(seed, place, purchase) for place, purchase in enumerate(customer.purchases, 1)]
    return sorted(made, key=lambda each: (each["placedAt"], each["reference"]))


def _purchase(seed: int, place: int, purchase: Purchase) -> Mapping[str, Any]:
    own = seed * 1_000 + place
    placed_at = datetime.combine(purchase.on, time(8 + number("hour", own, 13), number("minute", own, 60)), UTC)
    state = _state(own, purchase.on)
    return {
        "reference": f"P-{seed}-{place:03d}",
        "state": state,
        "placedAt": placed_at,
        "sum": _price(int(purchase.amount * 100)),
        "items": _items(own, purchase),
        "shipments": _shipments(own, state, placed_at),
    }


def _state(own: int, on: date) -> str:
    age, chance = (BOOKS_CLOSE - on).days, number("state", own, 100)
    for days, state in ((_RECEIVED, "RECEIVED"), (_ACCEPTED, "ACCEPTED"), (_DISPATCHED, "DISPATCHED")):
        if age <= days:
            return state
    return "CALLED_OFF" if chance < _CALLED_OFF else "SENT_BACK" if chance < _SENT_BACK else "COMPLETED"


def _items(own: int, purchase: Purchase) -> Sequence[Mapping[str, Any]]:
    """Return the lines: all discs at one price, and some at a cent more where the amount does not divide."""
    price, dearer = divmod(int(purchase.amount * 100), purchase.discs)
    shares = ((purchase.discs - dearer, price), (dearer, price + 1))
    return [_item(own * 2 + at, count, price) for at, (count, price) in enumerate(shares) if count]


def _item(own: int, count: int, price: int) -> Mapping[str, Any]:
    disc = number("disc", own, _CATALOGUE)
    return {
        "title": f"{_TITLES[disc % len(_TITLES)]}, Vol. {1 + disc // len(_TITLES)}",
        "sku": f"CD-{disc:04d}",
        "count": count,
        "each": _price(price),
        "sum": _price(count * price),
    }


def _shipments(own: int, state: str, placed_at: datetime) -> Sequence[Mapping[str, Any]]:
    words = {"ACCEPTED": "PACKING", "DISPATCHED": "ON_THE_WAY", "COMPLETED": "HANDED_OVER", "SENT_BACK": "COMING_BACK"}
    if state not in words:
        return []
    has_arrived = state in ("COMPLETED", "SENT_BACK")
    took = timedelta(2 + number("days", own, _DAYS_TO_ARRIVE), hours=number("arrival", own, 6))
    return [
        {
            "state": words[state],
            "carrier": _CARRIERS[number("carrier", own, len(_CARRIERS))],
            "tracking": f"1Z{number('tracking', own, 10**12):012d}",
            "dueOn": (placed_at.date() + timedelta(_DAYS_TO_ARRIVE)).isoformat(),
            "arrivedAt": (placed_at + took).isoformat() if has_arrived else None,
        }
    ]


def _price(cents: int) -> Mapping[str, Any]:
    return {"minor": cents, "currency": _CURRENCY}
