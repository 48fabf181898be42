"""Look-ups: keys brought into the forms in which they are kept, and the rows found made into subjects."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from adapters.crossref.database import Asked, Finder, Found, LinkRow, Row
from adapters.crossref.ids import is_id
from adapters.crossref.keys.sealing import KeptKey, Keyring
from adapters.crossref.keys.sources import KeyMode, SourceSystem
from adapters.crossref.port import EVERYTHING, LinkedKey, Lookup, Restriction, Subject

__all__ = ["Reader", "Reading"]

_Restrictions = Mapping[str, tuple[Restriction, ...]]
"""Those of each customer who has any."""


class Reading(Struct, frozen=True):
    """What was read at one moment: the subjects of the look-ups in their order. `state` is that of `Found`."""

    subjects: Sequence[Subject | None]
    state: int | None


class Reader:
    """Answers look-ups of one tenant. The sources are kept, for form and mode of a source never change; one that is
    not known is looked for again, for another process may have registered it."""

    def __init__(self, finder: Finder, keyring: Keyring, sources: Mapping[str, SourceSystem]) -> None:
        self._finder, self._keyring, self._sources = finder, keyring, sources
        self._is_rotated = len(keyring.versions) > 1

    async def resolve_many(
        self, lookups: Sequence[Lookup], *, restricted_keys: bool = False
    ) -> Sequence[Subject | None]:
        """Return who is meant by each look-up, all at one moment of the database."""
        return (await self.read(lookups, restricted_keys=restricted_keys)).subjects

    async def read(self, lookups: Sequence[Lookup], *, restricted_keys: bool = False) -> Reading:
        """Return what the database says of each look-up, all at one moment of it.

        Whoever is restricted from everything has no keys without `restricted_keys`: nothing may be asked by them.

        Raises SecretError for a sealed key when another process has written with a secret that is not at hand, and when
        a customer has a key that such a secret sealed.
        """
        for lookup in lookups:
            if lookup.source is not None and lookup.source not in self._sources:
                self._sources = await self._finder.sources()
                break
        asked, is_sealed = self._asked(lookups)
        found = await self._finder.find(asked, restricted_keys=restricted_keys)
        if is_sealed and (found.written is None or self._keyring.lacking(json.loads(found.written))):
            await self._finder.check(self._keyring)
        restrictions = _by_customer(found.restrictions) if found.restrictions else {}
        keyless = set[str]() if restricted_keys or not restrictions else _restricted_wholly(restrictions)
        try:
            subjects = self._subjects(lookups, found, restrictions, keyless)
        except KeyError:  # the source of a sealed key, which another process has registered since
            self._sources = await self._finder.sources()
            subjects = self._subjects(lookups, found, restrictions, keyless)
        return Reading(subjects, found.state)

    def _asked(self, lookups: Sequence[Lookup]) -> tuple[list[Asked], bool]:
        """Return what is asked for, and whether a sealed key is among it."""
        # What cannot be found is asked for all the same, as nothing: the reads are those of any other key.
        asked: list[Asked] = []
        is_sealed = False
        for pos, lookup in enumerate(lookups):
            name, key = lookup.source, lookup.key
            if name is None:
                asked.append((pos, None, key if is_id(key) else None))
                continue
            source = self._sources.get(name)
            if source is None:
                asked.append((pos, "", None))  # its name may be anything, as an id may that is none
                continue
            form = source.key_format.normal(key)
            if form is None or source.key_mode is KeyMode.PLAIN:
                asked.append((pos, name, form))
            else:
                is_sealed = True
                asked += [(pos, name, sealed) for sealed in self._keyring.lookup_forms(source, form)]
        return asked, is_sealed

    def _subjects(
        self, lookups: Sequence[Lookup], found: Found, restrictions: _Restrictions, keyless: Container[str]
    ) -> list[Subject | None]:
        links, subjects = found.links, list[Subject | None]()
        for position, lookup in enumerate(lookups):
            if position not in links:
                subjects.append(None)
                continue
            rows = links[position]
            customer: str = rows[0][1]
            if self._is_rotated and any(row[1] != customer for row in rows):
                subjects.append(None)  # two customers' under two versions of the secret, and so nobody's
                continue
            redirected = lookup.source is None and lookup.key != customer
            if customer in restrictions:
                keys = {} if customer in keyless else self._keys(rows)
                subjects.append(Subject(customer, redirected, keys, restrictions[customer]))
            else:
                subjects.append(Subject(customer, redirected, self._keys(rows)))
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


def _by_customer(rows: Sequence[Row]) -> _Restrictions:
    """Return the restrictions of each customer, each once, by their grounds."""
    found: dict[str, set[Restriction]] = defaultdict(set)
    for customer, ground, coordinates in rows:
        found[customer].add(_restriction(ground, coordinates))
    return {customer: tuple(sorted(several, key=_by_ground)) for customer, several in found.items()}


@lru_cache(maxsize=256)
def _restriction(ground: str, coordinates: str) -> Restriction:
    return Restriction(ground, frozenset(json.loads(coordinates)))


def _restricted_wholly(restrictions: _Restrictions) -> set[str]:
    return {name for name, several in restrictions.items() if any(EVERYTHING in one.coordinates for one in several)}


def _by_ground(restriction: Restriction) -> tuple[str, list[str]]:
    return restriction.ground, sorted(restriction.coordinates)


def _by_age(entry: tuple[bool, int, LinkedKey]) -> tuple[bool, int, str, str]:
    by_merge, newest, linked = entry
    return by_merge, newest, linked.key, linked.link_id
