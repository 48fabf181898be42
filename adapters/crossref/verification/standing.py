"""The rows that stand, a page at a time, in the form in which events tell them: no key stands in it, but a digest."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.crossref.database import Connection, Row
from adapters.crossref.errors import SecretError
from adapters.crossref.events import canonical
from adapters.crossref.identifiers.digests import digest_text
from adapters.crossref.keys.sealing import KeptKey, Keyring
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.verification.beside import RowTold
from adapters.crossref.verification.folding import UNOPENED, restriction_id

__all__ = ["TABLES", "UNREADABLE", "Hide", "Place", "RowStanding", "Standing"]

Place = tuple[Any, ...]
"""Where a page of rows ends, in the order of the table's index."""

_PAGE = 200

UNREADABLE = "?"
"""In place of the digest of a key that does not open, or that no look-up finds."""


class Hide:
    """Makes digests of keys, to compare them by; they tell nothing, for their secret lives as long as the check."""

    def __init__(self) -> None:
        self._secret = os.urandom(32)

    def __call__(self, source: str, key: str) -> str:
        """Return the digest of a source's key."""
        digest = hashlib.blake2b(canonical([source, key]).encode(), key=self._secret, digest_size=18)
        return base64.b64encode(digest.digest()).decode()


@dataclass(frozen=True, slots=True)
class RowStanding:
    """A row of a table: the id by which events tell it, and its content."""

    row_id: str
    told: RowTold


@dataclass(frozen=True, slots=True)
class _Table:
    """How a table is read: `order` are columns of an index that no two rows share, each with a value before all."""

    order: Mapping[str, object]
    index: str
    columns: str

    def statement(self, name: str) -> str:
        place, marks = ", ".join(self.order), ", ".join("?" * len(self.order))
        # the index is named, for by another one every page would read all that is the tenant's
        return (
            f"SELECT {place}, {self.columns} FROM {name} INDEXED BY {self.index} "  # noqa: S608  all of it is below
            f"WHERE tenant_id = ? AND ({place}) > ({marks}) ORDER BY {place} LIMIT {_PAGE}"
        )


_TABLES = {
    "source_system": _Table(
        {"source_id": ""}, "sqlite_autoindex_source_system_1", "key_format, key_mode, max_live, priority"
    ),
    "customer": _Table(
        {"customer_id": ""}, "sqlite_autoindex_customer_1", "status, survivor_id, version, created_at, changed_seq"
    ),
    "link": _Table(
        {"link_id": ""},
        "sqlite_autoindex_link_1",
        "source_id, key_lookup, key_sealed, customer_id, key_status, valid_from, valid_to, asserted_by, method, "
        "confidence, opened_seq, closed_seq",
    ),
    "restriction": _Table(
        {"restriction_id": ""},
        "sqlite_autoindex_restriction_1",
        "customer_id, ground, coordinates, valid_from, valid_to",
    ),
    "match_candidate": _Table(
        {"candidate_id": ""},
        "sqlite_autoindex_match_candidate_1",
        "customer_a, customer_b, kind, grade, score, evidence, status, decided_by, decided_seq, opened_seq, "
        "source_id, link_id, key_lookup, key_sealed",
    ),
    "non_match": _Table(
        {"non_match_id": ""},
        "non_match_id",
        "source_a, key_a, sealed_a, source_b, key_b, sealed_b, asserted_by, reason_code, reason_ref, seq",
    ),
    "identifier_hash": _Table(
        {"identifier_id": ""},
        "sqlite_autoindex_identifier_hash_1",
        "id_type, key_version, digest, customer_id, source_id, seen_at, seq",
    ),
    "event_customer": _Table({"customer_id": "", "seq": -1}, "sqlite_autoindex_event_customer_1", "leads_to"),
}

TABLES = tuple(_TABLES)
"""The tables that events tell."""


class Standing:
    """A tenant's tables as they stand, read inside one transaction."""

    def __init__(
        self, connection: Connection, tenant: str, keyring: Keyring, sources: Mapping[str, SourceSystem], hide: Hide
    ) -> None:
        self._connection, self._tenant, self._keyring = connection, tenant, keyring
        self._sources, self._hide = sources, hide
        self._alike: Counter[str] = Counter()  # restrictions that were lifted in the instant in which they were made
        self._read: Mapping[str, Callable[[Row], RowStanding]] = {
            "source_system": _source,
            "customer": _customer,
            "link": self._link,
            "restriction": self._restriction,
            "match_candidate": self._candidate,
            "non_match": self._non_match,
            "identifier_hash": self._identifier,
            "event_customer": _concerned,
        }

    async def page(self, name: str, after: Place | None) -> tuple[Sequence[RowStanding], Place]:
        """Return the next rows of a table, none at its end, and the place after which the page that follows begins."""
        table = _TABLES[name]
        place = tuple(table.order.values()) if after is None else after
        rows = await self._connection.fetch(table.statement(name), self._tenant, *place)
        read = self._read[name]
        return [read(row) for row in rows], tuple(rows[-1])[: len(place)] if rows else place

    def _key(self, source: str, lookup: str, sealed: bytes | None) -> str:
        """Return the digest of a key, which has to be found by the form under which it is kept."""
        try:
            known = self._sources[source]
            wanted = self._keyring.wanted_for(known, sealed or b"")
            if wanted is not None:
                return f"{UNOPENED}{wanted}"
            key = self._keyring.read(known, KeptKey(lookup, sealed))
            found = lookup in self._keyring.lookup_forms(known, key)
        except (SecretError, KeyError, UnicodeDecodeError):
            return UNREADABLE
        return self._hide(source, key) if found else UNREADABLE

    def _link(self, row: Row) -> RowStanding:
        link_id, source, lookup, sealed, *rest = row
        names = ("customer_id", "key_status", "valid_from", "valid_to", "asserted_by", "method", "confidence")
        told = dict(zip((*names, "opened_seq", "closed_seq"), rest, strict=True))
        return RowStanding(link_id, {"source_id": source, "key": self._key(source, lookup, sealed), **told})

    def _restriction(self, row: Row) -> RowStanding:
        _, customer, ground, coordinates, valid_from, valid_to = row
        told = {
            "customer_id": customer,
            "ground": ground,
            "coordinates": json.loads(coordinates),
            "valid_from": valid_from,
            "valid_to": valid_to,
        }
        turn = 0
        if valid_from == valid_to:
            self._alike[restriction_id(told)] += 1
            turn = self._alike[restriction_id(told)] - 1
        return RowStanding(restriction_id(told, turn), told)

    def _non_match(self, row: Row) -> RowStanding:
        non_match, source_a, key_a, sealed_a, source_b, key_b, sealed_b, by, code, ref, seq = row
        told = {
            "source_a": source_a,
            "key_a": self._key(source_a, key_a, sealed_a),
            "source_b": source_b,
            "key_b": self._key(source_b, key_b, sealed_b),
            "asserted_by": by,
            "reason_code": code,
            "reason_ref": ref,
            "seq": seq,
        }
        return RowStanding(non_match, told)

    def _candidate(self, row: Row) -> RowStanding:
        candidate, *rest, source, link, lookup, sealed = row
        names = ("customer_a", "customer_b", "kind", "grade", "score", "evidence", "status")
        told = dict(zip((*names, "decided_by", "decided_seq", "opened_seq"), rest, strict=True))
        told |= {"evidence": json.loads(told["evidence"]), "source_id": source, "link_id": link}
        return RowStanding(candidate, {**told, "key": None if lookup is None else self._key(source, lookup, sealed)})

    def _identifier(self, row: Row) -> RowStanding:
        identifier, kind, version, digest, customer, source, seen_at, seq = row
        told = {
            "id_type": kind,
            "key_version": version,
            "key": self._hide(source, digest_text(digest)),
            "customer_id": customer,
            "source_id": source,
            "seen_at": seen_at,
            "seq": seq,
        }
        return RowStanding(identifier, told)


def _source(row: Row) -> RowStanding:
    return RowStanding(row[0], dict(zip(("key_format", "key_mode", "max_live", "priority"), row[1:], strict=True)))


def _customer(row: Row) -> RowStanding:
    names = ("status", "survivor_id", "version", "created_at", "changed_seq")
    return RowStanding(row[0], dict(zip(names, row[1:], strict=True)))


def _concerned(row: Row) -> RowStanding:
    customer, seq, leads_to = row
    return RowStanding(f"{customer} {seq}", {"leads_to": leads_to})
