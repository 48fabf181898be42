"""Merging two customers that are one person: the loser's id leads to the survivor, and its links move there."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.crossref.candidates import open_candidate
from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode
from adapters.crossref.events import Act, EventType
from adapters.crossref.ledger import CustomerRow, Ledger
from adapters.crossref.linking import Linked, Method

__all__ = ["merge"]


@dataclass(frozen=True, slots=True)
class _Move:
    """A link that ends with the loser and the one that begins with the survivor, for the same key."""

    closed: str
    opened: str


@dataclass(frozen=True, slots=True)
class _Merger:
    """What one merge does; all of it stands in its event, so that it can be undone."""

    loser: str
    survivor: str
    act: Act
    moves: tuple[_Move, ...]
    repointed: tuple[str, ...]
    candidates: tuple[str, ...] = field(default=())

    def body(self) -> dict[str, object]:
        return {
            "loser": self.loser,
            "survivor": self.survivor,
            "moved": [{"closed": move.closed, "opened": move.opened} for move in self.moves],
            "repointed": list(self.repointed),
            "candidates": list(self.candidates),
        }


async def merge(ledger: Ledger, loser: str, survivor: str, act: Act) -> Linked | Conflict:
    """Merge the loser into the survivor; both may be named by ids that were merged before.

    Restrictions stay with the id they were made for and hold for the survivor as well. Two that are one already are
    left as they are. Raises InputError when there is no such customer.
    """
    gone, stays = await _known(ledger, loser), await _known(ledger, survivor)
    if gone.customer_id == stays.customer_id and stays.status == "active":
        return Linked(stays.customer_id, stays.version, stays.changed_seq)
    conflict = await _conflict(ledger, gone, stays, act)
    return conflict or await _carry_out(ledger, await _plan(ledger, gone.customer_id, stays.customer_id, act))


async def _known(ledger: Ledger, customer_id: str) -> CustomerRow:
    row = await ledger.customer(customer_id)
    if row is None:
        raise InputError(RefusalCode.CUSTOMER_UNKNOWN, "no customer has this id; both have to be known")
    return row


async def _conflict(ledger: Ledger, gone: CustomerRow, stays: CustomerRow, act: Act) -> Conflict | None:
    for row in (gone, stays):
        if row.status != "active":
            code = ConflictCode.CUSTOMER_ERASED if row.status == "erased" else ConflictCode.CUSTOMER_RETIRED
            return await open_candidate(ledger, act, code, row.customer_id, None, None)
    ours, theirs = await ledger.live_keys(stays.customer_id), await ledger.live_keys(gone.customer_id)
    for name in sorted(ours.keys() & theirs.keys()):
        limit = ledger.source(name).max_live
        if limit is not None and ours[name] + theirs[name] > limit:
            code = ConflictCode.LIMIT_EXCEEDED
            return await open_candidate(ledger, act, code, stays.customer_id, gone.customer_id, name)
    return None


async def _plan(ledger: Ledger, loser: str, survivor: str, act: Act) -> _Merger:
    links = await _column(
        ledger, "SELECT link_id FROM link WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL", loser
    )
    repointed = await _column(ledger, "SELECT customer_id FROM customer WHERE tenant_id = ? AND survivor_id = ?", loser)
    candidates = await _column(
        ledger,
        "SELECT candidate_id FROM match_candidate "
        "WHERE tenant_id = ? AND customer_a = ? AND customer_b = ? AND status = 'open'",
        *sorted((loser, survivor)),
    )
    moves = tuple(_Move(link, ledger.new_id("lnk")) for link in links)
    return _Merger(loser, survivor, act, moves, repointed, candidates)


async def _column(ledger: Ledger, statement: str, *values: str) -> tuple[str, ...]:
    return tuple(sorted(row[0] for row in await ledger.connection.fetch(statement, ledger.tenant, *values)))


async def _carry_out(ledger: Ledger, merger: _Merger) -> Linked:
    seq = await ledger.append(EventType.CUSTOMERS_MERGED, merger.survivor, merger.act, merger.body())
    await _move(ledger, merger, seq)
    run, tenant = ledger.connection.execute_many, ledger.tenant
    await run(
        "UPDATE customer SET status = 'merged', survivor_id = ?, version = version + 1, changed_seq = ? "
        "WHERE tenant_id = ? AND customer_id = ?",
        [(merger.survivor, seq, tenant, customer) for customer in (merger.loser, *merger.repointed)],
    )
    await run(
        "UPDATE match_candidate SET status = 'superseded', decided_by = ?, decided_seq = ? "
        "WHERE tenant_id = ? AND candidate_id = ?",
        [(merger.act.actor, seq, tenant, candidate) for candidate in merger.candidates],
    )
    return Linked(merger.survivor, await ledger.touch(merger.survivor, seq), seq)


async def _move(ledger: Ledger, merger: _Merger, seq: int) -> None:
    # All end before the first begins again: a key has one current link at any time.
    run = ledger.connection.execute_many
    await run(
        "UPDATE link SET valid_to = ?, closed_seq = ? WHERE link_id = ?",
        [(ledger.at, seq, move.closed) for move in merger.moves],
    )
    await run(
        "INSERT INTO link (link_id, tenant_id, source_id, key_lookup, key_sealed, customer_id, key_status, valid_from, "
        "asserted_by, method, confidence, opened_seq) "
        "SELECT ?, tenant_id, source_id, key_lookup, key_sealed, ?, key_status, ?, ?, ?, confidence, ? "
        "FROM link WHERE link_id = ?",
        [
            (move.opened, merger.survivor, ledger.at, merger.act.actor, Method.MERGE, seq, move.closed)
            for move in merger.moves
        ],
    )
