"""Look-ups: keys brought into the forms in which they are kept, and the rows found made into subjects."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, structs

from adapters.crossref.database import Asked, Finder, Found, LinkRow, Row
from adapters.crossref.events import moment
from adapters.crossref.ids import is_id
from adapters.crossref.keys.sealing import KeptKey, Keyring
from adapters.crossref.keys.sources import KeyMode, SourceSystem
from adapters.crossref.port import LinkedKey, Lookup, Restriction, Subject

__all__ = ["Reader", "Reading", "Timed"]


class Timed(Struct, frozen=True):
    """A restriction, and from when until when it holds (None: for good), in the form that `moment` makes."""

    restriction: Restriction
    begin: str
    end: str | None


class Reading(Struct, frozen=True):
    """What was read at one moment: the subjects of the look-ups in their order, without restrictions, and by customer
    those of whatever time. `state` is that of `Found`."""

    subjects: Sequence[Subject | None]
    restrictions: Mapping[str, Sequence[Timed]]
    state: int | None


class Reader:
    """Answers look-ups of one tenant. The sources are kept, for form and mode of a source never change; one that is
    not known is looked for again, for another process may have registered it."""

    def __init__(
        self, finder: Finder, keyring: Keyring, now: Callable[[], datetime], sources: Mapping[str, SourceSystem]
    ) -> None:
        self._finder, self._keyring, self._now, self._sources = finder, keyring, now, sources
        self._is_rotated = len(keyring.versions) > 1

    async def resolve_many(self, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        """Return who is meant by each look-up, all at one moment of the database."""
        reading = await self.read(lookups)
        if not reading.restrictions:
            return reading.subjects
        return [one and self.restricted(one, reading.restrictions.get(one.customer_id, ())) for one in reading.subjects]

    def restricted(self, subject: Subject, restrictions: Sequence[Timed]) -> Subject:
        """Return the subject with those of its restrictions that are in force now, each once."""
        if not restrictions:
            return subject
        at = moment(self._now())
        held = [one.restriction for one in restrictions if one.begin <= at and (one.end is None or one.end > at)]
        return structs.replace(subject, restrictions=tuple(sorted({*held}, key=_by_ground)))

    async def read(self, lookups: Sequence[Lookup]) -> Reading:
        """Return what the database says of each look-up, all at one moment of it.

        Raises SecretError for a sealed key when another process has written with a secret that is not at hand, and when
        a customer has a key that such a secret sealed.
        """
        for lookup in lookups:
            if lookup.source is not None and lookup.source not in self._sources:
                self._sources = await self._finder.sources()
                break
        asked, is_sealed = self._asked(lookups)
        found = await self._finder.find(asked)
        if is_sealed and (found.written is None or self._keyring.lacking(json.loads(found.written))):
            await self._finder.check(self._keyring)
        try:
            subjects = self._subjects(lookups, found)
        except KeyError:  # the source of a sealed key, which another process has registered since
            self._sources = await self._finder.sources()
            subjects = self._subjects(lookups, found)
        return Reading(subjects, _by_customer(found.restrictions) if found.restrictions else {}, found.state)

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

    def _subjects(self, lookups: Sequence[Lookup], found: Found) -> list[Subject | None]:
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


def _by_customer(rows: Sequence[Row]) -> Mapping[str, Sequence[Timed]]:
    found: dict[str, list[Timed]] = defaultdict(list)
    for customer, ground, coordinates, begin, end in rows:
        found[customer].append(Timed(Restriction(ground, frozenset(json.loads(coordinates))), begin, end))
    return found


def _by_ground(restriction: Restriction) -> tuple[str, list[str]]:
    return restriction.ground, sorted(restriction.coordinates)


def _by_age(entry: tuple[bool, int, LinkedKey]) -> tuple[bool, int, str, str]:
    by_merge, newest, linked = entry
    return by_merge, newest, linked.key, linked.link_id
