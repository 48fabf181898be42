"""Merging two customers that are one person: the loser's id leads to the survivor, and its links move there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode
from adapters.crossref.events import Act, EventType
from adapters.crossref.ledger import CustomerRow, Ledger
from adapters.crossref.operations.candidates import candidates_about, candidates_between, open_candidate
from adapters.crossref.operations.linking import Method
from adapters.crossref.operations.moving import Move, move_links, told_moves
from adapters.crossref.operations.non_matching import forbidden, keys_of
from adapters.crossref.operations.restricting import by_ground, standing_restrictions
from adapters.crossref.operations.writes import Linked, Write, version_conflict
from adapters.crossref.port import Restriction

__all__ = ["MergePreview", "merge", "merge_oldest", "preview_merge"]


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would do, of which nothing is written; `loser` and `survivor` are one where they are so already.

    `version` is the survivor's and `loser_version` the loser's, for the merge to expect. `links_by_source` counts the
    links that would move, superseded ones included. `conflicts` stand in the way, all of them, without a candidate;
    those of LIMIT_EXCEEDED yield to `force`. `restrictions` would hold for the survivor's own keys too; `candidates`
    would be superseded.
    """

    loser: str
    survivor: str
    version: int
    loser_version: int
    links_by_source: Mapping[str, int]
    conflicts: tuple[Conflict, ...]
    restrictions: tuple[Restriction, ...]
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Merger:
    """What one merge does; all of it stands in its event, so that it can be undone."""

    loser: str
    survivor: str
    loser_version: int
    act: Act
    moves: tuple[Move, ...]
    repointed: tuple[str, ...]
    candidates: tuple[str, ...]

    def body(self) -> dict[str, object]:
        return {
            "loser": self.loser,
            "survivor": self.survivor,
            "moved": told_moves(self.moves),
            "repointed": list(self.repointed),
            "candidates": list(self.candidates),
        }


async def merge(ledger: Ledger, write: Write, loser: str, survivor: str, *, force: bool = False) -> Linked | Conflict:
    """Merge the loser into the survivor; ids merged before name whom they lead to.

    The version expected is the survivor's, `loser_version` the loser's. With `force` the survivor may have more live
    keys than a source allows, and a candidate is open then. Restrictions stay with the id they were made for and hold
    for the survivor as well. Two that are one already are left as they are. Raises InputError when there is no such
    customer, or both ids are the same.
    """
    return await _merge(ledger, write, *await _pair(ledger, loser, survivor, oldest=False), force)


async def merge_oldest(ledger: Ledger, write: Write, one: str, other: str, *, force: bool = False) -> Linked | Conflict:
    """Merge as `merge` does; the one created first survives, of two created at once the one whose id comes first."""
    return await _merge(ledger, write, *await _pair(ledger, one, other, oldest=True), force)


async def preview_merge(ledger: Ledger, loser: str, survivor: str, *, oldest: bool = False) -> MergePreview:
    """Return what `merge` would do, with `oldest` what `merge_oldest` would. Raises InputError as they do."""
    gone, stays = await _pair(ledger, loser, survivor, oldest=oldest)
    here, there = gone.customer_id, stays.customer_id
    if here == there and stays.status == "active":
        return MergePreview(here, there, stays.version, stays.version, {}, (), (), ())
    restrictions = await standing_restrictions(ledger, here) - await standing_restrictions(ledger, there)
    return MergePreview(
        *(here, there, stays.version, gone.version),
        links_by_source=await _links_by_source(ledger, here),
        conflicts=tuple(await _conflicts(ledger, gone, stays)),
        restrictions=tuple(sorted(restrictions, key=by_ground)),
        candidates=await _settled(ledger, here, there, await _links(ledger, here)),
    )


async def _merge(ledger: Ledger, write: Write, gone: CustomerRow, stays: CustomerRow, force: bool) -> Linked | Conflict:
    if gone.customer_id == stays.customer_id and stays.status == "active":
        return Linked(stays.customer_id, stays.version, stays.changed_seq)
    conflict = version_conflict(write.expected_version, stays) or version_conflict(write.loser_version, gone)
    if conflict:
        return conflict
    found = await _conflicts(ledger, gone, stays)
    excess = [one for one in found if one.code is ConflictCode.LIMIT_EXCEEDED] if force else []
    for one in found:
        if one not in excess:
            return await open_candidate(ledger, write.act, one.code, one.customer, one.other, one.source)
    linked = await _carry_out(ledger, await _plan(ledger, gone, stays.customer_id, write.act))
    for one in excess:
        await open_candidate(ledger, write.act, one.code, one.customer, None, one.source)
    return linked


async def _pair(ledger: Ledger, loser: str, survivor: str, *, oldest: bool) -> tuple[CustomerRow, CustomerRow]:
    names = ("first id", "second id") if oldest else ("loser's id", "survivor's id")
    gone, stays = [await _known(ledger, one, name) for one, name in zip((loser, survivor), names, strict=True)]
    if loser == survivor:
        raise InputError(
            RefusalCode.VALUE_INVALID, "got one customer twice; wanted the ids of two: nobody is merged with itself"
        )
    if oldest and await _first_created(ledger, gone, stays) == gone.customer_id:
        return stays, gone
    return gone, stays


async def _known(ledger: Ledger, customer_id: str, name: str) -> CustomerRow:
    row = await ledger.customer(customer_id)
    if row is None:
        raise InputError(RefusalCode.CUSTOMER_UNKNOWN, f"no customer has the {name}; both have to be known")
    return row


async def _first_created(ledger: Ledger, one: CustomerRow, other: CustomerRow) -> str:
    row = await ledger.connection.fetch_one(
        "SELECT customer_id FROM customer WHERE tenant_id = ? AND customer_id IN (?, ?) "
        "ORDER BY created_at, customer_id LIMIT 1",
        *(ledger.tenant, one.customer_id, other.customer_id),
    )
    assert row is not None
    return str(row[0])


async def _conflicts(ledger: Ledger, gone: CustomerRow, stays: CustomerRow) -> list[Conflict]:
    """Return what stands in the way, without candidates: they are opened for what a merge is refused for."""
    closed = [row for row in (gone, stays) if row.status != "active"]
    if closed:
        return [Conflict(_code(row), row.customer_id, None, None, None) for row in closed]
    here, there = gone.customer_id, stays.customer_id
    found = {
        ConflictCode.NON_MATCH_ASSERTED: await _apart(ledger, here, there),
        ConflictCode.LIMIT_EXCEEDED: await _excess(ledger, here, there),
    }
    return [Conflict(code, there, here, name, None) for code, names in found.items() for name in names]


def _code(row: CustomerRow) -> ConflictCode:
    return ConflictCode.CUSTOMER_ERASED if row.status == "erased" else ConflictCode.CUSTOMER_RETIRED


async def _apart(ledger: Ledger, loser: str, survivor: str) -> Sequence[str]:
    """Return the sources of which the loser has keys that are never the survivor's."""
    if ledger.apart.is_empty:
        return ()
    refused = await forbidden(ledger, survivor, await keys_of(ledger, loser))
    return sorted({entry.source.name for entry in refused})


async def _excess(ledger: Ledger, loser: str, survivor: str) -> Sequence[str]:
    """Return the sources of which both have more live keys together than one customer may have."""
    ours, theirs = await ledger.live_keys(survivor), await ledger.live_keys(loser)
    found = []
    for name in sorted(ours.keys() & theirs.keys()):
        limit = ledger.source(name).max_live
        if limit is not None and ours[name] + theirs[name] > limit:
            found.append(name)
    return found


async def _links_by_source(ledger: Ledger, customer: str) -> dict[str, int]:
    rows = await ledger.connection.fetch(
        "SELECT source_id, count(*) FROM link WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL "
        "GROUP BY source_id ORDER BY source_id",
        *(ledger.tenant, customer),
    )
    return {row[0]: row[1] for row in rows}


async def _plan(ledger: Ledger, gone: CustomerRow, survivor: str, act: Act) -> _Merger:
    loser = gone.customer_id
    links = await _links(ledger, loser)
    repointed = tuple(await ledger.merged_into(loser))
    moves = tuple(Move(link, ledger.new_id("lnk")) for link in links)
    candidates = await _settled(ledger, loser, survivor, links)
    return _Merger(loser, survivor, gone.version, act, moves, repointed, candidates)


async def _links(ledger: Ledger, customer: str) -> list[str]:
    rows = await ledger.connection.fetch(
        "SELECT link_id FROM link WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL",
        *(ledger.tenant, customer),
    )
    return sorted(row[0] for row in rows)


async def _settled(ledger: Ledger, loser: str, survivor: str, links: Sequence[str]) -> tuple[str, ...]:
    """Return the candidates between the two, and those of what sources have said of the loser's links."""
    found = [*await candidates_between(ledger, loser, survivor), *await candidates_about(ledger, links)]
    return tuple([candidate for candidate, *_ in found])


async def _carry_out(ledger: Ledger, merger: _Merger) -> Linked:
    seq = await ledger.append(EventType.CUSTOMERS_MERGED, merger.survivor, merger.act, merger.body())
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
    await move_links(ledger, merger.moves, merger.survivor, merger.act, Method.MERGE, seq)
    # else what was confirmed of the loser could be done with the survivor, whose version happened to be the same
    version = await ledger.touch(merger.survivor, seq, least=merger.loser_version + 1)
    return Linked(merger.survivor, version, seq)
