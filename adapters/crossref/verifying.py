"""Checking the chain of events: nothing missing, nothing changed, and every commitment true of the key that is kept."""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapters.crossref.errors import SecretError
from adapters.crossref.events import Act, Event, commitment
from adapters.crossref.ledger import read_sources
from adapters.crossref.sealing import Keyring

__all__ = ["ChainProblem", "ChainReport", "verify_chain"]

_KEPT_PROBLEMS = 100


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
    def __init__(self, connection: sqlite3.Connection, tenant: str, keyring: Keyring) -> None:
        self.connection, self.tenant, self.keyring = connection, tenant, keyring
        self.sources = read_sources(connection, tenant)
        self.problems: list[ChainProblem] = []
        self.events = self.commitments = self.erased = 0
        self.head: bytes | None = None

    def note(self, seq: int, text: str) -> None:
        if len(self.problems) < _KEPT_PROBLEMS:
            self.problems.append(ChainProblem(seq, text))

    def event(self, event: Event, digest: bytes) -> None:
        self.events += 1
        if event.seq != self.events:
            self.note(event.seq, "events are missing before this one")
            self.events = event.seq
        if event.prev_hash != self.head:
            self.note(event.seq, "the event does not follow the one before it")
        if not hmac.compare_digest(event.hash(), digest):
            self.note(event.seq, "the event was changed")
        self.head = digest
        self._commitments(event)

    def end(self) -> None:
        row = self.connection.execute(
            "SELECT next_seq, head_hash FROM tenant WHERE tenant_id = ?", (self.tenant,)
        ).fetchone()
        if row is not None and (row[0] != self.events + 1 or row[1] != self.head):
            self.note(self.events, "events are missing at the end")

    def _commitments(self, event: Event) -> None:
        committed = event.body.get("commitments", {})
        if not committed:
            return
        assert isinstance(committed, Mapping)
        sources = {link["link"]: link["source"] for link in _links(event)}
        for link_id, text in committed.items():
            self.commitments += 1
            if not self._is_true(event.seq, link_id, sources.get(link_id, ""), text):
                self.note(event.seq, "the key that is kept is not the one that was committed to")

    def _is_true(self, seq: int, link_id: str, source: str, text: str) -> bool:
        row = self.connection.execute(
            "SELECT salt, key FROM event_secret WHERE tenant_id = ? AND seq = ? AND link_id = ?",
            (self.tenant, seq, link_id),
        ).fetchone()
        if row is None:
            self.erased += 1
            return True
        try:
            salt, key = self._open(source, link_id, *row)
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


def _events(connection: sqlite3.Connection, tenant: str) -> Iterator[tuple[Event, bytes]]:
    rows = connection.execute(
        "SELECT seq, at, type, customer_id, actor, reason_code, reason_ref, body, prev_hash, hash FROM xref_event "
        "WHERE tenant_id = ? ORDER BY seq",
        (tenant,),
    )
    for seq, at, kind, customer, actor, code, ref, body, prev, digest in rows:
        yield Event(tenant, seq, at, kind, customer, Act(actor, code, ref), json.loads(body), prev), digest


def verify_chain(connection: sqlite3.Connection, tenant: str, keyring: Keyring) -> ChainReport:
    """Return what is wrong with the tenant's events. A key that was erased is no problem: its commitment stays."""
    check = _Check(connection, tenant, keyring)
    for event, digest in _events(connection, tenant):
        check.event(event, digest)
    check.end()
    return ChainReport(check.events, check.commitments, check.erased, tuple(check.problems))
