"""Moving one key from the customer who has it to another, because somebody says so."""

from __future__ import annotations

from adapters.crossref.errors import Conflict, InputError, RefusalCode
from adapters.crossref.events import EventType
from adapters.crossref.identifiers.identifying import forget_seen
from adapters.crossref.keys.sources import SourceKey
from adapters.crossref.ledger import CustomerRow, Ledger
from adapters.crossref.operations.linking import Method
from adapters.crossref.operations.moving import CurrentLink, Move, known_link, move_links, moving_conflict, told_moves
from adapters.crossref.operations.writes import Linked, Write, version_conflict

__all__ = ["relink"]


async def relink(ledger: Ledger, write: Write, source: str, key: str, customer_id: str) -> Linked | Conflict:
    """Move the key to the customer, who may be named by an id that was merged, and return where that one stands.

    The version expected is that customer's. A key that is theirs is left as it is. Raises InputError when the key is
    linked to nobody, or there is no such customer.
    """
    entry = ledger.entry(source, key)
    target = await ledger.customer(customer_id)
    if target is None:
        raise InputError(RefusalCode.CUSTOMER_UNKNOWN, "no customer has this id; name one, or link without an id")
    link = await known_link(ledger, entry)
    if link.customer == target.customer_id:
        return Linked(target.customer_id, target.version, target.changed_seq)
    conflict = version_conflict(write.expected_version, target)
    conflict = conflict or await moving_conflict(ledger, write.act, target, {entry: link}, link.customer)
    return conflict or await _move(ledger, write, entry, link, target)


async def _move(ledger: Ledger, write: Write, entry: SourceKey, link: CurrentLink, target: CustomerRow) -> Linked:
    await forget_seen(ledger, write.act, link.customer, [entry.source.name])
    moves = [Move(link.link_id, ledger.new_id("lnk"))]
    body = {"from": link.customer, "to": target.customer_id, "moved": told_moves(moves)}
    seq = await ledger.append(EventType.LINK_MOVED, target.customer_id, write.act, body)
    await move_links(ledger, moves, target.customer_id, write.act, Method.MANUAL, seq)
    ledger.give(entry.source, link.lookup, target.customer_id)
    await ledger.touch(link.customer, seq)
    return Linked(target.customer_id, await ledger.touch(target.customer_id, seq), seq)
