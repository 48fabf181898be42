"""What a steward has to decide, because a write met something that stands in its way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.crossref.asking import fetch_each
from adapters.crossref.database import Row
from adapters.crossref.errors import Conflict, ConflictCode
from adapters.crossref.events import Act, EventType, canonical
from adapters.crossref.ledger import Ledger

__all__ = ["candidates_about", "candidates_between", "decide_candidate", "open_candidate", "open_of_pair"]
__all__ += ["open_shared", "settle_news"]

# Redirects are one step long: who was merged into either of the two is found beside them. CROSS JOIN keeps the order of
# the tables as written, whatever the statistics say or lack.
_BETWEEN = (
    "WITH named AS (SELECT customer_id FROM customer WHERE tenant_id = ? AND customer_id IN (?, ?) "
    "UNION SELECT customer_id FROM customer INDEXED BY customer_survivor "
    "WHERE tenant_id = ? AND survivor_id IN (?, ?)) "
    "SELECT m.candidate_id, m.customer_a, m.customer_b FROM named AS a "
    "CROSS JOIN match_candidate AS m INDEXED BY match_candidate_first "
    "WHERE m.tenant_id = ? AND m.customer_a = a.customer_id AND m.status = 'open' "
    "AND m.customer_b IN (SELECT customer_id FROM named) ORDER BY m.candidate_id"
)

_ABOUT_LINKS = (
    "SELECT candidate_id, customer_a, customer_b FROM match_candidate INDEXED BY match_candidate_link "
    "WHERE tenant_id = ? AND link_id IN (?*) AND status = 'open' ORDER BY candidate_id"
)


async def open_candidate(
    ledger: Ledger, act: Act, code: ConflictCode, customer: str, other: str | None, source: str | None
) -> Conflict:
    """Return the conflict with its match candidate: the one that is open for this pair and kind, or a new one.

    None is opened for two of whom it was said that they are never one: that is decided, and nobody is asked again. The
    evidence names the code and the source, never a key.
    """
    kind = "limit_exceeded" if code is ConflictCode.LIMIT_EXCEEDED else "key_conflict"
    first, second = (customer, None) if other is None else sorted((customer, other))
    found = await open_of_pair(ledger, (first, second), kind)
    if found is None and (other is None or code is not ConflictCode.NON_MATCH_ASSERTED):
        found = await _open(ledger, act, (first, second), kind, {"code": code, "source": source})
    return Conflict(code, customer, other, source, found)


async def open_shared(ledger: Ledger, act: Act, pair: tuple[str, str], source: str, identifier: str) -> None:
    """Open a candidate for two customers who share an identifier, unless there is one.

    The evidence names the type of the identifier and the source that showed it, never the identifier.
    """
    first, second = sorted(pair)
    if await open_of_pair(ledger, (first, second), "shared_identifier") is None:
        evidence: dict[str, object] = {"code": "SHARED_IDENTIFIER", "source": source, "identifier": identifier}
        await _open(ledger, act, (first, second), "shared_identifier", evidence)


async def candidates_between(ledger: Ledger, one: str, other: str) -> list[tuple[str, str, str]]:
    """Return each open candidate of these two, of ids merged into them too, with both customers that it names."""
    rows = await ledger.connection.fetch(_BETWEEN, *(ledger.tenant, one, other) * 2, ledger.tenant)
    return [(row[0], row[1], row[2]) for row in rows]


async def decide_candidate(ledger: Ledger, act: Act, candidate: str, pair: Sequence[str | None], status: str) -> int:
    """Write what became of an open candidate, whose customers these are, and return the event's number."""
    body = {"candidate": candidate, "customers": list(pair), "status": status}
    seq = await ledger.append(EventType.CANDIDATE_DECIDED, pair[0], act, body)
    await ledger.connection.execute(
        "UPDATE match_candidate SET status = ?, decided_by = ?, decided_seq = ? "
        "WHERE tenant_id = ? AND candidate_id = ?",
        *(status, act.actor, seq, ledger.tenant, candidate),
    )
    return seq


async def candidates_about(ledger: Ledger, link_ids: Iterable[str]) -> list[Row]:
    """Return each open candidate of what a source has said of one of these links, with the customers it names."""
    return await fetch_each(ledger.connection, _ABOUT_LINKS, (ledger.tenant,), link_ids)


async def settle_news(ledger: Ledger, act: Act, link_ids: Iterable[str]) -> None:
    """Close the open candidates of what sources have said of these links, which are no more as they were then."""
    for candidate, *pair in await candidates_about(ledger, link_ids):
        await decide_candidate(ledger, act, candidate, pair, "superseded")


async def open_of_pair(ledger: Ledger, pair: tuple[str, str | None], kind: str) -> str | None:
    """Return the open candidate of this kind that names just these, in order; the second is None for nobody."""
    row = await ledger.connection.fetch_one(
        "SELECT candidate_id FROM match_candidate WHERE tenant_id = ? AND customer_a = ? "
        "AND coalesce(customer_b, '') = ? AND kind = ? AND status = 'open'",
        *(ledger.tenant, pair[0], pair[1] or "", kind),
    )
    return str(row[0]) if row else None


async def _open(ledger: Ledger, act: Act, pair: tuple[str, str | None], kind: str, evidence: dict[str, object]) -> str:
    candidate = ledger.new_id("cand")
    body = {"candidate": candidate, "customers": list(pair), "kind": kind, "grade": "possible", "evidence": evidence}
    seq = await ledger.append(EventType.CANDIDATE_OPENED, pair[0], act, body)
    await ledger.connection.execute(
        "INSERT INTO match_candidate (tenant_id, candidate_id, customer_a, customer_b, kind, grade, evidence, "
        "opened_seq) VALUES (?, ?, ?, ?, ?, 'possible', ?, ?)",
        *(ledger.tenant, candidate, *pair, kind, canonical(evidence), seq),
    )
    return candidate
