"""Under which ids a customer was known, and when: merges lead from one to another, and can be undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from adapters.crossref.asking import fetch_each
from adapters.crossref.database import Connection, Row
from adapters.crossref.ids import is_id
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.past.history import ids_of, meant_by
from adapters.crossref.port import Lookup

__all__ = ["KnownAs", "read_erased", "read_names"]

_LED = (
    "SELECT customer_id, leads_to, at FROM event_customer "
    "WHERE tenant_id = ? AND customer_id IN (?*) AND leads_to IS NOT NULL ORDER BY seq"
)

_ERASED = "SELECT customer_id, status FROM customer WHERE tenant_id = ? AND customer_id IN (?*)"


@dataclass(frozen=True, slots=True)
class KnownAs:
    """An id under which a customer was known. Both `since` and `until` are None for one that is theirs for all time;
    else it is another's, to whom a merge led until it was undone, or, without `until`, to the end."""

    customer: str
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Return whether they were known so at that time."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


async def read_names(connection: Connection, tenant: str, keyring: Keyring, lookup: Lookup) -> tuple[KnownAs, ...]:
    """Return the ids under which a customer is and was known: the one in use first, then those merged into it.

    Then come those of others to whom it, or one of these, was led by a merge that was undone, or was led when it was
    erased. Who was erased is told too; a key means whoever has it or, when nobody has, had it last. Nobody is known by
    no id.
    """
    customer = await meant_by(connection, tenant, keyring, lookup)
    if customer is None:
        return ()
    own = [customer, *await ids_of(connection, tenant, customer)]
    rows = await fetch_each(connection, _LED, (tenant,), own)
    return (*map(KnownAs, own), *dict.fromkeys(_led(own, rows)))


async def read_erased(connection: Connection, tenant: str, ids: Sequence[str]) -> frozenset[str]:
    """Return those of the ids whose customers were erased; an id of nobody makes the same reads."""
    rows = await fetch_each(connection, _ERASED, (tenant,), [one for one in ids if is_id(one)])
    return frozenset(row[0] for row in rows if row[1] == "erased")


def _led(own: Sequence[str], rows: Sequence[Row]) -> Iterator[KnownAs]:
    for one in own:
        steps = [(leads_to, datetime.fromisoformat(at)) for customer, leads_to, at in rows if customer == one]
        for (leads_to, since), (_, until) in pairwise((*steps, (None, None))):
            if leads_to not in own:
                yield KnownAs(leads_to, since, until)
