"""The hot look-ups on SQLite: two or three statements for a whole batch, whatever is found."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from threading import Lock
from types import MappingProxyType

from adapters.crossref.connecting import reading
from adapters.crossref.events import moment
from adapters.crossref.ledger import read_sources
from adapters.crossref.linking import Method
from adapters.crossref.port import LinkedKey, Lookup, Restriction, Subject
from adapters.crossref.sealing import KeptKey, Keyring

__all__ = ["Reader"]

_SIZES = (1, 8, 64, 256)
"""Rows of a statement. Few sizes, so that SQLite keeps them prepared; 256 rows stay under every limit of it."""

# CROSS JOIN keeps the order of the tables as written, whatever the statistics say or lack after a bulk load.
_LINKS = """
SELECT asked.pos, c.customer_id, k.source_id, k.key_lookup, k.key_sealed, k.link_id, k.method, k.opened_seq
FROM asked
{found}
CROSS JOIN customer AS c ON c.tenant_id = ?1 AND c.customer_id = {customer} AND c.status = 'active'
LEFT JOIN link AS k INDEXED BY link_current_customer
  ON k.tenant_id = ?1 AND k.customer_id = c.customer_id AND k.valid_to IS NULL AND k.key_status = 'live'
"""

_BY_KEY = _LINKS.format(
    found="CROSS JOIN link AS l INDEXED BY link_current_key ON l.tenant_id = ?1 "
    "AND l.source_id = asked.a AND l.key_lookup = asked.b AND l.valid_to IS NULL",
    customer="l.customer_id",
)

_BY_ID = _LINKS.format(
    found="CROSS JOIN customer AS r ON r.tenant_id = ?1 AND r.customer_id = asked.a",
    customer="coalesce(r.survivor_id, r.customer_id)",
)

# A restriction made for an id holds for whoever that id was merged into. The ids stand in a list and not in a table of
# their own: joined to one, SQLite would build a Bloom filter over all customers for every look-up (1.2 ms, not 10 us).
_RESTRICTIONS = """
SELECT r.customer_id, r.ground, r.coordinates FROM restriction AS r INDEXED BY restriction_customer
WHERE r.tenant_id = ?1 AND r.customer_id IN ({ids})
  AND r.valid_from <= ?2 AND (r.valid_to IS NULL OR r.valid_to > ?2)
UNION ALL
SELECT m.survivor_id, r.ground, r.coordinates FROM customer AS m INDEXED BY customer_survivor
CROSS JOIN restriction AS r INDEXED BY restriction_customer ON r.tenant_id = ?1 AND r.customer_id = m.customer_id
WHERE m.tenant_id = ?1 AND m.survivor_id IN ({ids})
  AND r.valid_from <= ?2 AND (r.valid_to IS NULL OR r.valid_to > ?2)
"""

_Asked = tuple[int | str | None, ...]
"""What one row of a statement is asked by: the position of a look-up and two values, or a customer id alone."""


_Row = tuple[int, str, str | None, str, bytes | None, str, str, int]
"""What the look-ups select: position, customer, then one link's source, key, sealed key, id, method and event."""

_MERGE = Method.MERGE.value


@cache
def _asking(body: str, size: int) -> str:
    rows = ",".join(f"(?{3 * row + 2},?{3 * row + 3},?{3 * row + 4})" for row in range(size))
    return f"WITH asked (pos, a, b) AS (VALUES {rows}) {body}"


@cache
def _listing(body: str, size: int) -> str:
    return body.format(ids=",".join(f"?{row + 3}" for row in range(size)))


def _parts(asked: Sequence[_Asked], width: int) -> Iterator[tuple[int, list[int | str | None]]]:
    """Return the values of each statement, filled up with nothing to one of the sizes, and that size."""
    for start in range(0, len(asked), _SIZES[-1]):
        part = asked[start : start + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(part))
        yield size, [*chain.from_iterable(part), *[None] * width * (size - len(part))]


class Reader:
    """Answers look-ups of one tenant on one read-only connection, which it owns."""

    def __init__(
        self, connection: sqlite3.Connection, tenant: str, keyring: Keyring, now: Callable[[], datetime]
    ) -> None:
        self._connection, self._tenant, self._keyring, self._now = connection, tenant, keyring, now
        self._sources = read_sources(connection, tenant)
        self._turn = Lock()

    def close(self) -> None:
        """Give the connection back."""
        with self._turn:
            self._connection.close()

    def resolve_many(self, lookups: Sequence[Lookup]) -> list[Subject | None]:
        """Return who is meant by each look-up, all at one moment of the database."""
        with self._turn, reading(self._connection):
            links = self._find(lookups)
            owners = [links[pos][0][1] if pos in links else None for pos in range(len(lookups))]
            restrictions = self._restrictions(owners)
            return [
                self._subject(lookup, links[pos], restrictions) if pos in links else None
                for pos, lookup in enumerate(lookups)
            ]

    def _find(self, lookups: Sequence[Lookup]) -> dict[int, list[_Row]]:
        self._know(lookups)
        by_key: list[_Asked] = []
        by_id: list[_Asked] = []
        for pos, lookup in enumerate(lookups):
            if lookup.source is None:
                by_id.append((pos, lookup.key if lookup.key.isprintable() else None, None))
            else:
                by_key.extend((pos, lookup.source, form) for form in self._forms(lookup.source, lookup.key))
        found: dict[int, list[_Row]] = defaultdict(list)
        for body, asked in ((_BY_KEY, by_key), (_BY_ID, by_id)):
            for size, values in _parts(asked, 3):
                for row in self._connection.execute(_asking(body, size), (self._tenant, *values)):
                    found[row[0]].append(row)
        return found

    def _restrictions(self, owners: Sequence[str | None]) -> dict[str, set[Restriction]]:
        found: dict[str, set[Restriction]] = defaultdict(set)
        at = (self._tenant, moment(self._now()))
        for size, values in _parts([(owner,) for owner in owners], 1):
            for owner, ground, coordinates in self._connection.execute(_listing(_RESTRICTIONS, size), (*at, *values)):
                found[owner].add(Restriction(ground, frozenset(json.loads(coordinates))))
        return found

    def _know(self, lookups: Sequence[Lookup]) -> None:
        if any(lookup.source is not None and lookup.source not in self._sources for lookup in lookups):
            self._sources = read_sources(self._connection, self._tenant)

    def _forms(self, name: str, key: str) -> tuple[str | None, ...]:
        # What cannot be found is asked for all the same, as nothing: the reads are those of any other key.
        source = self._sources.get(name)
        form = None if source is None else source.key_format.normal(key)
        return (None,) if source is None or form is None else self._keyring.lookup_forms(source, form)

    def _subject(self, lookup: Lookup, links: Sequence[_Row], restrictions: Mapping[str, set[Restriction]]) -> Subject:
        customer = links[0][1]
        redirected = lookup.source is None and lookup.key != customer
        standing = sorted(restrictions.get(customer, ()), key=_by_ground)
        return Subject(customer, redirected, MappingProxyType(self._keys(links)), tuple(standing))

    def _keys(self, links: Sequence[_Row]) -> dict[str, tuple[LinkedKey, ...]]:
        by_source: dict[str, list[tuple[bool, int, str, str]]] = {}
        for _, _, source, lookup, sealed, link_id, method, opened in links:
            if source is not None:
                key = lookup if sealed is None else self._open(source, KeptKey(lookup, sealed))
                by_source.setdefault(source, []).append((method == _MERGE, -opened, key, link_id))
        return {
            source: tuple([LinkedKey(key, link_id) for _, _, key, link_id in sorted(entries)])
            for source, entries in by_source.items()
        }

    def _open(self, source: str, kept: KeptKey) -> str:
        if source not in self._sources:
            self._sources = read_sources(self._connection, self._tenant)
        return self._keyring.read(self._sources[source], kept)


def _by_ground(restriction: Restriction) -> tuple[str, list[str]]:
    return restriction.ground, sorted(restriction.coordinates)
