"""One writing transaction: what is written stands or falls together with the event that tells it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Self

from adapters.crossref.database import Connection
from adapters.crossref.errors import InputError, RefusalCode, StoreError
from adapters.crossref.events import Act, Event, EventType, canonical, commitment, moment
from adapters.crossref.ids import new_id
from adapters.crossref.sealing import Keyring
from adapters.crossref.sources import KeyFormat, KeyMode, SourceSystem

__all__ = ["CustomerRow", "Ledger", "LinkToCome", "read_sources"]

_SALT = 32

_OWNERS = (
    "SELECT key_lookup, customer_id FROM link "
    "WHERE tenant_id = ? AND source_id = ? AND key_lookup IN (?*) AND valid_to IS NULL"
)

_TOGETHER = 100
"""Keys that are looked up by one statement."""


@dataclass(frozen=True, slots=True)
class LinkToCome:
    """A link about to be written; `key` is in normal form."""

    link_id: str
    source: SourceSystem
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer as the table has it."""

    customer_id: str
    status: str
    version: int
    changed_seq: int


async def read_sources(connection: Connection, tenant: str) -> dict[str, SourceSystem]:
    """Return the tenant's sources by name."""
    rows = await connection.fetch(
        "SELECT source_id, key_format, key_mode, max_live, priority FROM source_system WHERE tenant_id = ?", tenant
    )
    return {row[0]: SourceSystem(row[0], KeyFormat(row[1]), KeyMode(row[2]), row[3], row[4]) for row in rows}


@cache
def _owners_of(size: int) -> str:
    return _OWNERS.replace("?*", ", ".join("?" * size))


class Ledger:
    """A tenant's tables inside one writing transaction, in which nobody else writes for the tenant. Made by `open`.

    `at` is the time of everything written in it: the clock's, or that of the last event if the clock went back, for
    intervals of a link may not end before they begin.
    """

    def __init__(
        self, connection: Connection, tenant: str, keyring: Keyring, now: datetime, sources: Mapping[str, SourceSystem]
    ) -> None:
        self.connection, self.tenant, self.keyring, self.sources, self._now = connection, tenant, keyring, sources, now
        self.at = moment(now)
        self._next_seq, self._is_changed = 1, False
        self._head: bytes | None = None
        self._owners: dict[tuple[str, str], str | None] = {}  # nobody else writes: what was read here stays so

    @classmethod
    async def open(cls, connection: Connection, tenant: str, keyring: Keyring, now: datetime) -> Self:
        """Begin at the tenant's last event; what is written stands when the ledger is closed and the transaction ends.

        Raises StoreError when the tenant's row is gone, which was made on opening the cross-reference.
        """
        ledger = cls(connection, tenant, keyring, now, await read_sources(connection, tenant))
        row = await connection.fetch_one(
            "SELECT next_seq, head_hash, (SELECT at FROM xref_event AS e WHERE e.tenant_id = t.tenant_id "
            "ORDER BY e.seq DESC LIMIT 1) FROM tenant AS t WHERE t.tenant_id = ?",
            tenant,
        )
        if row is None:
            raise StoreError("got a tenant that somebody has deleted; open the cross-reference again")
        ledger._next_seq, ledger._head, ledger.at = row[0], row[1], max(ledger.at, row[2] or "")
        return ledger

    async def close(self) -> None:
        """Write down where the next event will follow."""
        if self._is_changed:
            await self.connection.execute(
                "UPDATE tenant SET next_seq = ?, head_hash = ? WHERE tenant_id = ?",
                *(self._next_seq, self._head, self.tenant),
            )

    def new_id(self, prefix: str) -> str:
        """Return an id that was never given."""
        return new_id(prefix, self._now)

    def source(self, name: str) -> SourceSystem:
        """Return the source of this name; raises InputError when it is not registered."""
        source = self.sources.get(name)
        if source is None:
            raise InputError(
                RefusalCode.SOURCE_UNKNOWN, f"got a source that is not registered; wanted one of {sorted(self.sources)}"
            )
        return source

    async def customer(self, customer_id: str) -> CustomerRow | None:
        """Return the customer of this id or, when it was merged, the one it was merged into."""
        if not customer_id.isprintable():  # the databases disagree on what cannot be printed
            return None
        row = await self.connection.fetch_one(
            "SELECT c.customer_id, c.status, c.version, c.changed_seq FROM customer AS a JOIN customer AS c "
            "ON c.tenant_id = a.tenant_id AND c.customer_id = coalesce(a.survivor_id, a.customer_id) "
            "WHERE a.tenant_id = ? AND a.customer_id = ?",
            *(self.tenant, customer_id),
        )
        return CustomerRow(*row) if row else None

    async def owner(self, source: SourceSystem, key: str) -> str | None:
        """Return the customer to whom the key is linked now, under whichever version of the secret it was written."""
        for form in self.keyring.lookup_forms(source, key):
            if (source.name, form) not in self._owners:
                await self._ask_owners(source, [form])
            customer = self._owners[source.name, form]
            if customer is not None:
                return customer
        return None

    async def know_owners(self, keys: Mapping[SourceSystem, Collection[str]]) -> None:
        """Look up the owners of many keys at once, so that `owner` can tell them without asking."""
        for source, several in keys.items():
            forms = [form for key in several for form in self.keyring.lookup_forms(source, key)]
            for start in range(0, len(forms), _TOGETHER):
                await self._ask_owners(source, forms[start : start + _TOGETHER])

    def give(self, source: SourceSystem, form: str, customer_id: str) -> None:
        """Remember whose the key is from now on, which the caller writes."""
        self._owners[source.name, form] = customer_id

    async def _ask_owners(self, source: SourceSystem, forms: Sequence[str]) -> None:
        size = 1 if len(forms) == 1 else _TOGETHER  # two statements, which stay prepared
        self._owners |= dict.fromkeys((source.name, form) for form in forms)
        rows = await self.connection.fetch(
            _owners_of(size), self.tenant, source.name, *forms, *[None] * (size - len(forms))
        )
        self._owners |= {(source.name, row[0]): row[1] for row in rows}

    async def live_keys(self, customer_id: str) -> dict[str, int]:
        """Return how many live keys of each source the customer has."""
        rows = await self.connection.fetch(
            "SELECT source_id, count(*) FROM link "
            "WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL AND key_status = 'live' GROUP BY source_id",
            *(self.tenant, customer_id),
        )
        return {row[0]: row[1] for row in rows}

    async def touch(self, customer_id: str, seq: int) -> int:
        """Count up the customer's version, which the event of this number brought about, and return it."""
        row = await self.connection.fetch_one(
            "UPDATE customer SET version = version + 1, changed_seq = ? WHERE tenant_id = ? AND customer_id = ? "
            "RETURNING version",
            *(seq, self.tenant, customer_id),
        )
        assert row is not None
        return int(row[0])

    async def append(
        self,
        kind: EventType,
        customer_id: str | None,
        act: Act,
        body: Mapping[str, object],
        links: Sequence[LinkToCome] = (),
    ) -> int:
        """Write the next event and return its sequence number; `links` are those whose keys it commits to."""
        salts = [os.urandom(_SALT) for _ in links]
        committed = {
            link.link_id: commitment(salt, link.link_id, link.source.name, link.key)
            for link, salt in zip(links, salts, strict=True)
        }
        full = {**body, "commitments": committed} if links else body
        event = Event(self.tenant, self._next_seq, self.at, kind, customer_id, act, full, self._head)
        await self._insert(event)
        await self._keep_secrets(event.seq, links, salts)
        return event.seq

    async def _insert(self, event: Event) -> None:
        digest, act = event.hash(), event.act
        await self.connection.execute(
            "INSERT INTO xref_event (tenant_id, seq, at, type, customer_id, actor, reason_code, reason_ref, body, "
            "prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(event.tenant, event.seq, event.at, event.type, event.customer_id),
            *(act.actor, act.reason_code, act.reason_ref, canonical(event.body), event.prev_hash, digest),
        )
        # Nobody else writes for the tenant: the order of commits is the order of numbers, and none is ever missing.
        self._next_seq, self._head, self._is_changed = event.seq + 1, digest, True

    async def _keep_secrets(self, seq: int, links: Sequence[LinkToCome], salts: Sequence[bytes]) -> None:
        # Salt and commitment together would let a sealed key be guessed, so of a sealed source both are sealed.
        seal = self.keyring.seal
        await self.connection.execute_many(
            "INSERT INTO event_secret (tenant_id, seq, link_id, salt, key) VALUES (?, ?, ?, ?, ?)",
            [
                (
                    *(self.tenant, seq, link.link_id),
                    seal(link.source, "event", salt, link.link_id, "salt"),
                    seal(link.source, "event", link.key.encode(), link.link_id, "key"),
                )
                for link, salt in zip(links, salts, strict=True)
            ],
        )
