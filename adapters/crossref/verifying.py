"""Checking the chain of events: nothing missing, nothing changed, and every commitment true of the key that is kept."""

from __future__ import annotations

import hmac
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.crossref.database import Connection, Row
from adapters.crossref.errors import SecretError
from adapters.crossref.events import Act, Event, commitment
from adapters.crossref.ledger import read_sources
from adapters.crossref.sealing import Keyring
from adapters.crossref.sources import SourceSystem

__all__ = ["ChainProblem", "ChainReport", "verify_chain"]

_KEPT_PROBLEMS = 100

_PAGE = 200
"""Events read at once: a few milliseconds of work, during which nothing else is done on PostgreSQL's event loop."""

_BEFORE_ALL = -(2**63)

_Kept = tuple[bytes, bytes]
"""Salt and key, as they are kept."""


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """What is wrong at one event, as a constant text."""

    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What was found: how many events and commitments were checked, and the links whose keys were erased.

    `problems` holds the first 100; the chain holds when there are none. `erased` counts commitments without their key.
    """

    events: int
    commitments: int
    erased: int
    problems: tuple[ChainProblem, ...]

    @property
    def holds(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.problems


class _Check:
    def __init__(self, keyring: Keyring, sources: Mapping[str, SourceSystem]) -> None:
        self.keyring, self.sources = keyring, sources
        self.problems: list[ChainProblem] = []
        self.events = self.commitments = self.erased = 0
        self.head: bytes | None = None

    def note(self, seq: int, text: str) -> None:
        if len(self.problems) < _KEPT_PROBLEMS:
            self.problems.append(ChainProblem(seq, text))

    def event(self, event: Event, digest: bytes, kept: Mapping[str, _Kept]) -> None:
        self.events += 1
        if event.seq != self.events:
            self.note(event.seq, "events are missing before this one")
            self.events = event.seq
        if event.prev_hash != self.head:
            self.note(event.seq, "the event does not follow the one before it")
        if not hmac.compare_digest(event.hash(), digest):
            self.note(event.seq, "the event was changed")
        self.head = digest
        self._commitments(event, kept)

    def end(self, tenant: Row | None) -> None:
        if tenant is not None and (tenant[0] != self.events + 1 or tenant[1] != self.head):
            self.note(self.events, "events are missing at the end")

    def _commitments(self, event: Event, kept: Mapping[str, _Kept]) -> None:
        committed = event.body.get("commitments", {})
        if not committed:
            return
        assert isinstance(committed, Mapping)
        sources = {link["link"]: link["source"] for link in _links(event)}
        for link_id, text in committed.items():
            self.commitments += 1
            if link_id not in kept:
                self.erased += 1
            elif not self._is_true(link_id, sources.get(link_id, ""), kept[link_id], text):
                self.note(event.seq, "the key that is kept is not the one that was committed to")

    def _is_true(self, link_id: str, source: str, kept: _Kept, text: str) -> bool:
        try:
            salt, key = self._open(source, link_id, *kept)
        except (SecretError, KeyError, UnicodeDecodeError):
            return False
        return hmac.compare_digest(commitment(salt, link_id, source, key), text)

    def _open(self, source: str, link_id: str, salt: bytes, key: bytes) -> tuple[bytes, str]:
        known = self.sources[source]
        opened = self.keyring.unseal(known, "event", key, link_id, "key")
        return self.keyring.unseal(known, "event", salt, link_id, "salt"), opened.decode()


def _links(event: Event) -> list[dict[str, str]]:
    links = event.body.get("links", [])
    assert isinstance(links, list)
    return links


async def _events(connection: Connection, tenant: str, after: int) -> Sequence[Row]:
    return await connection.fetch(
        "SELECT seq, at, type, customer_id, actor, reason_code, reason_ref, body, prev_hash, hash FROM xref_event "
        "WHERE tenant_id = ? AND seq > ? ORDER BY seq LIMIT ?",
        *(tenant, after, _PAGE),
    )


def _event(tenant: str, row: Row) -> tuple[Event, bytes]:
    seq, at, kind, customer, actor, code, ref, body, prev, digest = row
    return Event(tenant, seq, at, kind, customer, Act(actor, code, ref), json.loads(body), prev), digest


async def _kept(connection: Connection, tenant: str, first: int, last: int) -> Mapping[int, Mapping[str, _Kept]]:
    """Return what opens the commitments of these events: event -> link -> salt and key."""
    kept: dict[int, dict[str, _Kept]] = defaultdict(dict)
    for seq, link_id, salt, key in await connection.fetch(
        "SELECT seq, link_id, salt, key FROM event_secret WHERE tenant_id = ? AND seq >= ? AND seq <= ?",
        *(tenant, first, last),
    ):
        kept[seq][link_id] = (salt, key)
    return kept


async def verify_chain(connection: Connection, tenant: str, keyring: Keyring) -> ChainReport:
    """Return what is wrong with the tenant's events. A key that was erased is no problem: its commitment stays.

    All is read in one transaction, a page of events at a time.
    """
    check, after = _Check(keyring, await read_sources(connection, tenant)), _BEFORE_ALL
    while rows := await _events(connection, tenant, after):
        after = rows[-1][0]
        kept = await _kept(connection, tenant, rows[0][0], after)
        for row in rows:
            event, digest = _event(tenant, row)
            check.event(event, digest, kept.get(event.seq, {}))
    check.end(await connection.fetch_one("SELECT next_seq, head_hash FROM tenant WHERE tenant_id = ?", tenant))
    return ChainReport(check.events, check.commitments, check.erased, tuple(check.problems))
