"""Keys of which somebody has said that they are never one person's, as a steward sees them: page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from adapters.crossref.asking import check_page, fetch_each
from adapters.crossref.database import Connection, Row
from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.ids import is_id
from adapters.crossref.keys.sealing import KeptKey, Keyring
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import read_sources

__all__ = ["NonMatch", "NonMatchedKey", "read_non_matches"]

# by the index of ids, which begin with the time: no other leads from page to page
_PAGE = (
    "SELECT non_match_id, source_a, key_a, sealed_a, source_b, key_b, sealed_b, asserted_by, reason_code, reason_ref, "
    "seq FROM non_match WHERE tenant_id = ? AND non_match_id > ? ORDER BY non_match_id LIMIT ?"
)

_TIMES = "SELECT seq, at FROM xref_event WHERE tenant_id = ? AND seq IN (?*)"


@dataclass(frozen=True, slots=True)
class NonMatchedKey:
    """One of the two keys of a non-match, in the normal form of its source; it may be linked or not."""

    source: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NonMatch:
    """Two keys that are never one person's: who said so, when and why. `seq` is the number of the event that says it.

    Which of the keys is the first is told by their sources, and means nothing.
    """

    non_match_id: str
    first: NonMatchedKey
    second: NonMatchedKey
    asserted_by: str
    asserted_at: datetime
    reason_code: str | None
    reason_ref: str | None
    seq: int


async def read_non_matches(
    connection: Connection, tenant: str, keyring: Keyring, after: str | None, limit: int
) -> tuple[NonMatch, ...]:
    """Return the non-matches that hold, those said first before the others, that follow the one of this id.

    Raises InputError when `after` is no id or `limit` cannot be, and SecretError when a sealed key does not open.
    """
    check_page(0, limit)
    if after is not None and not is_id(after):
        raise InputError(
            RefusalCode.VALUE_INVALID, "after is no id; give that of the last non-match seen, or none to begin"
        )
    rows = await connection.fetch(_PAGE, tenant, after or "", limit)
    found = await fetch_each(connection, _TIMES, (tenant,), [row[10] for row in rows])
    times, sources = {row[0]: row[1] for row in found}, await read_sources(connection, tenant)
    return tuple([_non_match(keyring, sources, row, times[row[10]]) for row in rows])


def _non_match(keyring: Keyring, sources: Mapping[str, SourceSystem], row: Row, at: str) -> NonMatch:
    non_match_id, name, lookup, sealed, other, other_lookup, other_sealed, asserted_by, code, reference, seq = row
    first = NonMatchedKey(name, keyring.read(sources[name], KeptKey(lookup, sealed)))
    second = NonMatchedKey(other, keyring.read(sources[other], KeptKey(other_lookup, other_sealed)))
    return NonMatch(non_match_id, first, second, asserted_by, datetime.fromisoformat(at), code, reference, seq)
