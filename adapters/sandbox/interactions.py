"""What support keeps of the calls and chats with each customer, in its own words: made from the customer's tickets.

Each ticket that came by call or chat was raised in one, which is over. Besides, one customer of ten is on the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.sandbox.chance import number
from adapters.sandbox.ledger import BOOKS_CLOSE
from adapters.sandbox.people import Customer
from adapters.sandbox.tickets import as_tickets

__all__ = ["as_interactions"]

_ORIGINS = ("call", "chat")
_ON_THE_LINE, _WHICH = 10, 4
"""Of so many customers one is in a call or chat that goes on: those of this remainder, the demo's Anne among them."""

_STATES = ("live", "live", "held")
_LAST_EVENING = datetime(BOOKS_CLOSE.year, BOOKS_CLOSE.month, BOOKS_CLOSE.day, 18, tzinfo=UTC) - timedelta(days=1)


def as_interactions(customer: Customer) -> Sequence[Mapping[str, Any]]:
    """Return the interactions with the customer, oldest first: `I-900634-01` and so on; moments are moments."""
    seed = int(customer.support_key[2:])
    raised = [(ticket["created"], "ended") for ticket in as_tickets(customer) if ticket["origin"] in _ORIGINS]
    if number("on the line", seed, _ON_THE_LINE) == _WHICH:
        began = _LAST_EVENING + timedelta(minutes=number("since", seed, 60))
        raised.append((began, _STATES[number("state", seed, len(_STATES))]))
    return [
        {"id": f"I-{seed}-{place:02d}", "client": customer.support_key, "state": state, "began": began}
        for place, (began, state) in enumerate(raised, 1)
    ]
