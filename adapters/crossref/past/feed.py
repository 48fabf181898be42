"""The change feed: what has changed, in the order of the events, and whom each of them concerns."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.crossref.asking import MAX_PAGE, check_page
from adapters.crossref.database import Connection
from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.events import concerned

__all__ = ["Change", "follow", "read_changes"]

_CHANGES = (
    "SELECT seq, at, type, customer_id, body FROM xref_event WHERE tenant_id = ? AND seq > ? ORDER BY seq LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One event as a subscriber needs it: its number, when, what, the ids of the customers concerned, and what exactly.

    `customers` begins with the one that the event names; it is empty for what concerns a source. Who did it and why
    stands in the history alone.
    """

    seq: int
    at: datetime
    type: str
    customers: tuple[str, ...]
    body: Mapping[str, object] = field(repr=False)


async def read_changes(connection: Connection, tenant: str, after: int, limit: int) -> tuple[Change, ...]:
    """Return what has changed after the event of this number, in order, without gaps.

    Raises InputError when `after` or `limit` cannot be, and when no event has ever had a number as high as `after`: who
    has read that far has read another log, of before a backup was restored, and has to begin again.
    """
    check_page(after, limit)
    rows = await connection.fetch(_CHANGES, tenant, after, limit)
    if not rows and after:
        await _check_reached(connection, tenant, after)
    return tuple([_change(seq, at, kind, customer, json.loads(body)) for seq, at, kind, customer, body in rows])


async def _check_reached(connection: Connection, tenant: str, after: int) -> None:
    row = await connection.fetch_one("SELECT next_seq FROM tenant WHERE tenant_id = ?", tenant)
    if row is None or after >= row[0]:
        raise InputError(
            RefusalCode.VALUE_INVALID,
            "after is beyond the last event, as when a backup was restored; begin at 0",
        )


def _change(seq: int, at: str, kind: str, customer: str | None, body: Mapping[str, object]) -> Change:
    customers = dict.fromkeys([*([] if customer is None else [customer]), *concerned(body)])
    return Change(seq, datetime.fromisoformat(at), kind, tuple(customers), body)


async def follow(
    changes: Callable[[int], Awaitable[Sequence[Change]]], after: int, pause: Callable[[], Awaitable[None]]
) -> AsyncIterator[Change]:
    """Return every change after the event of this number, now and as they come, until nobody wants more."""
    while True:
        page = await changes(after)
        for change in page:
            after = change.seq
            yield change
        if len(page) < MAX_PAGE:
            await pause()
