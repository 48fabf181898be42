"""One writing transaction: what is written stands or falls together with the event that tells it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.events import Act, Event, EventType, canonical, commitment, moment
from adapters.crossref.ids import new_id
from adapters.crossref.sealing import Keyring
from adapters.crossref.sources import KeyFormat, KeyMode, SourceSystem

__all__ = ["CustomerRow", "Ledger", "LinkToCome", "read_sources"]

_SALT = 32


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


def read_sources(connection: sqlite3.Connection, tenant: str) -> dict[str, SourceSystem]:
    """Return the tenant's sources by name."""
    rows = connection.execute(
        "SELECT source_id, key_format, key_mode, max_live, priority FROM source_system WHERE tenant_id = ?", (tenant,)
    )
    return {row[0]: SourceSystem(row[0], KeyFormat(row[1]), KeyMode(row[2]), row[3], row[4]) for row in rows}


class Ledger:
    """A tenant's tables inside one writing transaction that the caller begins and ends.

    `at` is the time of everything written in it: the clock's, or that of the last event if the clock went back, for
    intervals of a link may not end before they begin.
    """

    def __init__(self, connection: sqlite3.Connection, tenant: str, keyring: Keyring, now: datetime) -> None:
        self.connection, self.tenant, self.keyring, self._now = connection, tenant, keyring, now
        self.sources = read_sources(connection, tenant)
        last = connection.execute(
            "SELECT at FROM xref_event WHERE tenant_id = ? ORDER BY seq DESC LIMIT 1", (tenant,)
        ).fetchone()
        self.at = max(moment(now), last[0] if last else "")

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

    def customer(self, customer_id: str) -> CustomerRow | None:
        """Return the customer of this id or, when it was merged, the one it was merged into."""
        row = self.connection.execute(
            "SELECT c.customer_id, c.status, c.version, c.changed_seq FROM customer AS a JOIN customer AS c "
            "ON c.tenant_id = a.tenant_id AND c.customer_id = coalesce(a.survivor_id, a.customer_id) "
            "WHERE a.tenant_id = ? AND a.customer_id = ?",
            (self.tenant, customer_id),
        ).fetchone()
        return CustomerRow(*row) if row else None

    def owner(self, source: SourceSystem, key: str) -> str | None:
        """Return the customer to whom the key is linked now, under whichever version of the secret it was written."""
        for form in self.keyring.lookup_forms(source, key):
            row = self.connection.execute(
                "SELECT customer_id FROM link "
                "WHERE tenant_id = ? AND source_id = ? AND key_lookup = ? AND valid_to IS NULL",
                (self.tenant, source.name, form),
            ).fetchone()
            if row:
                return str(row[0])
        return None

    def live_keys(self, customer_id: str) -> dict[str, int]:
        """Return how many live keys of each source the customer has."""
        rows = self.connection.execute(
            "SELECT source_id, count(*) FROM link "
            "WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL AND key_status = 'live' GROUP BY source_id",
            (self.tenant, customer_id),
        )
        return dict(rows.fetchall())

    def touch(self, customer_id: str, seq: int) -> int:
        """Count up the customer's version, which the event of this number brought about, and return it."""
        row = self.connection.execute(
            "UPDATE customer SET version = version + 1, changed_seq = ? WHERE tenant_id = ? AND customer_id = ? "
            "RETURNING version",
            (seq, self.tenant, customer_id),
        ).fetchone()
        return int(row[0])

    def append(
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
        seq, head = self._take_seq()
        full = {**body, "commitments": committed} if links else body
        self._insert(Event(self.tenant, seq, self.at, kind, customer_id, act, full, head))
        self._keep_secrets(seq, links, salts)
        return seq

    def _take_seq(self) -> tuple[int, bytes | None]:
        # Taken inside the transaction, so the order of commits is the order of numbers and none is ever missing.
        row = self.connection.execute(
            "UPDATE tenant SET next_seq = next_seq + 1 WHERE tenant_id = ? RETURNING next_seq - 1, head_hash",
            (self.tenant,),
        ).fetchone()
        return row[0], row[1]

    def _insert(self, event: Event) -> None:
        digest, act = event.hash(), event.act
        self.connection.execute(
            "INSERT INTO xref_event (tenant_id, seq, at, type, customer_id, actor, reason_code, reason_ref, body, "
            "prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(event.tenant, event.seq, event.at, event.type, event.customer_id),
                *(act.actor, act.reason_code, act.reason_ref, canonical(event.body), event.prev_hash, digest),
            ),
        )
        self.connection.execute("UPDATE tenant SET head_hash = ? WHERE tenant_id = ?", (digest, self.tenant))

    def _keep_secrets(self, seq: int, links: Sequence[LinkToCome], salts: Sequence[bytes]) -> None:
        # Salt and commitment together would let a sealed key be guessed, so of a sealed source both are sealed.
        seal = self.keyring.seal
        self.connection.executemany(
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
