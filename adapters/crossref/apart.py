"""Keys of which somebody has asserted that they are never one person's, as one writing transaction knows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from adapters.crossref.database import Connection, Row
from adapters.crossref.keys.sealing import KeptKey, Keyring
from adapters.crossref.keys.sources import SourceKey, SourceSystem

__all__ = ["Apart", "Partner"]

_TOGETHER = 100
"""Keys that are looked up by one statement."""

_PARTNERS = (
    "SELECT key_a, non_match_id, seq, source_b, key_b, sealed_b FROM non_match "
    "WHERE tenant_id = ? AND source_a = ? AND key_a IN (?*) "
    "UNION ALL SELECT key_b, non_match_id, seq, source_a, key_a, sealed_a FROM non_match "
    "WHERE tenant_id = ? AND source_b = ? AND key_b IN (?*)"
)


@dataclass(frozen=True, slots=True)
class Partner:
    """The other key of a non-match, the id of the non-match, and the number of the event that asserted it."""

    entry: SourceKey
    non_match_id: str
    seq: int


@cache
def _partners_of(size: int) -> str:
    return _PARTNERS.replace("?*", ", ".join("?" * size))


class Apart:
    """The non-matches of a tenant, looked up once a key: while this transaction lasts nobody else writes.

    A sealed key is found under every version of the secret, and its partner is read back from what is sealed beside it,
    so that a non-match holds whichever versions the links of both were written with.
    """

    def __init__(
        self, connection: Connection, tenant: str, keyring: Keyring, sources: Mapping[str, SourceSystem]
    ) -> None:
        self._connection, self._tenant, self._keyring, self._sources = connection, tenant, keyring, sources
        self._known: dict[SourceKey, list[Partner]] = {}
        self.is_empty = True

    async def know(self, entries: Collection[SourceKey]) -> None:
        """Look up the partners of many keys at once, so that `partners` can tell them without asking."""
        forms: dict[SourceSystem, dict[str, SourceKey]] = defaultdict(dict)
        for entry in () if self.is_empty else entries:
            if entry not in self._known:
                self._known[entry] = []
                forms[entry.source] |= dict.fromkeys(self._keyring.lookup_forms(entry.source, entry.key), entry)
        for source, named in forms.items():
            several = list(named)
            for start in range(0, len(several), _TOGETHER):
                for row in await self._ask(source, several[start : start + _TOGETHER]):
                    self._known[named[row[0]]].append(self._partner(row))

    async def partners(self, entry: SourceKey) -> Sequence[Partner]:
        """Return every key that is never the same person's as this one."""
        await self.know([entry])
        return self._known.get(entry, ())

    async def _ask(self, source: SourceSystem, forms: Sequence[str]) -> Sequence[Row]:
        size = 1 if len(forms) == 1 else _TOGETHER  # two statements, which stay prepared
        half = (self._tenant, source.name, *forms, *[None] * (size - len(forms)))
        return await self._connection.fetch(_partners_of(size), *half, *half)

    def _partner(self, row: Row) -> Partner:
        _, non_match_id, seq, name, lookup, sealed = row
        source = self._sources[name]
        return Partner(SourceKey(source, self._keyring.read(source, KeptKey(lookup, sealed))), non_match_id, seq)
