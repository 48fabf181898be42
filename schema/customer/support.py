"""What the customer asks and complains about."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from schema.customer.party import Channel
from schema.customer.sorting import Sort
from schema.directives import Personal, PersonalCategory, personal
from schema.relay import Connection, Forward, On, listing

__all__ = [
    "Message",
    "MessageAuthor",
    "MessagesBy",
    "Ticket",
    "TicketPriority",
    "TicketStatus",
    "TicketsBy",
]


@strawberry.enum
class TicketStatus(Enum):
    """Where a ticket stands."""

    NEW = "NEW"
    """Nobody has taken it up yet."""
    OPEN = "OPEN"
    """Somebody works on it."""
    WAITING = "WAITING"
    """It waits for an answer of the customer."""
    SOLVED = "SOLVED"
    """An answer has been given; the customer may still object."""
    CLOSED = "CLOSED"
    """It is over."""


@strawberry.enum
class TicketPriority(Enum):
    """How soon a ticket has to be dealt with."""

    LOW = "LOW"
    """When there is time."""
    NORMAL = "NORMAL"
    """In its turn."""
    HIGH = "HIGH"
    """Before others."""
    URGENT = "URGENT"
    """At once."""


@strawberry.enum
class MessageAuthor(Enum):
    """Who wrote a message."""

    CUSTOMER = "CUSTOMER"
    """The customer, or someone on the customer's behalf."""
    AGENT = "AGENT"
    """Somebody of the business."""
    SYSTEM = "SYSTEM"
    """A program of the business."""


@strawberry.type
class Message:
    """One message of a conversation."""

    author: MessageAuthor | None = personal(PersonalCategory.COMMUNICATION)
    """Who wrote it."""
    channel: Channel | None = personal(PersonalCategory.COMMUNICATION)
    """How it was sent."""
    sent_at: datetime | None = personal(PersonalCategory.COMMUNICATION)
    """When it was sent."""
    text: str | None = personal(PersonalCategory.COMMUNICATION)
    """What it says, without formatting."""


class MessagesBy(Forward):
    """Which messages to give, and in which order."""

    author: Annotated[list[MessageAuthor] | None, On("author")] = None
    """Only messages by one of these."""
    sort: Annotated[Sort, On("sent_at")] = Sort.OLDEST_FIRST
    """The order in which to give them."""


@strawberry.type
class Ticket:
    """A question, request or complaint of the customer, from its start to its end."""

    number: str | None = personal(PersonalCategory.COMMUNICATION)
    """The number under which the customer can ask about it."""
    subject: str | None = personal(PersonalCategory.COMMUNICATION)
    """What it is about, in one line."""
    status: TicketStatus | None = personal(PersonalCategory.COMMUNICATION)
    """Where it stands."""
    priority: TicketPriority | None = personal(PersonalCategory.COMMUNICATION)
    """How soon it has to be dealt with."""
    channel: Channel | None = personal(PersonalCategory.COMMUNICATION)
    """How the customer raised it."""
    opened_at: datetime | None = personal(PersonalCategory.COMMUNICATION)
    """When the customer raised it."""
    solved_at: datetime | None = personal(PersonalCategory.COMMUNICATION)
    """When an answer was given; none while there is none."""
    messages: Connection[Message] | None = listing(MessagesBy, Personal(category=PersonalCategory.COMMUNICATION))
    """What has been written about it."""


class TicketsBy(Forward):
    """Which tickets to give, and in which order."""

    status: Annotated[list[TicketStatus] | None, On("status")] = None
    """Only tickets that stand at one of these."""
    opened_from: Annotated[datetime | None, On("opened_at")] = None
    """Only tickets raised at this time or later."""
    opened_before: Annotated[datetime | None, On("opened_at")] = None
    """Only tickets raised before this time."""
    sort: Annotated[Sort, On("opened_at")] = Sort.NEWEST_FIRST
    """The order in which to give them."""
