"""Look-ups: keys brought into the forms in which they are kept, and the rows found made into subjects."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from adapters.crossref.database import Asked, Finder, Found, LinkRow, Row
from adapters.crossref.events import moment
from adapters.crossref.port import LinkedKey, Lookup, Restriction, Subject
from adapters.crossref.sealing import KeptKey, Keyring
from adapters.crossref.sources import KeyMode, SourceSystem

__all__ = ["Reader"]


class Reader:
    """Answers look-ups of one tenant. The sources are kept, for form and mode of a source never change; one that is
    not known is looked for again, for another process may have registered it."""

    def __init__(
        self, finder: Finder, keyring: Keyring, now: Callable[[], datetime], sources: Mapping[str, SourceSystem]
    ) -> None:
        self._finder, self._keyring, self._now, self._sources = finder, keyring, now, sources

    async def resolve_many(self, lookups: Sequence[Lookup]) -> list[Subject | None]:
        """Return who is meant by each look-up, all at one moment of the database."""
        for lookup in lookups:
            if lookup.source is not None and lookup.source not in self._sources:
                self._sources = await self._finder.sources()
                break
        found = await self._finder.find(self._asked(lookups), self._moment)
        try:
            return self._subjects(lookups, found)
        except KeyError:  # the source of a sealed key, which another process has registered since
            self._sources = await self._finder.sources()
            return self._subjects(lookups, found)

    def _moment(self) -> str:
        return moment(self._now())

    def _asked(self, lookups: Sequence[Lookup]) -> list[Asked]:
        # What cannot be found is asked for all the same, as nothing: the reads are those of any other key.
        asked: list[Asked] = []
        for pos, lookup in enumerate(lookups):
            name, key = lookup.source, lookup.key
            if name is None:
                asked.append((pos, None, key if key.isprintable() else None))
                continue
            source = self._sources.get(name)
            form = None if source is None else source.key_format.normal(key)
            if form is None or source is None or source.key_mode is KeyMode.PLAIN:
                asked.append((pos, name, form))
            else:
                asked += [(pos, name, sealed) for sealed in self._keyring.lookup_forms(source, form)]
        return asked

    def _subjects(self, lookups: Sequence[Lookup], found: Found) -> list[Subject | None]:
        links, subjects = found.links, list[Subject | None]()
        restrictions = _restrictions(found.restrictions) if found.restrictions else {}
        for position, lookup in enumerate(lookups):
            if position not in links:
                subjects.append(None)
                continue
            rows = links[position]
            customer: str = rows[0][1]
            redirected = lookup.source is None and lookup.key != customer
            subjects.append(Subject(customer, redirected, self._keys(rows), restrictions.get(customer, ())))
        return subjects

    def _keys(self, rows: Sequence[LinkRow]) -> dict[str, tuple[LinkedKey, ...]]:
        keys: dict[str, tuple[LinkedKey, ...]] = {}
        for row in rows:
            source: str | None = row[2]
            if source is None:
                return keys
            if source in keys:
                return self._ordered_keys(rows)
            keys[source] = (LinkedKey(row[3], row[5]) if row[4] is None else self._key(row),)
        return keys

    def _ordered_keys(self, rows: Sequence[LinkRow]) -> dict[str, tuple[LinkedKey, ...]]:
        """Return what a customer has who has several keys of one source, which have to be put in order."""
        by_source: dict[str, list[tuple[bool, int, LinkedKey]]] = defaultdict(list)
        for row in rows:
            by_source[row[2]].append((row[6], -row[7], self._key(row)))
        return {
            source: tuple([linked for _, _, linked in sorted(entries, key=_by_age)])
            for source, entries in by_source.items()
        }

    def _key(self, row: LinkRow) -> LinkedKey:
        key = row[3] if row[4] is None else self._keyring.read(self._sources[row[2]], KeptKey(row[3], row[4]))
        return LinkedKey(key, row[5])


def _restrictions(rows: Sequence[Row]) -> Mapping[str, tuple[Restriction, ...]]:
    found: dict[str, set[Restriction]] = defaultdict(set)
    for customer, ground, coordinates in rows:
        found[customer].add(Restriction(ground, frozenset(json.loads(coordinates))))
    return {customer: tuple(sorted(restrictions, key=_by_ground)) for customer, restrictions in found.items()}


def _by_ground(restriction: Restriction) -> tuple[str, list[str]]:
    return restriction.ground, sorted(restriction.coordinates)


def _by_age(entry: tuple[bool, int, LinkedKey]) -> tuple[bool, int, str, str]:
    by_merge, newest, linked = entry
    return by_merge, newest, linked.key, linked.link_id
