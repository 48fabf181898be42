"""One writing transaction: what is written stands or falls together with the event that tells it."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Self

from adapters.crossref.apart import Apart
from adapters.crossref.database import Connection
from adapters.crossref.errors import InputError, RefusalCode, StoreError
from adapters.crossref.events import Act, Event, EventType, canonical, commitment, moment
from adapters.crossref.ids import is_id, new_id, new_uuids
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.sources import KeyFormat, KeyMode, SourceKey, SourceSystem

__all__ = ["CustomerRow", "Ledger", "LinkToCome", "read_sources"]

_SALT = 32

_OWNERS = (
    "SELECT key_lookup, customer_id FROM link "
    "WHERE tenant_id = ? AND source_id = ? AND key_lookup IN (?*) AND valid_to IS NULL"
)

_CUSTOMERS = (
    "SELECT a.customer_id, c.customer_id, c.status, c.version, c.changed_seq FROM customer AS a JOIN customer AS c "
    "ON c.tenant_id = a.tenant_id AND c.customer_id = coalesce(a.survivor_id, a.customer_id) "
    "WHERE a.tenant_id = ? AND a.customer_id IN (?*)"
)

_TOGETHER = 100
"""Keys, or customers, that are looked up by one statement."""


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


@cache
def _customers_of(size: int) -> str:
    return _CUSTOMERS.replace("?*", ", ".join("?" * size))


class Ledger:
    """A tenant's tables inside one writing transaction, in which nobody else writes for the tenant. Made by `open`.

    `at` is the time of everything written in it: the clock's, or that of the last event if the clock went back, for
    intervals of a link may not end before they begin. `written` holds the versions of the secret with which the tenant
    was written, and the mark of each; `lacking` are those of which the secret is not at hand: whoever opens the ledger
    sees to it that nothing is in use that they sealed.
    """

    def __init__(
        self, connection: Connection, tenant: str, keyring: Keyring, now: datetime, sources: Mapping[str, SourceSystem]
    ) -> None:
        self.connection, self.tenant, self.keyring, self.sources, self._now = connection, tenant, keyring, sources, now
        self.at = moment(now)
        self.apart = Apart(connection, tenant, keyring, sources)
        self.lacking: tuple[int, ...] = ()
        self._next_seq, self._is_changed = 1, False
        self.written: Mapping[str, str] = {}
        self._head: bytes | None = None
        self._owners: dict[tuple[str, str], str | None] = {}  # nobody else writes: what was read here stays so
        self._customers: dict[str, CustomerRow | None] = {}
        self._uuids: list[str] = []

    @classmethod
    async def open(cls, connection: Connection, tenant: str, keyring: Keyring, now: datetime) -> Self:
        """Begin at the tenant's last event; what is written stands when the ledger is closed and the transaction ends.

        Raises StoreError when the tenant's row is gone, which was made on opening the cross-reference, and SecretError
        when the tenant was written with a newer secret than those at hand: keys would be linked twice.
        """
        ledger = cls(connection, tenant, keyring, now, await read_sources(connection, tenant))
        row = await connection.fetch_one(
            "SELECT next_seq, head_hash, (SELECT at FROM xref_event AS e WHERE e.tenant_id = t.tenant_id "
            "ORDER BY e.seq DESC LIMIT 1), EXISTS (SELECT 1 FROM non_match AS n WHERE n.tenant_id = t.tenant_id), "
            "secret_marks "
            "FROM tenant AS t WHERE t.tenant_id = ?",
            tenant,
        )
        if row is None:
            raise StoreError("got a tenant that somebody has deleted; open the cross-reference again")
        ledger._next_seq, ledger._head, ledger.at = row[0], row[1], max(ledger.at, row[2] or "")
        ledger.apart.is_empty = not row[3]
        ledger.written = json.loads(row[4])
        ledger.lacking = keyring.lacking(ledger.written)
        return ledger

    async def close(self) -> None:
        """Write down where the next event will follow, and with which secret was written."""
        written = {version: mark for version, mark in self.written.items() if int(version) not in self.lacking}
        written |= {str(version): self.keyring.mark(version) for version in self.keyring.versions[:1]}
        if written != self.written:
            await self.connection.execute(
                "UPDATE tenant SET secret_marks = ? WHERE tenant_id = ?", canonical(written), self.tenant
            )
        if self._is_changed:
            await self.connection.execute(
                "UPDATE tenant SET next_seq = ?, head_hash = ? WHERE tenant_id = ?",
                *(self._next_seq, self._head, self.tenant),
            )

    @property
    def head(self) -> tuple[int, bytes | None]:
        """The number and the hash of the last event; 0 and None before the first."""
        return self._next_seq - 1, self._head

    def new_id(self, prefix: str) -> str:
        """Return an id that was never given."""
        return f"{prefix}_{self._uuids.pop()}" if self._uuids else new_id(prefix, self._now)

    def expect_ids(self, count: int) -> None:
        """Let the next ids, so many, ascend: an index takes what comes in order in less time and less room."""
        self._uuids = new_uuids(self._now, count)

    def source(self, name: str) -> SourceSystem:
        """Return the source of this name; raises InputError when it is not registered."""
        source = self.sources.get(name)
        if source is None:
            raise InputError(
                RefusalCode.SOURCE_UNKNOWN, f"got a source that is not registered; wanted one of {sorted(self.sources)}"
            )
        return source

    def entry(self, source: str, key: str) -> SourceKey:
        """Return the key in normal form; raises InputError when it cannot be one, or its source is not registered."""
        known = self.source(source)
        return SourceKey(known, known.normal(key))

    async def customer(self, customer_id: str) -> CustomerRow | None:
        """Return the customer of this id or, when it was merged, the one it was merged into."""
        if not is_id(customer_id):
            return None
        if customer_id in self._customers:
            return self._customers[customer_id]
        rows = await self.connection.fetch(_customers_of(1), self.tenant, customer_id)
        return CustomerRow(*rows[0][1:]) if rows else None

    async def merged_into(self, customer_id: str) -> list[str]:
        """Return the ids that lead to this customer since they were merged, in order."""
        rows = await self.connection.fetch(
            "SELECT customer_id FROM customer INDEXED BY customer_survivor WHERE tenant_id = ? AND survivor_id = ?",
            *(self.tenant, customer_id),
        )
        return sorted(row[0] for row in rows)

    async def know_customers(self, ids: Iterable[str]) -> None:
        """Look up many customers at once, so that `customer` can tell them without asking until they are written.

        Those that were merged are not among them: whoever writes the survivor would not name them.
        """
        several = [one for one in dict.fromkeys(ids) if is_id(one)]
        for start in range(0, len(several), _TOGETHER):
            part = several[start : start + _TOGETHER]
            filled = (*part, *[None] * (_TOGETHER - len(part)))
            rows = await self.connection.fetch(_customers_of(_TOGETHER), self.tenant, *filled)
            found = {row[0]: CustomerRow(*row[1:]) for row in rows}
            known = {one: found.get(one) for one in part}
            self._customers |= {one: row for one, row in known.items() if row is None or row.customer_id == one}

    async def owner(self, source: SourceSystem, key: str) -> str | None:
        """Return the customer to whom the key is linked now, under whichever version of the secret it was written."""
        for form in self.keyring.lookup_forms(source, key):
            if (source.name, form) not in self._owners:
                await self._ask_owners(source, [form])
            customer = self._owners[source.name, form]
            if customer is not None:
                return customer
        return None

    async def know_owners(self, keys: Mapping[SourceSystem, Collection[str]]) -> set[str]:
        """Look up the owners of many keys at once, so that `owner` can tell them without asking; return them."""
        owners: set[str] = set()
        for source, several in keys.items():
            forms = [form for key in several for form in self.keyring.lookup_forms(source, key)]
            for start in range(0, len(forms), _TOGETHER):
                owners.update(await self._ask_owners(source, forms[start : start + _TOGETHER]))
        return owners

    def give(self, source: SourceSystem, form: str, customer_id: str | None) -> None:
        """Remember whose the key is from now on, None for nobody's, which the caller writes."""
        self._owners[source.name, form] = customer_id

    async def _ask_owners(self, source: SourceSystem, forms: Sequence[str]) -> Iterable[str]:
        size = 1 if len(forms) == 1 else _TOGETHER  # two statements, which stay prepared
        self._owners |= dict.fromkeys([(source.name, form) for form in forms])
        rows = await self.connection.fetch(
            _owners_of(size), self.tenant, source.name, *forms, *[None] * (size - len(forms))
        )
        found = {(source.name, row[0]): row[1] for row in rows}
        self._owners |= found
        return found.values()

    async def live_keys(self, customer_id: str) -> dict[str, int]:
        """Return how many live keys of each source the customer has."""
        rows = await self.connection.fetch(
            "SELECT source_id, count(*) FROM link "
            "WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL AND key_status = 'live' GROUP BY source_id",
            *(self.tenant, customer_id),
        )
        return {row[0]: row[1] for row in rows}

    async def touch(self, customer_id: str, seq: int, *, least: int = 0) -> int:
        """Count up the customer's version, which the event of this number brought about, and return it.

        It is `least` or more: where ids lead elsewhere from now on, no version that was read by one of them before is
        that of whom they lead to.
        """
        row = await self.connection.fetch_one(
            "UPDATE customer SET version = CASE WHEN version + 1 < ? THEN ? ELSE version + 1 END, changed_seq = ? "
            "WHERE tenant_id = ? AND customer_id = ? RETURNING version",
            *(least, least, seq, self.tenant, customer_id),
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
        drawn = os.urandom(_SALT * len(links))
        salts = [drawn[at : at + _SALT] for at in range(0, len(drawn), _SALT)]
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
        body, others, act = canonical(event.body), event.others(), event.act
        digest = event.hash(body)
        await self.connection.execute(
            "INSERT INTO xref_event (tenant_id, seq, at, type, customer_id, actor, reason_code, reason_ref, body, "
            "prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(event.tenant, event.seq, event.at, str(event.type), event.customer_id),
            *(act.actor, act.reason_code, act.reason_ref, body, event.prev_hash, digest),
        )
        if others:
            await self.connection.execute_many(
                "INSERT INTO event_customer (tenant_id, customer_id, seq, at, leads_to) VALUES (?, ?, ?, ?, ?)",
                [(event.tenant, one, event.seq, event.at, leads_to) for one, leads_to in others.items()],
            )
        for one in (event.customer_id or "", *others):
            self._customers.pop(one, None)
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
