"""Splitting a customer that is two persons: some of its keys go to a new customer, or to one that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode
from adapters.crossref.events import EventType
from adapters.crossref.identifiers.identifying import forget_seen
from adapters.crossref.keys.sources import SourceKey
from adapters.crossref.ledger import CustomerRow, Ledger
from adapters.crossref.operations.candidates import open_candidate
from adapters.crossref.operations.linking import Method, closed_conflict
from adapters.crossref.operations.moving import CurrentLink, Move, known_link, move_links, moving_conflict, told_moves
from adapters.crossref.operations.restricting import (
    by_ground,
    insert_restrictions,
    restrictions_to_add,
    standing_restrictions,
    told_restrictions,
)
from adapters.crossref.operations.writes import Linked, Write, version_conflict
from adapters.crossref.port import Restriction

__all__ = ["MAX_SPLIT", "split"]

MAX_SPLIT = 1000
"""The most keys of one split."""


@dataclass(frozen=True, slots=True)
class _Split:
    """What one split does; all of it stands in its event. The target has `restrictions` from then on."""

    origin: str
    target: str
    is_new: bool
    moves: tuple[Move, ...]
    restrictions: tuple[Restriction, ...]

    def body(self) -> dict[str, object]:
        return {
            "from": self.origin,
            "to": self.target,
            "created": self.is_new,
            "moved": told_moves(self.moves),
            "restrictions": told_restrictions(self.restrictions),
        }


async def split(
    ledger: Ledger, write: Write, customer_id: str, keys: Sequence[tuple[str, str]], into: str | None
) -> Linked | Conflict:
    """Move keys of the customer to the one named by `into`, None for a new one, and return where that one stands.

    Each key comes as source and key, whatever its form. The version expected is that of the customer who is split,
    whose restrictions hold for whoever gets the keys as well, while what the sources of those keys have shown of
    identifiers is forgotten, for nobody can tell whose they are. An existing customer gets the keys if it might be
    linked to them. Keys that it has already are left as they are. Raises InputError when a key is not the customer's,
    none would stay with the customer, or a customer is not known.
    """
    origin = await _known(ledger, customer_id)
    target = None if into is None else await _known(ledger, into)
    entries = _entries(ledger, keys)
    conflict = await closed_conflict(ledger, write.act, origin, None)
    if conflict:
        return conflict
    links = {entry: await known_link(ledger, entry) for entry in entries}
    moving = _of_origin(links, origin, target)
    if target is not None and (not moving or target.customer_id == origin.customer_id):
        return Linked(target.customer_id, target.version, target.changed_seq)
    await _check_rest(ledger, origin, len(moving))
    conflict = version_conflict(write.expected_version, origin)
    conflict = conflict or await _conflict(ledger, write, origin, target, moving)
    return conflict or await _carry_out(ledger, write, origin, target, moving)


async def _known(ledger: Ledger, customer_id: str) -> CustomerRow:
    row = await ledger.customer(customer_id)
    if row is None:
        raise InputError(RefusalCode.CUSTOMER_UNKNOWN, "no customer has this id; name one, or split without into")
    return row


def _entries(ledger: Ledger, keys: Sequence[tuple[str, str]]) -> list[SourceKey]:
    if not 0 < len(keys) <= MAX_SPLIT:
        raise InputError(RefusalCode.VALUE_INVALID, f"got {len(keys)} keys; wanted 1 to {MAX_SPLIT} a split")
    return list(dict.fromkeys(ledger.entry(source, key) for source, key in keys))


def _of_origin(
    links: Mapping[SourceKey, CurrentLink], origin: CustomerRow, target: CustomerRow | None
) -> dict[SourceKey, CurrentLink]:
    moving = {entry: link for entry, link in links.items() if link.customer == origin.customer_id}
    for entry, link in links.items():
        if entry not in moving and (target is None or link.customer != target.customer_id):
            raise InputError(
                RefusalCode.LINK_UNKNOWN,
                f"got a key of {entry.source.name} that is not linked to this customer; wanted keys of the one split",
            )
    return moving


async def _check_rest(ledger: Ledger, origin: CustomerRow, moving: int) -> None:
    row = await ledger.connection.fetch_one(
        "SELECT count(*) FROM link WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL",
        *(ledger.tenant, origin.customer_id),
    )
    if row is not None and row[0] == moving:
        raise InputError(
            RefusalCode.SPLIT_EMPTY, "got all keys of the customer; wanted some to stay: merge the customer instead"
        )


async def _conflict(
    ledger: Ledger,
    write: Write,
    origin: CustomerRow,
    target: CustomerRow | None,
    moving: Mapping[SourceKey, CurrentLink],
) -> Conflict | None:
    if target is not None:
        return await moving_conflict(ledger, write.act, target, moving, origin.customer_id)
    # a forced merge may have left more live keys of a source than a new customer may begin with
    counts: dict[str, int] = {}
    for entry in (entry for entry, link in moving.items() if link.is_live):
        name, limit = entry.source.name, entry.source.max_live
        counts[name] = counts.get(name, 0) + 1
        if limit is not None and counts[name] > limit:
            code = ConflictCode.LIMIT_EXCEEDED
            return await open_candidate(ledger, write.act, code, origin.customer_id, None, name)
    return None


async def _carry_out(
    ledger: Ledger,
    write: Write,
    origin: CustomerRow,
    target: CustomerRow | None,
    moving: Mapping[SourceKey, CurrentLink],
) -> Linked:
    await forget_seen(ledger, write.act, origin.customer_id, {entry.source.name for entry in moving})
    moves = tuple(Move(link.link_id, ledger.new_id("lnk")) for link in moving.values())
    into = target.customer_id if target else ledger.new_id("cus")
    restrictions = await restrictions_to_add(ledger, into, await standing_restrictions(ledger, origin.customer_id))
    made = _Split(
        *(origin.customer_id, into, target is None, moves),
        restrictions=tuple(sorted(restrictions, key=by_ground)),
    )
    seq = await ledger.append(EventType.CUSTOMER_SPLIT, made.target, write.act, made.body())
    version = await _touch(ledger, made, seq)
    await move_links(ledger, moves, made.target, write.act, Method.SPLIT, seq)
    for entry, link in moving.items():
        ledger.give(entry.source, link.lookup, made.target)
    await insert_restrictions(ledger, made.target, made.restrictions)
    await ledger.touch(made.origin, seq)
    return Linked(made.target, version, seq)


async def _touch(ledger: Ledger, made: _Split, seq: int) -> int:
    if not made.is_new:
        return await ledger.touch(made.target, seq)
    await ledger.connection.execute(
        "INSERT INTO customer (tenant_id, customer_id, status, created_at, changed_seq) VALUES (?, ?, 'active', ?, ?)",
        *(ledger.tenant, made.target, ledger.at, seq),
    )
    return 1
