"""What a steward has to decide, because a write met something that stands in its way."""

from __future__ import annotations

from adapters.crossref.errors import Conflict, ConflictCode
from adapters.crossref.events import Act, EventType, canonical
from adapters.crossref.ledger import Ledger

__all__ = ["open_candidate"]


async def open_candidate(
    ledger: Ledger, act: Act, code: ConflictCode, customer: str, other: str | None, source: str | None
) -> Conflict:
    """Return the conflict with its match candidate: the one that is open for this pair and kind, or a new one.

    The evidence names the code and the source, never a key.
    """
    kind = "limit_exceeded" if code is ConflictCode.LIMIT_EXCEEDED else "key_conflict"
    first, second = (customer, None) if other is None else sorted((customer, other))
    found = await ledger.connection.fetch_one(
        "SELECT candidate_id FROM match_candidate WHERE tenant_id = ? AND customer_a = ? "
        "AND coalesce(customer_b, '') = ? AND kind = ? AND status = 'open'",
        *(ledger.tenant, first, second or "", kind),
    )
    if found is None:
        opened = await _open(ledger, act, (first, second), kind, {"code": code, "source": source})
        return Conflict(code, customer, other, source, opened)
    return Conflict(code, customer, other, source, str(found[0]))


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
