"""Candidates as a steward sees and decides them: two customers may be one, or a write met what it may not cross."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import product

from adapters.crossref.asking import check_page, fetch_each
from adapters.crossref.database import Connection, Row
from adapters.crossref.errors import Conflict, InputError, RefusalCode
from adapters.crossref.ids import is_id
from adapters.crossref.keys.sources import SourceKey
from adapters.crossref.ledger import CustomerRow, Ledger
from adapters.crossref.operations.candidates import decide_candidate, settle_news
from adapters.crossref.operations.hearing import GONE, REPLACED, question
from adapters.crossref.operations.merging import merge_oldest
from adapters.crossref.operations.moving import known_link
from adapters.crossref.operations.non_matching import assert_non_match, keys_of
from adapters.crossref.operations.replacing import replace_link
from adapters.crossref.operations.unlinking import end_link
from adapters.crossref.operations.writes import Linked, Write, version_conflict
from adapters.crossref.port import Lookup

__all__ = ["Candidate", "CandidateStatus", "accept", "read_candidate", "read_candidates", "reject"]

_CANDIDATE = (
    "SELECT candidate_id, customer_a, customer_b, kind, grade, score, evidence, status, decided_by, decided_seq, "
    "opened_seq FROM match_candidate"
)
_BY_ID = f"{_CANDIDATE} WHERE tenant_id = ? AND candidate_id = ?"
_BY_STATUS = (
    f"{_CANDIDATE} INDEXED BY match_candidate_status "
    "WHERE tenant_id = ? AND status = ? AND opened_seq > ? ORDER BY opened_seq LIMIT ?"
)

_TIMES = "SELECT seq, at FROM xref_event WHERE tenant_id = ? AND seq IN (?*)"

_MOST_KEYS = 10
"""Keys of a customer that are told apart from those of another, each from each."""


class CandidateStatus(StrEnum):
    """What became of a candidate; one is superseded when something else than its decision has settled it."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


_STATUSES = [status.value for status in CandidateStatus]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a steward has to decide, or has decided. The evidence names rules, codes and sources, never a key or value.

    `other` is None where only one customer is concerned. `opened_seq` and `decided_seq` are the numbers of the events.
    """

    candidate_id: str
    customer: str
    other: str | None
    kind: str
    grade: str
    score: float | None
    evidence: Mapping[str, object] = field(repr=False)
    status: CandidateStatus
    decided_by: str | None
    decided_seq: int | None
    opened_seq: int
    opened_at: datetime


async def read_candidates(
    connection: Connection, tenant: str, status: str, after: int, limit: int
) -> tuple[Candidate, ...]:
    """Return the candidates of this status, the oldest first, that were opened after the event of this number."""
    check_page(after, limit)
    if status not in _STATUSES:
        raise InputError(
            RefusalCode.VALUE_INVALID,
            f"got a status that no candidate has; wanted one of {_STATUSES}",
        )
    return await _opened(connection, tenant, await connection.fetch(_BY_STATUS, tenant, str(status), after, limit))


async def read_candidate(connection: Connection, tenant: str, candidate_id: str) -> Candidate | None:
    """Return the candidate of this id, None when there is none."""
    if not is_id(candidate_id):
        return None
    found = await _opened(connection, tenant, await connection.fetch(_BY_ID, tenant, candidate_id))
    return found[0] if found else None


async def _opened(connection: Connection, tenant: str, rows: Sequence[Row]) -> tuple[Candidate, ...]:
    """Return the candidates of these rows, with the times at which they were opened."""
    found = await fetch_each(connection, _TIMES, (tenant,), [row[10] for row in rows])
    times = {row[0]: row[1] for row in found}
    return tuple([_candidate(row, times[row[10]]) for row in rows])


def _candidate(row: Row, at: str) -> Candidate:
    candidate_id, customer, other, kind, grade, score, evidence, status, decided_by, decided_seq, opened_seq = row
    told = (candidate_id, customer, other, kind, grade, score, json.loads(evidence), CandidateStatus(status))
    return Candidate(*told, decided_by, decided_seq, opened_seq, datetime.fromisoformat(at))


async def accept(ledger: Ledger, write: Write, candidate_id: str, *, force: bool = False) -> Linked | Conflict:
    """Do what a candidate asks: merge its two customers, the oldest of whom survives, and return where that one stands.

    One for what a source says of a key is accepted by unlinking or replacing it, and its customer is returned. What a
    merge or a replacement may not cross stands against it here too; then the candidate stays open. Raises InputError
    when there is no such candidate, it has one customer only, or was decided otherwise.
    """
    candidate = await _known(ledger, candidate_id)
    if candidate.kind in (GONE, REPLACED):
        return await _accept_news(ledger, write, candidate)
    if candidate.other is None:
        raise InputError(
            RefusalCode.CANDIDATE_ONE_SIDED,
            "got a candidate with one customer; mend what it tells of, then reject it, or merge by the ids",
        )
    survivor = await _shared(ledger, candidate)
    if candidate.status is CandidateStatus.ACCEPTED and survivor is not None:
        return Linked(survivor.customer_id, survivor.version, survivor.changed_seq)
    _check_open(candidate, CandidateStatus.OPEN)
    merged = await merge_oldest(ledger, write, candidate.customer, candidate.other, force=force)
    if isinstance(merged, Linked):
        await _decide(ledger, write, candidate, CandidateStatus.ACCEPTED)
    return merged


async def _accept_news(ledger: Ledger, write: Write, candidate: Candidate) -> Linked | Conflict:
    row = await ledger.customer(candidate.customer)
    if candidate.status is CandidateStatus.ACCEPTED and row is not None:
        return Linked(row.customer_id, row.version, row.changed_seq)
    _check_open(candidate, CandidateStatus.OPEN)
    if write.loser_version is not None:
        raise InputError(
            RefusalCode.VALUE_INVALID, "got a loser_version for a candidate that merges nobody; leave it out"
        )
    asked = await question(ledger, candidate.candidate_id)
    link = await known_link(ledger, asked.old)
    if asked.new is not None:
        done = await replace_link(ledger, write, link, asked.new)
    else:
        done = version_conflict(write.expected_version, row) or await end_link(ledger, write, asked.old, link)
    if isinstance(done, Linked):
        await _decide(ledger, write, candidate, CandidateStatus.ACCEPTED)
        await settle_news(ledger, write.act, [link.link_id])  # what else was asked about the link
    return done


async def reject(ledger: Ledger, write: Write, candidate_id: str, *, non_match: bool) -> Linked | Conflict:
    """Decide that nothing is to be done about a candidate, and return where its first customer stands.

    With `non_match` the keys of the two are asserted never to be one person's: each of the one's with each of the
    other's, the first ten of both, so that they are never merged and the question does not come again. `seq` is the
    number of the event that decided it. Raises InputError when there is no such candidate, it was decided otherwise, or
    one of the two has no key that could be told apart.
    """
    candidate = await _known(ledger, candidate_id)
    _check_open(candidate, CandidateStatus.REJECTED)
    row = await ledger.customer(candidate.customer)
    assert row is not None  # a candidate goes when its customer is erased, and no customer's row ever does
    seq = candidate.decided_seq
    if seq is None:
        conflict = version_conflict(write.expected_version, row)
        if conflict is not None:
            return conflict
        seq = await _decide(ledger, write, candidate, CandidateStatus.REJECTED)
    if non_match:
        await _tell_apart(ledger, write, candidate)
    return Linked(row.customer_id, row.version, seq)


async def _known(ledger: Ledger, candidate_id: str) -> Candidate:
    candidate = await read_candidate(ledger.connection, ledger.tenant, candidate_id)
    if candidate is None:
        raise InputError(RefusalCode.CANDIDATE_UNKNOWN, "no candidate has this id; one goes when a customer is erased")
    return candidate


def _check_open(candidate: Candidate, wanted: CandidateStatus) -> None:
    if candidate.status not in (CandidateStatus.OPEN, wanted):
        raise InputError(
            RefusalCode.CANDIDATE_DECIDED, f"got a candidate that is {candidate.status}; wanted one that is open"
        )


async def _shared(ledger: Ledger, candidate: Candidate) -> CustomerRow | None:
    """Return the customer to whom both lead, None when they are two."""
    assert candidate.other is not None
    first, second = await ledger.customer(candidate.customer), await ledger.customer(candidate.other)
    return first if first == second else None


async def _decide(ledger: Ledger, write: Write, candidate: Candidate, status: CandidateStatus) -> int:
    pair = (candidate.customer, candidate.other)
    return await decide_candidate(ledger, write.act, candidate.candidate_id, pair, status)


async def _tell_apart(ledger: Ledger, write: Write, candidate: Candidate) -> None:
    act = Write(write.operation, {}, write.act)  # the version was looked at already
    first, second = [await _keys(ledger, one) for one in (candidate.customer, candidate.other)]
    if not first or not second:
        raise InputError(
            RefusalCode.CANDIDATE_ONE_SIDED,
            "got a customer without keys to tell apart; reject without non_match",
        )
    for one, other in product(first, second):
        await assert_non_match(ledger, act, Lookup(one.source.name, one.key), Lookup(other.source.name, other.key))


async def _keys(ledger: Ledger, customer: str | None) -> list[SourceKey]:
    row = await ledger.customer(customer) if customer else None
    return (await keys_of(ledger, row.customer_id))[:_MOST_KEYS] if row else []
