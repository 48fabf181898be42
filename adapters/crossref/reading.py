"""The hot look-ups on SQLite: two or three statements for a whole batch, whatever is found."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from threading import Lock
from types import MappingProxyType
from typing import Any, NamedTuple

from adapters.crossref.connecting import reading
from adapters.crossref.events import moment
from adapters.crossref.ledger import read_sources
from adapters.crossref.linking import Method
from adapters.crossref.port import LinkedKey, Lookup, Restriction, Subject
from adapters.crossref.sealing import KeptKey, Keyring
from adapters.crossref.sources import SourceSystem

__all__ = ["Reader"]

_SIZES = (1, 8, 64, 256)
"""Rows of a statement. Few sizes, so that SQLite keeps them prepared; 256 rows stay under every limit of it."""

# CROSS JOIN keeps the order of the tables as written, whatever the statistics say or lack after a bulk load.
_LINKS = """
SELECT asked.pos, c.customer_id, k.source_id, k.key_lookup, k.key_sealed, k.link_id, k.method, k.opened_seq
FROM asked
{found}
CROSS JOIN customer AS c ON c.tenant_id = ?1 AND c.customer_id = {customer} AND c.status = 'active'
LEFT JOIN link AS k
  ON k.tenant_id = ?1 AND k.customer_id = c.customer_id AND k.valid_to IS NULL AND k.key_status = 'live'
"""

_BY_KEY = _LINKS.format(
    found="CROSS JOIN link AS l ON l.tenant_id = ?1 AND l.source_id = asked.a AND l.key_lookup = asked.b "
    "AND l.valid_to IS NULL",
    customer="l.customer_id",
)

_BY_ID = _LINKS.format(
    found="CROSS JOIN customer AS r ON r.tenant_id = ?1 AND r.customer_id = asked.a",
    customer="coalesce(r.survivor_id, r.customer_id)",
)

# A restriction made for an id holds for whoever that id was merged into.
_RESTRICTIONS = """
SELECT asked.pos, r.ground, r.coordinates FROM asked
CROSS JOIN restriction AS r ON r.tenant_id = ?1 AND r.customer_id = asked.a
WHERE r.valid_from <= asked.b AND (r.valid_to IS NULL OR r.valid_to > asked.b)
UNION
SELECT asked.pos, r.ground, r.coordinates FROM asked
CROSS JOIN customer AS m ON m.tenant_id = ?1 AND m.survivor_id = asked.a
CROSS JOIN restriction AS r ON r.tenant_id = ?1 AND r.customer_id = m.customer_id
WHERE r.valid_from <= asked.b AND (r.valid_to IS NULL OR r.valid_to > asked.b)
ORDER BY 1, 2, 3
"""

_Asked = tuple[int, str | None, str | None]
"""The position of a look-up and the two values it is asked by."""

_NOTHING: _Asked = (-1, None, None)


class _Link(NamedTuple):
    customer: str
    source: str | None
    key: str
    sealed: bytes | None
    link_id: str
    method: str
    opened: int


@cache
def _statement(body: str, size: int) -> str:
    rows = ",".join(f"(?{3 * row + 2},?{3 * row + 3},?{3 * row + 4})" for row in range(size))
    return f"WITH asked (pos, a, b) AS (VALUES {rows}) {body}"


class Reader:
    """Answers look-ups of one tenant on one read-only connection, which it owns."""

    def __init__(
        self, connection: sqlite3.Connection, tenant: str, keyring: Keyring, now: Callable[[], datetime]
    ) -> None:
        self._connection, self._tenant, self._keyring, self._now = connection, tenant, keyring, now
        self._sources: dict[str, SourceSystem] = {}
        self._turn = Lock()

    def close(self) -> None:
        """Give the connection back."""
        with self._turn:
            self._connection.close()

    def resolve_many(self, lookups: Sequence[Lookup]) -> list[Subject | None]:
        """Return who is meant by each look-up, all at one moment of the database."""
        with self._turn, reading(self._connection):
            links = self._find(lookups)
            owners = [links[pos][0].customer if pos in links else None for pos in range(len(lookups))]
            restrictions = self._restrictions(owners)
            return [
                self._subject(lookup, links[pos], tuple(restrictions.get(pos, ()))) if pos in links else None
                for pos, lookup in enumerate(lookups)
            ]

    def _find(self, lookups: Sequence[Lookup]) -> dict[int, list[_Link]]:
        self._know(lookups)
        by_key: list[_Asked] = []
        by_id: list[_Asked] = []
        for pos, lookup in enumerate(lookups):
            if lookup.source is None:
                by_id.append((pos, lookup.key if lookup.key.isprintable() else None, None))
            else:
                by_key.extend((pos, lookup.source, form) for form in self._forms(lookup.source, lookup.key))
        found: dict[int, list[_Link]] = defaultdict(list)
        for body, asked in ((_BY_KEY, by_key), (_BY_ID, by_id)):
            for row in self._rows(body, asked):
                found[row[0]].append(_Link(*row[1:]))
        return found

    def _restrictions(self, owners: Sequence[str | None]) -> dict[int, list[Restriction]]:
        now = moment(self._now())
        found: dict[int, list[Restriction]] = defaultdict(list)
        for pos, ground, coordinates in self._rows(
            _RESTRICTIONS, [(pos, owner, now) for pos, owner in enumerate(owners)]
        ):
            found[pos].append(Restriction(ground, frozenset(json.loads(coordinates))))
        return found

    def _rows(self, body: str, asked: Sequence[_Asked]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(asked), _SIZES[-1]):
            part = asked[start : start + _SIZES[-1]]
            size = next(size for size in _SIZES if size >= len(part))
            padding = (_NOTHING,) * (size - len(part))
            values = chain.from_iterable((*part, *padding))
            yield from self._connection.execute(_statement(body, size), (self._tenant, *values))

    def _know(self, lookups: Sequence[Lookup]) -> None:
        if any(lookup.source is not None and lookup.source not in self._sources for lookup in lookups):
            self._sources = read_sources(self._connection, self._tenant)

    def _forms(self, name: str, key: str) -> tuple[str | None, ...]:
        # What cannot be found is asked for all the same, as nothing: the reads are those of any other key.
        source = self._sources.get(name)
        form = None if source is None else source.key_format.normal(key)
        return (None,) if source is None or form is None else self._keyring.lookup_forms(source, form)

    def _subject(self, lookup: Lookup, links: Sequence[_Link], restrictions: tuple[Restriction, ...]) -> Subject:
        customer = links[0].customer
        redirected = lookup.source is None and lookup.key != customer
        by_source: dict[str, list[tuple[bool, int, str, str]]] = defaultdict(list)
        for link in links:
            if link.source is not None:
                came = link.method == Method.MERGE
                by_source[link.source].append((came, -link.opened, self._key(link.source, link), link.link_id))
        keys = {
            source: tuple(LinkedKey(key, link_id) for _, _, key, link_id in sorted(entries))
            for source, entries in by_source.items()
        }
        return Subject(customer, redirected, MappingProxyType(keys), restrictions)

    def _key(self, name: str, link: _Link) -> str:
        if link.sealed is None:
            return link.key
        if name not in self._sources:
            self._sources = read_sources(self._connection, self._tenant)
        return self._keyring.read(self._sources[name], KeptKey(link.key, link.sealed))
