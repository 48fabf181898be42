"""Look-ups as of a time of the past: who was meant by a key or an id then, and by which keys they were known.

Links tell it by their intervals, and the events of merges where an id led. What was erased since is unknown at all
times; nothing else that happens later changes an answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from adapters.crossref.asking import fetch_each
from adapters.crossref.database import Asked, Connection, Database, Found, Row
from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.events import moment
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import read_sources
from adapters.crossref.past.superseding import DatedLink, superseded_at
from adapters.crossref.port import Lookup, Subject
from adapters.crossref.reading import Reader
from adapters.crossref.secrets_in_use import check_written

__all__ = ["resolve_as_of"]

_OWNERS = (
    "SELECT key_lookup, customer_id FROM link WHERE tenant_id = ? AND source_id = ? AND key_lookup IN (?*) "
    "AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)"
)

_LED = (
    "SELECT customer_id, leads_to FROM event_customer "
    "WHERE tenant_id = ? AND customer_id IN (?*) AND at <= ? ORDER BY seq"
)

_EVER_LED_HERE = (
    "SELECT customer_id FROM event_customer INDEXED BY event_customer_leads_to "
    "WHERE tenant_id = ? AND leads_to IN (?*) AND leads_to IS NOT NULL"
)

_KNOWN = (
    "SELECT customer_id FROM customer "
    "WHERE tenant_id = ? AND customer_id IN (?*) AND status IN ('active', 'merged') AND created_at <= ?"
)

_LINKS = (
    "SELECT customer_id, source_id, key_lookup, key_sealed, link_id, method = 'merge', opened_seq, key_status FROM link"
)

_CURRENT = (
    f"{_LINKS} INDEXED BY link_current_customer "
    "WHERE tenant_id = ? AND customer_id IN (?*) AND valid_to IS NULL AND valid_from <= ?"
)

_ENDED_SINCE = (
    f"{_LINKS} INDEXED BY link_closed_customer "
    "WHERE tenant_id = ? AND customer_id IN (?*) AND valid_to IS NOT NULL AND valid_from <= ? AND valid_to > ?"
)

_RESTRICTIONS = (
    "SELECT customer_id, ground, coordinates FROM restriction "
    "WHERE tenant_id = ? AND customer_id IN (?*) AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)"
)


def _past(at: datetime, now: datetime) -> str:
    """Return the time as the tables have it; raises InputError unless it has a zone and has come."""
    try:
        text = moment(at)
    except (ValueError, OverflowError):
        raise InputError(
            RefusalCode.VALUE_INVALID,
            "got as_of that is no time with a zone; wanted such as datetime(2026, 1, 1, tzinfo=UTC)",
        ) from None
    if text > moment(now):
        raise InputError(RefusalCode.VALUE_INVALID, "got as_of that has not come yet; wanted a time of the past")
    return text


async def resolve_as_of(
    database: Database,
    tenant: str,
    keyring: Keyring,
    lookups: Sequence[Lookup],
    at: datetime,
    now: datetime,
    *,
    restricted_keys: bool = False,
) -> Sequence[Subject | None]:
    """Return who was meant by each look-up at that time, as `resolve_many` does, all at one moment of the database.

    Redirects, keys and restrictions are those of then. Raises InputError when the time has no zone or has not come, and
    for an identifier, of which only the present is kept; SecretError when a key of then was sealed with a secret that
    is no longer at hand.
    """
    if any(lookup.identifier for lookup in lookups):
        raise InputError(
            RefusalCode.VALUE_INVALID,
            "got an identifier with as_of; ask by a key or an id: it is known of the present",
        )
    finder = _FinderAsOf(database, tenant, _past(at, now))
    reader = Reader(finder, keyring, await finder.sources())
    return await reader.resolve_many(lookups, restricted_keys=restricted_keys)


class _FinderAsOf:
    """Finds a tenant's customers as they were at one time, which is in the form that `moment` makes."""

    def __init__(self, database: Database, tenant: str, at: str) -> None:
        self._database, self._tenant, self._at = database, tenant, at

    async def sources(self) -> Mapping[str, SourceSystem]:
        """Return the tenant's sources by name."""
        return await self._database.read(lambda connection: read_sources(connection, self._tenant))

    async def check(self, keyring: Keyring) -> None:
        """Raise SecretError when another process has written with a secret that is not at hand and that is needed."""
        await self._database.read(lambda connection: check_written(connection, self._tenant, keyring))

    async def find(self, asked: Sequence[Asked], *, restricted_keys: bool = False) -> Found:
        """Return who was found then, with all keys, and what was restricted then."""
        return await self._database.read(lambda connection: _Past(connection, self._tenant, self._at).find(asked))


class _Past:
    """The tables at one time, read inside one transaction."""

    def __init__(self, connection: Connection, tenant: str, at: str) -> None:
        self._connection, self._tenant, self._at = connection, tenant, at

    async def find(self, asked: Sequence[Asked]) -> Found:
        meant = {**await self._by_key(asked), **await self._by_id(asked)}
        customers = set(meant.values())
        known = await self._known(customers)
        links = await self._links(known)
        found = {
            position: links.get(customer) or [(position, customer, None)]
            for position, customer in meant.items()
            if customer in known
        }
        return Found(found, await self._restrictions(known) if known else ())

    async def _by_key(self, asked: Sequence[Asked]) -> dict[int, str]:
        positions: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for position, source, form in asked:
            if source is not None and form is not None:
                positions[source][form].append(position)
        meant: dict[int, set[str]] = defaultdict(set)
        for source, forms in positions.items():
            owners = await self._fetch(_OWNERS, forms, self._at, self._at, before=(source,))
            for form, customer in owners:
                for position in forms[form]:
                    meant[position].add(customer)
        # a key that was two customers' under two versions of the secret was nobody's
        return {position: next(iter(customers)) for position, customers in meant.items() if len(customers) == 1}

    async def _by_id(self, asked: Sequence[Asked]) -> dict[int, str]:
        ids = {position: name for position, source, name in asked if source is None and name is not None}
        known = await self._known(ids.values())
        led = await self._led(known)
        return {position: led.get(name, name) for position, name in ids.items() if name in known}

    async def _known(self, customers: Iterable[str]) -> set[str]:
        """Return those of the customers that were there then, and are neither erased nor retired."""
        return {row[0] for row in await self._fetch(_KNOWN, customers, self._at)}

    async def _led(self, customers: Iterable[str]) -> dict[str, str]:
        """Return where ids led then that had been merged, each by the last event that led it."""
        return {row[0]: row[1] for row in await self._fetch(_LED, customers, self._at) if row[1] is not None}

    async def _links(self, customers: Collection[str]) -> dict[str, list[Row]]:
        rows = await self._fetch(_CURRENT, customers, self._at)
        rows += await self._fetch(_ENDED_SINCE, customers, self._at, self._at)
        dated = [DatedLink(row[4], row[0], row[1], row[2], row[7] == "superseded") for row in rows]
        superseded = await superseded_at(self._connection, self._tenant, dated, self._at)
        links: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row[4] not in superseded:
                links[row[0]].append((0, *row[:7]))
        return links

    async def _restrictions(self, customers: Collection[str]) -> list[Row]:
        """Return what was restricted then, for the customers and for ids that led to them then."""
        ever = {row[0] for row in await self._fetch(_EVER_LED_HERE, customers)} - {*customers}
        named = {name: customer for name, customer in (await self._led(ever)).items() if customer in customers}
        named |= {customer: customer for customer in customers}
        return [(named[row[0]], *row[1:]) for row in await self._fetch(_RESTRICTIONS, named, self._at, self._at)]

    async def _fetch(
        self, statement: str, asked: Iterable[str], *after: object, before: Sequence[object] = ()
    ) -> list[Row]:
        return await fetch_each(self._connection, statement, (self._tenant, *before), asked, *after)
