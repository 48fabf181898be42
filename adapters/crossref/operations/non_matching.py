"""Keys that are never one person's: said by somebody, and held to by whatever brings keys together.

It is said of keys, not of customers, so that it outlasts merges and splits, and holds for keys not linked yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from adapters.crossref.apart import Partner
from adapters.crossref.errors import Conflict, InputError, RefusalCode
from adapters.crossref.events import Act, EventType
from adapters.crossref.keys.sealing import KeptKey
from adapters.crossref.keys.sources import SourceKey
from adapters.crossref.ledger import CustomerRow, Ledger, LinkToCome
from adapters.crossref.operations.candidates import candidates_between, decide_candidate
from adapters.crossref.operations.writes import Linked, Write, version_conflict
from adapters.crossref.port import Lookup

__all__ = ["are_apart", "assert_non_match", "clear_non_match", "forbidden", "forget_non_matches", "keys_of"]

_EVER = (
    "SELECT non_match_id FROM non_match WHERE tenant_id = ? AND source_a = ? AND key_a = ? "
    "UNION SELECT non_match_id FROM non_match WHERE tenant_id = ? AND source_b = ? AND key_b = ? "
    "UNION SELECT non_match_id FROM non_match_past WHERE tenant_id = ? AND source_id = ? AND key_lookup = ?"
)
"""What stands of a key on either side, and what was cleared."""

_NONE = "nobody has asserted that these two keys are never one person's"

_Side = tuple[SourceKey, KeptKey]
"""A key, and the form in which it is kept."""


async def forbidden(ledger: Ledger, customer: str | None, entries: Sequence[SourceKey]) -> list[SourceKey]:
    """Return those of the keys that may not be the customer's.

    Such a key is never the same person's as one that the customer has, or as one before it in the list that may be
    theirs. None is a customer not there yet.
    """
    if ledger.apart.is_empty:
        return []
    refused: list[SourceKey] = []
    taken: set[SourceKey] = set()
    await ledger.apart.know(entries)
    for entry in entries:
        partners = await ledger.apart.partners(entry)
        is_refused = any([one.entry in taken or await _is_of(ledger, one, customer) for one in partners])
        refused.append(entry) if is_refused else taken.add(entry)
    return refused


async def are_apart(ledger: Ledger, one: str, other: str) -> bool:
    """Return whether a key of the one is never the same person's as a key of the other, so that they stay two."""
    return not ledger.apart.is_empty and bool(await forbidden(ledger, one, await keys_of(ledger, other)))


async def _is_of(ledger: Ledger, partner: Partner, customer: str | None) -> bool:
    return customer is not None and await ledger.owner(partner.entry.source, partner.entry.key) == customer


async def keys_of(ledger: Ledger, customer: str) -> list[SourceKey]:
    """Return every key that is linked to the customer now, those that are superseded included."""
    rows = await ledger.connection.fetch(
        "SELECT source_id, key_lookup, key_sealed FROM link INDEXED BY link_current_customer "
        "WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL ORDER BY source_id, key_lookup",
        *(ledger.tenant, customer),
    )
    sources, read = ledger.sources, ledger.keyring.read
    return [SourceKey(sources[name], read(sources[name], KeptKey(lookup, sealed))) for name, lookup, sealed in rows]


async def assert_non_match(ledger: Ledger, write: Write, first: Lookup, second: Lookup) -> Linked | Conflict:
    """Write that two keys are never one person's, whether they are linked or not; open candidates of the two go.

    Returns where the owner of the first key stands, else that of the second; without either the customer is empty and
    its version 0. `seq` is the number of the event that asserted it. Raises InputError when both keys are one
    customer's now.
    """
    pair = _pair(ledger, first, second)
    owners = [await ledger.owner(entry.source, entry.key) for entry in pair]
    row = await _subject(ledger, owners)
    standing = await _standing(ledger, *pair)
    if standing is not None:
        return _linked(row, standing.seq)
    if owners[0] is not None and owners[0] == owners[1]:
        raise InputError(RefusalCode.SAME_CUSTOMER, "got two keys of one customer; split them first")
    conflict = version_conflict(write.expected_version, row)
    return conflict or _linked(row, await _insert(ledger, write.act, pair, owners))


async def clear_non_match(ledger: Ledger, write: Write, first: Lookup, second: Lookup) -> Linked | Conflict:
    """Take back what was asserted of two keys; from then on they may be one customer's.

    Returns as `assert_non_match` does; where nothing was asserted, it is noted, and `seq` is that of the customer's
    last event, else 0.
    """
    pair = _pair(ledger, first, second)
    owners = [await ledger.owner(entry.source, entry.key) for entry in pair]
    row = await _subject(ledger, owners)
    standing = await _standing(ledger, *pair)
    if standing is None:
        return replace(_linked(row, row.changed_seq if row else 0), note=_NONE)
    conflict = version_conflict(write.expected_version, row)
    return conflict or _linked(row, await _delete(ledger, write.act, pair, owners, standing.non_match_id))


async def forget_non_matches(ledger: Ledger, forms: Iterable[tuple[str, str]]) -> list[str]:
    """Delete all that was ever asserted of keys, with what opens the commitments of its events; return its ids.

    `forms` are the sources of the keys and every form in which they may be kept: none is opened. No event is written:
    the one that tells of the erasure tells of this too.
    """
    tenant, run, gone = ledger.tenant, ledger.connection.execute_many, set[str]()
    for form in forms:
        rows = await ledger.connection.fetch(_EVER, *(tenant, *form) * 3)
        gone |= {row[0] for row in rows}
    ordered = sorted(gone)
    await run("DELETE FROM non_match WHERE tenant_id = ? AND non_match_id = ?", [(tenant, one) for one in ordered])
    await run("DELETE FROM non_match_past WHERE tenant_id = ? AND non_match_id = ?", [(tenant, one) for one in ordered])
    await run(
        "DELETE FROM event_secret WHERE tenant_id = ? AND link_id = ?",
        [(tenant, f"{one}/{half}") for one in ordered for half in "ab"],
    )
    return ordered


def _pair(ledger: Ledger, first: Lookup, second: Lookup) -> tuple[SourceKey, SourceKey]:
    if first.source is None or second.source is None:
        raise InputError(
            RefusalCode.VALUE_INVALID, "got a canonical id; wanted the keys of two sources: a non-match is of keys"
        )
    pair = ledger.entry(first.source, first.key), ledger.entry(second.source, second.key)
    if pair[0] == pair[1]:
        raise InputError(RefusalCode.VALUE_INVALID, "got one key twice; wanted two keys that are not one person's")
    return pair


async def _subject(ledger: Ledger, owners: Sequence[str | None]) -> CustomerRow | None:
    customer = next((owner for owner in owners if owner is not None), None)
    return None if customer is None else await ledger.customer(customer)


def _linked(row: CustomerRow | None, seq: int) -> Linked:
    return Linked(row.customer_id, row.version, seq) if row else Linked("", 0, seq)


async def _standing(ledger: Ledger, entry: SourceKey, other: SourceKey) -> Partner | None:
    partners = await ledger.apart.partners(entry)
    return next((one for one in partners if one.entry == other), None)


async def _insert(ledger: Ledger, act: Act, pair: Sequence[SourceKey], owners: Sequence[str | None]) -> int:
    sides = _sides(ledger, pair)
    non_match = ledger.new_id("non")
    seq = await _append(ledger, EventType.NON_MATCH_ASSERTED, act, non_match, sides, owners)
    (first, kept_first), (second, kept_second) = sides
    await ledger.connection.execute(
        "INSERT INTO non_match (tenant_id, source_a, key_a, source_b, key_b, non_match_id, sealed_a, sealed_b, "
        "asserted_by, reason_code, reason_ref, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(ledger.tenant, first.source.name, kept_first.lookup, second.source.name, kept_second.lookup, non_match),
        *(kept_first.sealed, kept_second.sealed, act.actor, act.reason_code, act.reason_ref, seq),
    )
    await _supersede(ledger, act, owners)
    return seq


async def _delete(ledger: Ledger, act: Act, pair: Sequence[SourceKey], owners: Sequence[str | None], gone: str) -> int:
    seq = await _append(ledger, EventType.NON_MATCH_CLEARED, act, gone, _sides(ledger, pair), owners)
    run = ledger.connection.execute
    # who erases a customer still has to find the secrets of both events by the customer's keys
    await run(
        "INSERT INTO non_match_past (tenant_id, source_id, key_lookup, non_match_id) "
        "SELECT tenant_id, source_a, key_a, non_match_id FROM non_match WHERE tenant_id = ? AND non_match_id = ? "
        "UNION ALL "
        "SELECT tenant_id, source_b, key_b, non_match_id FROM non_match WHERE tenant_id = ? AND non_match_id = ?",
        *(ledger.tenant, gone, ledger.tenant, gone),
    )
    await run("DELETE FROM non_match WHERE tenant_id = ? AND non_match_id = ?", ledger.tenant, gone)
    return seq


def _sides(ledger: Ledger, pair: Sequence[SourceKey]) -> list[_Side]:
    """Return the keys with the forms in which they are kept, in the order that the table has them."""
    sides = [(entry, ledger.keyring.kept(entry.source, entry.key)) for entry in pair]
    return sorted(sides, key=lambda side: (side[0].source.name, side[1].lookup))


async def _append(
    ledger: Ledger, kind: EventType, act: Act, non_match: str, sides: Sequence[_Side], owners: Sequence[str | None]
) -> int:
    halves = [
        LinkToCome(f"{non_match}/{half}", entry.source, entry.key) for half, (entry, _) in zip("ab", sides, strict=True)
    ]
    customers = list(dict.fromkeys(owner for owner in owners if owner is not None))
    body = {
        "non_match": non_match,
        "pair": [{"link": half.link_id, "source": half.source.name} for half in halves],
        "customers": customers,
    }
    return await ledger.append(kind, customers[0] if customers else None, act, body, halves)


async def _supersede(ledger: Ledger, act: Act, owners: Sequence[str | None]) -> None:
    """Close the candidates of the two owners, who are not to be merged any more."""
    first, second = owners
    if first is not None and second is not None:
        for candidate, *pair in await candidates_between(ledger, first, second):
            await decide_candidate(ledger, act, candidate, pair, "superseded")
