"""The sandbox's support desk: tickets of one client, messages of one ticket, calls and chats, over REST, page by page.

    GET /customers/S-900001/tickets?status=fresh,assigned&order=newest&limit=2      Authorization: Bearer ...
    {"tickets": [{"id": "T-900001-03", "client": "S-900001", "status": "assigned", ...}, ...], "next": "T-900001-03"}

    GET /tickets/T-900001-03/messages?limit=20&cursor=M-900001-03-20
    {"messages": [{"id": "M-900001-03-21", "ticket": "T-900001-03", ...}], "next": null}

    GET /customers/S-900001/interactions?state=live,held
    {"interactions": [{"id": "I-900001-02", "client": "S-900001", "state": "live", "began": ...}], "next": null}

`since` and `until` (not included) are moments of ISO 8601 with their zone, `order` is newest or oldest. A page holds
20 entries at most; `next` is the cursor of the page that follows. A client or ticket that it does not know is 404, what
it does not understand 400.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request

from adapters.sandbox.interactions import as_interactions
from adapters.sandbox.people import Customer, customers
from adapters.sandbox.server import Ask, Records
from adapters.sandbox.tickets import as_tickets

__all__ = ["SupportList", "support_desk"]

_PAGE = 20


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is particular to one list: where it stands, the moment it is ordered by, and a member to filter by."""

    path: str
    name: str
    moment: str
    code: str
    words: frozenset[str]
    usual: str


_TICKETS = _Kind(
    "/customers/{key}/tickets",
    "tickets",
    "created",
    "status",
    frozenset({"fresh", "assigned", "pending", "resolved", "archived"}),
    "newest",
)
_MESSAGES = _Kind(
    "/tickets/{key}/messages", "messages", "at", "writer", frozenset({"client", "staff", "robot"}), "oldest"
)
_INTERACTIONS = _Kind(
    "/customers/{key}/interactions", "interactions", "began", "state", frozenset({"live", "held", "ended"}), "oldest"
)


@dataclass(frozen=True, slots=True)
class _Query:
    """What part of a list is asked, and in which order."""

    codes: frozenset[str]
    since: datetime | None
    until: datetime | None
    is_newest_first: bool
    limit: int
    cursor: str | None


class SupportList:
    """One of the desk's lists. `records` holds the entries by whose they are, oldest first; `token` is what it wants.

    Those with the most entries come first: what the desk answers in place of another's list then says whose it is.
    """

    def __init__(self, kind: _Kind, token: str, lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.path, self._kind, self._token = kind.path, kind, token.encode()
        by_size = sorted(lists.items(), key=lambda item: -len(item[1]))
        self.records = {key: {"entries": entries} for key, entries in by_size}

    def read(self, request: Request) -> Ask:
        """Return what is asked; 401 without the credential, 400 for what it cannot answer."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token):
            raise HTTPException(401, "please sign in", {"WWW-Authenticate": "Bearer"})
        request.state.query = _read_query(request.query_params, self._kind)
        return Ask((request.path_params["key"],), ())

    def body(self, ask: Ask, records: Records, request: Request) -> object:
        """Return one page of the list."""
        if not records:
            raise HTTPException(404, "nobody by that number")
        query: _Query = request.state.query
        chosen = [entry for entry in records[0]["entries"] if self._matches(entry, query)]
        if query.is_newest_first:
            chosen.reverse()
        start = _behind(query.cursor, chosen)
        shown = chosen[start : start + query.limit]
        has_more = start + query.limit < len(chosen)
        return {self._kind.name: [_told(entry) for entry in shown], "next": shown[-1]["id"] if has_more else None}

    def _matches(self, entry: Mapping[str, Any], query: _Query) -> bool:
        moment: datetime = entry[self._kind.moment]
        return (
            entry[self._kind.code] in query.codes
            and (query.since is None or moment >= query.since)
            and (query.until is None or moment < query.until)
        )


def support_desk(token: str, whom: Iterable[Customer] | None = None) -> tuple[SupportList, SupportList, SupportList]:
    """Return the desk's lists: tickets of clients, messages of tickets, and interactions with clients. `token` is the
    credential it wants."""
    clients = list(customers() if whom is None else whom)
    tickets = {customer.support_key: as_tickets(customer) for customer in clients}
    messages = {ticket["id"]: ticket["messages"] for of_one in tickets.values() for ticket in of_one}
    interactions = {customer.support_key: as_interactions(customer) for customer in clients}
    return (
        SupportList(_TICKETS, token, tickets),
        SupportList(_MESSAGES, token, messages),
        SupportList(_INTERACTIONS, token, interactions),
    )


def _read_query(given: QueryParams, kind: _Kind) -> _Query:
    codes = frozenset(given[kind.code].split(",")) if kind.code in given else kind.words
    order, limit = given.get("order", kind.usual), given.get("limit", str(_PAGE))
    if not codes <= kind.words:
        raise HTTPException(400, f"{kind.code}: no such word")
    if order not in ("newest", "oldest"):
        raise HTTPException(400, "order: newest or oldest is wanted")
    if not (limit.isascii() and limit.isdigit() and len(limit) < 4 and 1 <= int(limit) <= _PAGE):
        raise HTTPException(400, f"limit: 1 to {_PAGE} are allowed")
    since, until = _moment(given.get("since")), _moment(given.get("until"))
    return _Query(codes, since, until, order == "newest", int(limit), given.get("cursor"))


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise HTTPException(400, "a moment in ISO 8601 is wanted") from None
    if moment is not None and moment.tzinfo is None:
        raise HTTPException(400, "a moment with its zone is wanted")
    return moment


def _behind(cursor: str | None, chosen: Sequence[Mapping[str, Any]]) -> int:
    if cursor is None:
        return 0
    place = next((place for place, entry in enumerate(chosen, 1) if entry["id"] == cursor), None)
    if place is None:
        raise HTTPException(400, "cursor: it leads nowhere in this list")
    return place


def _told(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entry as it is answered: moments as text, and of a ticket not its messages."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in entry.items()
        if name != "messages"
    }
