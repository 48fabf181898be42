"""Look-ups: keys brought into the forms in which they are kept, and the rows found made into subjects."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from adapters.crossref.database import Asked, Finder, LinkRow, Row
from adapters.crossref.events import moment
from adapters.crossref.linking import Method
from adapters.crossref.port import LinkedKey, Lookup, Restriction, Subject
from adapters.crossref.sealing import KeptKey, Keyring
from adapters.crossref.sources import SourceSystem

__all__ = ["Reader"]

_MERGE = Method.MERGE.value


class Reader:
    """Answers look-ups of one tenant. The sources are kept, for form and mode of a source never change; one that is
    not known is looked for again, for another process may have registered it."""

    def __init__(
        self, finder: Finder, keyring: Keyring, now: Callable[[], datetime], sources: Mapping[str, SourceSystem]
    ) -> None:
        self._finder, self._keyring, self._now, self._sources = finder, keyring, now, sources

    async def resolve_many(self, lookups: Sequence[Lookup]) -> list[Subject | None]:
        """Return who is meant by each look-up, all at one moment of the database."""
        await self._know(lookup.source for lookup in lookups)
        found = await self._finder.find(list(self._asked(lookups)), moment(self._now()))
        await self._know(row[2] for row in found.links)
        links: dict[int, list[LinkRow]] = defaultdict(list)
        for row in found.links:
            links[row[0]].append(row)
        restrictions = _restrictions(found.restrictions)
        return [
            self._subject(lookup, links[pos], restrictions) if pos in links else None
            for pos, lookup in enumerate(lookups)
        ]

    async def _know(self, names: Iterable[str | None]) -> None:
        if any(name is not None and name not in self._sources for name in names):
            self._sources = await self._finder.sources()

    def _asked(self, lookups: Sequence[Lookup]) -> Iterator[Asked]:
        for pos, lookup in enumerate(lookups):
            if lookup.source is None:
                yield pos, None, lookup.key if lookup.key.isprintable() else None
            else:
                for form in self._forms(lookup.source, lookup.key):
                    yield pos, lookup.source, form

    def _forms(self, name: str, key: str) -> tuple[str | None, ...]:
        # What cannot be found is asked for all the same, as nothing: the reads are those of any other key.
        source = self._sources.get(name)
        form = None if source is None else source.key_format.normal(key)
        return (None,) if source is None or form is None else self._keyring.lookup_forms(source, form)

    def _subject(
        self, lookup: Lookup, links: Sequence[LinkRow], restrictions: Mapping[str, set[Restriction]]
    ) -> Subject:
        customer = links[0][1]
        redirected = lookup.source is None and lookup.key != customer
        standing = sorted(restrictions.get(customer, ()), key=_by_ground)
        return Subject(customer, redirected, MappingProxyType(self._keys(links)), tuple(standing))

    def _keys(self, links: Sequence[LinkRow]) -> dict[str, tuple[LinkedKey, ...]]:
        by_source: dict[str, list[tuple[bool, int, str, str]]] = {}
        for _, _, source, lookup, sealed, link_id, method, opened in links:
            if source is not None:
                key = lookup if sealed is None else self._keyring.read(self._sources[source], KeptKey(lookup, sealed))
                by_source.setdefault(source, []).append((method == _MERGE, -opened, key, link_id))
        return {
            source: tuple([LinkedKey(key, link_id) for _, _, key, link_id in sorted(entries)])
            for source, entries in by_source.items()
        }


def _restrictions(rows: Sequence[Row]) -> Mapping[str, set[Restriction]]:
    found: dict[str, set[Restriction]] = defaultdict(set)
    for customer, ground, coordinates in rows:
        found[customer].add(Restriction(ground, frozenset(json.loads(coordinates))))
    return found


def _by_ground(restriction: Restriction) -> tuple[str, list[str]]:
    return restriction.ground, sorted(restriction.coordinates)
