"""The support desk's adapter."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from adapters.answers import Page
from adapters.gates import CASE, INTERACTION, CaseRecord, InteractionRecord
from adapters.http import AsQuery, ByCursor, HttpAdapter, HttpOffer
from adapters.records import Record, Reference
from adapters.sandbox.sources.codes import coded
from schema.customer import Channel, MessageAuthor, Sort, TicketPriority, TicketStatus

__all__ = ["support_adapter"]

_TICKETS = {
    TicketStatus.NEW: "fresh",
    TicketStatus.OPEN: "assigned",
    TicketStatus.WAITING: "pending",
    TicketStatus.SOLVED: "resolved",
    TicketStatus.CLOSED: "archived",
}
_URGENCIES = {
    "p1": TicketPriority.URGENT,
    "p2": TicketPriority.HIGH,
    "p3": TicketPriority.NORMAL,
    "p4": TicketPriority.LOW,
}
_ORIGINS = {
    "mail": Channel.EMAIL,
    "call": Channel.PHONE,
    "text": Channel.SMS,
    "letter": Channel.POST,
    "chat": Channel.CHAT,
    "app": Channel.APP,
}
_WRITERS = {MessageAuthor.CUSTOMER: "client", MessageAuthor.AGENT: "staff", MessageAuthor.SYSTEM: "robot"}
_OPEN = {"fresh": True, "assigned": True, "pending": True, "resolved": False, "archived": False}
_GOES_ON = {"live": True, "held": True, "ended": False}
_IN_TIME = AsQuery("order", words={Sort.NEWEST_FIRST: "newest", Sort.OLDEST_FIRST: "oldest"})


def _is_open(status: Any) -> bool | None:
    return None if status is None else _OPEN[status]


def _goes_on(state: Any) -> bool | None:
    return None if state is None else _GOES_ON[state]


class DeskTicket(Record):
    """A ticket as the support desk keeps it."""

    number: str | None = Field(validation_alias="id")
    subject: str | None
    status: Annotated[TicketStatus | None, coded({word: status for status, word in _TICKETS.items()})]
    priority: Annotated[TicketPriority | None, coded(_URGENCIES)] = Field(validation_alias="urgency")
    channel: Annotated[Channel | None, coded(_ORIGINS)] = Field(validation_alias="origin")
    opened_at: datetime | None = Field(validation_alias="created")
    solved_at: datetime | None = Field(validation_alias="resolved")
    messages: Annotated[str | None, Reference("ticket")] = Field(validation_alias="id")


class DeskCase(CaseRecord):
    """A ticket as a case of the customer's: open until an answer has been given."""

    reference: str | None = Field(validation_alias="id")
    is_open: Annotated[bool | None, BeforeValidator(_is_open)] = Field(validation_alias="status")


class DeskInteraction(InteractionRecord):
    """A call or chat with the customer: it goes on until it has ended, on hold or not."""

    reference: str | None = Field(validation_alias="id")
    is_active: Annotated[bool | None, BeforeValidator(_goes_on)] = Field(validation_alias="state")


class DeskMessage(Record):
    """A message of a ticket as the support desk keeps it."""

    author: Annotated[MessageAuthor | None, coded({word: author for author, word in _WRITERS.items()})] = Field(
        validation_alias="writer"
    )
    channel: Annotated[Channel | None, coded(_ORIGINS)] = Field(validation_alias="via")
    sent_at: datetime | None = Field(validation_alias="at")
    text: str | None


def support_adapter(url: str, token: str) -> HttpAdapter:
    """Return the adapter of the support desk at this URL, asked with this bearer credential.

    The desk takes one key a call, and eight calls at once.
    """
    pages = ByCursor(size="limit", cursor="cursor", next="next")
    tickets = HttpOffer(
        name="tickets",
        serves="Customer.tickets",
        record=DeskTicket,
        path="/customers/{key}/tickets",
        key="client",
        records="tickets",
        paging=pages,
        arguments={
            "status": AsQuery("status", words=_TICKETS),
            "opened_from": AsQuery("since"),
            "opened_before": AsQuery("until"),
            "sort": _IN_TIME,
        },
        max_page=20,
        at_once=8,
        absent=Page,
    )
    messages = HttpOffer(
        name="messages",
        serves="Ticket.messages",
        record=DeskMessage,
        path="/tickets/{key}/messages",
        key="ticket",
        keyspace="ticket",
        records="messages",
        paging=pages,
        arguments={"author": AsQuery("writer", words=_WRITERS), "sort": _IN_TIME},
        max_page=20,
        at_once=8,
        absent=Page,
    )
    cases = HttpOffer(
        name="cases",
        serves=CASE,
        record=DeskCase,
        path="/customers/{key}/tickets",
        key="client",
        records="tickets",
        params=(("status", "fresh,assigned,pending"),),
        paging=pages,
        max_items=20,
        max_page=20,
        at_once=8,
        absent=Page,
    )
    interactions = HttpOffer(
        name="interactions",
        serves=INTERACTION,
        record=DeskInteraction,
        path="/customers/{key}/interactions",
        key="client",
        records="interactions",
        params=(("state", "live,held"),),
        paging=pages,
        max_items=20,
        max_page=20,
        at_once=8,
        absent=Page,
    )
    headers = {"Authorization": f"Bearer {token}"}
    return HttpAdapter(
        "support", url, [tickets, messages, cases, interactions], headers=headers, timeout=2.0, at_once=8
    )
