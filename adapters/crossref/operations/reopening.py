"""Candidates when a merge is undone: what it had settled is asked again, and limits are looked at anew."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from adapters.crossref.asking import fetch_each
from adapters.crossref.database import Row
from adapters.crossref.errors import ConflictCode
from adapters.crossref.events import Act, canonical
from adapters.crossref.ledger import Ledger
from adapters.crossref.operations.candidates import decide_candidate, open_candidate, open_of_pair

__all__ = ["Parted", "Reopened", "over_limits", "reopen", "reopened_by", "settle_limits"]

_SETTLED = (
    "SELECT candidate_id, customer_a, customer_b, kind, link_id, evidence FROM match_candidate "
    "WHERE tenant_id = ? AND candidate_id IN (?*) AND status = 'superseded' AND decided_seq = ?"
)

_SETTLED_SINCE = tuple(
    "SELECT m.candidate_id, m.customer_a, m.customer_b, m.kind, m.link_id, m.evidence FROM match_candidate AS m "  # noqa: S608  a constant of ours
    f"INDEXED BY {index} WHERE m.tenant_id = ? AND m.{column} IN (?*) AND m.customer_b IS NOT NULL "
    "AND m.status = 'superseded' AND m.decided_seq > ? AND EXISTS (SELECT 1 FROM xref_event AS e "
    "WHERE e.tenant_id = m.tenant_id AND e.seq = m.decided_seq AND e.type = 'customers.merged')"
    for index, column in (("match_candidate_first", "customer_a"), ("match_candidate_second", "customer_b"))
)
"""What later merges have settled, whose survivors these ids are part of no longer."""

# Redirects are one step long. CROSS JOIN keeps the order of the tables as written.
_OF_LIMITS = (
    "SELECT m.candidate_id, m.customer_a, m.evidence, m.opened_seq FROM "
    "(SELECT customer_id FROM customer WHERE tenant_id = ? AND customer_id = ? UNION ALL "
    "SELECT customer_id FROM customer INDEXED BY customer_survivor WHERE tenant_id = ? AND survivor_id = ?) AS c "
    "CROSS JOIN match_candidate AS m INDEXED BY match_candidate_first "
    "WHERE m.tenant_id = ? AND m.customer_a = c.customer_id AND m.customer_b IS NULL "
    "AND m.kind = 'limit_exceeded' AND m.status = 'open' ORDER BY m.candidate_id"
)


@dataclass(frozen=True, slots=True)
class Parted:
    """How two customers part: these ids lead to the first from now on; links of before -> those that begin with it."""

    loser: str
    ids: Collection[str]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reopened:
    """A candidate that is open again; `link` is of whose key it asks, None where it asks of two customers."""

    candidate: str
    link: str | None
    evidence: Mapping[str, object]


async def reopened_by(ledger: Ledger, settled: Iterable[str], merge: int, parted: Parted) -> tuple[Reopened, ...]:
    """Return those of the candidates that the merge of this number has settled of which nothing else has since.

    One of two customers is asked again if they are two again, also when a later merge has settled it that stands: who
    parts now was part of it by this one. One of a key is asked again if that key goes back as it came.
    """
    connection, before = ledger.connection, (ledger.tenant,)
    rows = await fetch_each(connection, _SETTLED, before, settled, merge)
    for statement in _SETTLED_SINCE:
        rows += await fetch_each(connection, statement, before, parted.ids, merge)
    rows = [*{row[0]: row for row in rows}.values()]
    found = []
    for candidate, *pair, kind, link, evidence in sorted(rows, key=_by_id):
        told = json.loads(evidence)
        if link is not None and link in parted.links:
            opened = parted.links[link]
            found.append(Reopened(candidate, opened, {**told, "link": opened}))
        elif link is None and await _is_to_be_asked(ledger, pair, kind, parted):
            found.append(Reopened(candidate, None, told))
    return tuple(found)


def _by_id(row: Row) -> str:
    return str(row[0])


async def _is_to_be_asked(ledger: Ledger, pair: Sequence[str], kind: str, parted: Parted) -> bool:
    led = [parted.loser if one in parted.ids else await _lead(ledger, one) for one in pair]
    return led[0] != led[1] and await open_of_pair(ledger, (pair[0], pair[1]), kind) is None


async def _lead(ledger: Ledger, customer: str) -> str | None:
    row = await ledger.customer(customer)
    return row.customer_id if row else None


async def reopen(ledger: Ledger, several: Iterable[Reopened]) -> None:
    """Write that these candidates are open."""
    await ledger.connection.execute_many(
        "UPDATE match_candidate SET status = 'open', decided_by = NULL, decided_seq = NULL, link_id = ?, evidence = ? "
        "WHERE tenant_id = ? AND candidate_id = ?",
        [(one.link, canonical(one.evidence), ledger.tenant, one.candidate) for one in several],
    )


async def over_limits(ledger: Ledger, customer: str, sources: Iterable[str]) -> list[str]:
    """Return those of the sources of which the customer has more live keys than one may have, in order."""
    counts, limits = await ledger.live_keys(customer), {name: ledger.source(name).max_live for name in sources}
    return sorted(name for name, limit in limits.items() if limit is not None and counts.get(name, 0) > limit)


async def settle_limits(
    ledger: Ledger, act: Act, customer: str, sources: Iterable[str], over: Iterable[str], since: int
) -> None:
    """Open a candidate if the customer has more live keys than one of the sources allows, and none is open.

    Closed are those opened since the event of this number for sources of which there were too many, as `over` tells,
    and are no longer.
    """
    still = await over_limits(ledger, customer, sources)
    eased, is_open = {*over} - {*still}, False
    for candidate, named, evidence, opened in await ledger.connection.fetch(
        _OF_LIMITS, *(ledger.tenant, customer) * 2, ledger.tenant
    ):
        if opened > since and json.loads(evidence)["source"] in eased:
            await decide_candidate(ledger, act, candidate, (named, None), "superseded")
        else:
            is_open = True
    if still and not is_open:
        await open_candidate(ledger, act, ConflictCode.LIMIT_EXCEEDED, customer, None, still[0])
