"""What support keeps of each customer's tickets and their messages, in its own words: made from the purchases.

The data name no question and no complaint: who asked, when, what about and what was answered is made up. Each ticket is
about a purchase, and is raised in the days after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from adapters.sandbox.chance import number
from adapters.sandbox.extracts import Purchase
from adapters.sandbox.ledger import BOOKS_CLOSE
from adapters.sandbox.people import Customer

__all__ = ["as_tickets"]


@dataclass(frozen=True, slots=True)
class _Topic:
    """What a ticket is about, how urgent that is, and what the client and the staff write in turn."""

    subject: str
    urgency: str
    lines: tuple[str, ...]


_TOPICS = (
    _Topic(
        "Where is my parcel?",
        "p2",
        ("Order {order} has not come yet.", "The carrier says: within two days.", "It came today. Thank you!"),
    ),
    _Topic(
        "A disc is scratched",
        "p3",
        ("One disc of {order} is scratched and skips.", "Keep it. A new one leaves our house today."),
    ),
    _Topic(
        "The wrong disc came",
        "p2",
        ("One disc of {order} is not what I ordered.", "We are sorry. The right one is on its way.", "Got it, thanks."),
    ),
    _Topic(
        "I was charged twice",
        "p1",
        ("My card was charged twice for {order}.", "You are right. The second charge goes back to you."),
    ),
    _Topic("Can I still cancel?", "p2", ("I want to cancel {order}.", "It has left our house: please send it back.")),
    _Topic("I have moved", "p3", ("Please send {order} to my new address.", "We have told the carrier.", "Thank you.")),
    _Topic("A receipt, please", "p4", ("I need a receipt for {order}.", "It is in the mail to you.")),
    _Topic(
        "Will it be in stock again?",
        "p4",
        ("I want one more of the disc in {order}.", "We expect it at the end of the month.", "Good, I shall wait."),
    ),
    _Topic("The case is broken", "p3", ("The case of a disc in {order} is broken.", "A new case is on its way.")),
    _Topic(
        "How do I send a disc back?",
        "p3",
        ("I do not like a disc of {order}.", "Use the label in the parcel. You have 30 days.", "Thanks, I sent it."),
    ),
)
_RECEIVED = "We have got your message and shall answer within a day."
_CHASED = ("There is still no answer. Is there any news?", "Not yet. We have asked again and shall write to you.")

_ORIGINS = ("mail", "mail", "mail", "call", "call", "chat", "app", "text", "letter")

_SILENT, _QUIET, _EAGER = 30, 90, 98
"""Of a hundred customers these first ones never asked; those up to here asked now and then, often, all the time."""

_FRESH, _ASSIGNED, _PENDING, _RESOLVED = 1, 4, 12, 30
"""Tickets of so many last days have only come so far."""

_LEFT, _NOT_FILED = 4, 12
"""Of a hundred older tickets these first ones still wait for the client, and those up to here have not been filed."""

_OLD, _NEVER_ENDING = 180, 50
"""Of tickets of more than so many days, in one of so many the client asks again and again."""

_CHASES = 22
"""How often, then."""

_MINUTES_TO_ANSWER = 4_000

_DAYS_TO_COMPLAIN = 14


def as_tickets(customer: Customer) -> Sequence[Mapping[str, Any]]:
    """Return the customer's tickets, oldest first, each with its `messages`; moments are moments, not texts."""
    seed = int(customer.support_key[2:])
    raised = sorted(_raised(customer.purchases, seed, place) for place in range(_count(seed)))
    return [_ticket(customer, f"T-{seed}-{place:02d}", *one) for place, one in enumerate(raised, 1)]


def _count(seed: int) -> int:
    chance = number("asking", seed, 100)
    if chance < _SILENT:
        return 0
    least, spread = (1, 4) if chance < _QUIET else (5, 10) if chance < _EAGER else (41, 20)
    return least + number("number of tickets", seed, spread)


def _raised(purchases: Sequence[Purchase], seed: int, place: int) -> tuple[datetime, int, int]:
    """Return when a ticket was raised, about which purchase, from 1, and a number of its own."""
    own = seed * 100 + place
    about = number("about", own, len(purchases))
    day = purchases[about].on + timedelta(1 + number("complaint", own, _DAYS_TO_COMPLAIN))
    at = time(7 + number("hour of day", own, 14), number("minute of hour", own, 60))
    return datetime.combine(min(day, BOOKS_CLOSE - timedelta(1)), at, UTC), about + 1, own


def _ticket(customer: Customer, name: str, created: datetime, about: int, own: int) -> Mapping[str, Any]:
    topic, age = _TOPICS[number("topic", own, len(_TOPICS))], (BOOKS_CLOSE - created.date()).days
    status, origin = _status(age, own), _ORIGINS[number("origin", own, len(_ORIGINS))]
    lines = _written(topic, status, is_endless=age > _OLD and number("endless", own, _NEVER_ENDING) == 0)
    order = f"P-{customer.order_key[2:]}-{about:03d}"
    messages = list(_messages(name, own, created, origin, [(by, line.format(order=order)) for by, line in lines]))
    answers = [message["at"] for message in messages if message["writer"] == "staff"]
    return {
        "id": name,
        "client": customer.support_key,
        "subject": topic.subject,
        "status": status,
        "urgency": topic.urgency,
        "origin": origin,
        "created": created,
        "resolved": answers[-1] if status in ("resolved", "archived") else None,
        "messages": messages,
    }


def _status(age: int, own: int) -> str:
    for days, status in ((_FRESH, "fresh"), (_ASSIGNED, "assigned"), (_PENDING, "pending"), (_RESOLVED, "resolved")):
        if age <= days:
            return status
    chance = number("status", own, 100)
    return "pending" if chance < _LEFT else "resolved" if chance < _NOT_FILED else "archived"


def _written(topic: _Topic, status: str, *, is_endless: bool) -> Sequence[tuple[str, str]]:
    """Return who wrote what, in order: as much of it as the ticket's status says has happened."""
    opening, answer, *thanks = topic.lines
    written = [("client", opening), ("robot", _RECEIVED)]
    if status in ("fresh", "assigned"):
        return written
    for _ in range(_CHASES if is_endless else 0):
        written += zip(("client", "staff"), _CHASED, strict=True)
    written.append(("staff", answer))
    return written if status == "pending" else [*written, *(("client", line) for line in thanks)]


def _messages(
    ticket: str, own: int, created: datetime, origin: str, written: Sequence[tuple[str, str]]
) -> Iterator[Mapping[str, Any]]:
    at = created
    for place, (writer, text) in enumerate(written):
        yield {
            "id": f"M{ticket[1:]}-{place + 1:02d}",
            "ticket": ticket,
            "writer": writer,
            "via": "mail" if writer == "robot" else origin,
            "at": at,
            "text": text,
        }
        wait = 1 if writer == "client" and place == 0 else 20 + number("wait", own * 100 + place, _MINUTES_TO_ANSWER)
        at += timedelta(minutes=wait)
