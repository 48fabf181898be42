"""Linking keys to a customer: what is free is linked, what stands is never taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode
from adapters.crossref.events import Act, EventType
from adapters.crossref.keys.sources import SourceKey
from adapters.crossref.ledger import CustomerRow, Ledger, LinkToCome
from adapters.crossref.operations.candidates import open_candidate
from adapters.crossref.operations.non_matching import are_apart, forbidden
from adapters.crossref.operations.restricting import insert_restrictions, restrictions_to_add
from adapters.crossref.operations.writes import Linked, version_conflict
from adapters.crossref.port import Restriction

__all__ = ["Assignment", "Linked", "Method", "SourceKey", "Wish", "assign", "closed_conflict", "insert_links"]
__all__ += ["owned_conflict", "told_link", "within_limits"]


class Method(StrEnum):
    """How it is known that a key is the customer's."""

    NATIVE = "native"
    DETERMINISTIC = "deterministic"
    PROBABILISTIC = "probabilistic"
    MANUAL = "manual"
    MERGE = "merge"
    SPLIT = "split"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall hold afterwards: these keys and restrictions belong to one customer.

    `customer` is a canonical id, or None: whoever has one of the keys, else a new customer. `may_create` says that a
    customer id never seen is a new customer, not an error. `expected_version` is that of the customer.
    """

    keys: Sequence[SourceKey]
    act: Act
    customer: str | None = None
    may_create: bool = False
    restrictions: Sequence[Restriction] = ()
    asserted_by: str = ""
    method: Method = Method.IMPORT
    confidence: float = 1.0
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What came of a wish. `linked` is None when nothing was written; `conflicts` are of what was left out."""

    linked: Linked | None
    created: bool = False
    links: int = 0
    restrictions: int = 0
    conflicts: tuple[Conflict, ...] = ()


async def assign(ledger: Ledger, wish: Wish) -> Assignment:
    """Write what can be written of the wish, as one event at most, and open a candidate for each conflict.

    Of a wish with more keys of a source than it allows nothing is written: it may be of two persons who share a key,
    and whose its other keys are nobody can tell.
    """
    owners = {entry: await ledger.owner(entry.source, entry.key) for entry in wish.keys}
    held = list(dict.fromkeys(owner for owner in owners.values() if owner is not None))
    if wish.customer is None and len(held) > 1:
        return Assignment(None, conflicts=tuple(await _disputes(ledger, wish, owners, held[0])))
    customer_id = wish.customer or (held[0] if held else None)
    row = await ledger.customer(customer_id) if customer_id else None
    if row is None and customer_id is not None and not wish.may_create:
        raise InputError(RefusalCode.CUSTOMER_UNKNOWN, "no customer has this id; leave it out to make a new one")
    conflict = _outdated(wish, owners, row) or await closed_conflict(ledger, wish.act, row, _first(wish))
    if conflict:
        return Assignment(None, conflicts=(conflict,))
    return await _write(ledger, wish, owners, row, customer_id or ledger.new_id("cus"))


async def closed_conflict(ledger: Ledger, act: Act, row: CustomerRow | None, source: str | None) -> Conflict | None:
    """Return the conflict with its candidate when the customer is not active: nothing is ever linked to it again.

    None is a customer not there yet.
    """
    if row is None or row.status == "active":
        return None
    code = ConflictCode.CUSTOMER_ERASED if row.status == "erased" else ConflictCode.CUSTOMER_RETIRED
    return await open_candidate(ledger, act, code, row.customer_id, None, source)


async def owned_conflict(ledger: Ledger, act: Act, customer: str, owner: str, source: str) -> Conflict:
    """Return the conflict over a key that another customer has, with its candidate unless the two are never one."""
    is_decided = await are_apart(ledger, customer, owner)
    code = ConflictCode.NON_MATCH_ASSERTED if is_decided else ConflictCode.KEY_OWNED_BY_OTHER
    return await open_candidate(ledger, act, code, customer, owner, source)


def _outdated(wish: Wish, owners: dict[SourceKey, str | None], row: CustomerRow | None) -> Conflict | None:
    stands = row is not None and all(owner == row.customer_id for owner in owners.values())
    return None if stands else version_conflict(wish.expected_version, row)


def _first(wish: Wish) -> str | None:
    return wish.keys[0].source.name if wish.keys else None


async def _write(
    ledger: Ledger, wish: Wish, owners: dict[SourceKey, str | None], row: CustomerRow | None, customer_id: str
) -> Assignment:
    target = row.customer_id if row else customer_id
    free = [entry for entry, owner in owners.items() if owner is None]
    standing = target if row else None
    apart = await forbidden(ledger, standing, free)
    allowed, excess = await within_limits(ledger, standing, [entry for entry in free if entry not in apart])
    if excess and row is None:
        return Assignment(None, conflicts=tuple(_too_many(wish, excess)))
    if excess:
        conflicts = await _conflicts(ledger, wish, owners, target, apart, excess)
        return Assignment(None, conflicts=tuple(conflicts))
    restrictions = await restrictions_to_add(ledger, target, wish.restrictions)
    if row is None or allowed or restrictions:
        linked = await _record(ledger, wish, target, row is None, allowed, restrictions)
    else:
        linked = Linked(row.customer_id, row.version, row.changed_seq)
    conflicts = await _conflicts(ledger, wish, owners, target, apart)
    return Assignment(linked, row is None, len(allowed), len(restrictions), tuple(conflicts))


def _too_many(wish: Wish, excess: Sequence[SourceKey]) -> list[Conflict]:
    """Return the conflicts of a customer who is not begun, so that there is nobody of whom a steward could be asked."""
    code, customer = ConflictCode.LIMIT_EXCEEDED, wish.customer or ""
    return [Conflict(code, customer, None, entry.source.name, None) for entry in excess]


async def _conflicts(
    ledger: Ledger,
    wish: Wish,
    owners: dict[SourceKey, str | None],
    target: str,
    apart: Sequence[SourceKey],
    excess: Sequence[SourceKey] = (),
) -> list[Conflict]:
    conflicts = await _disputes(ledger, wish, owners, target)
    for code, entries in ((ConflictCode.NON_MATCH_ASSERTED, apart), (ConflictCode.LIMIT_EXCEEDED, excess)):
        for entry in entries:
            conflicts.append(await open_candidate(ledger, wish.act, code, target, None, entry.source.name))
    return conflicts


async def _disputes(ledger: Ledger, wish: Wish, owners: dict[SourceKey, str | None], customer: str) -> list[Conflict]:
    return [
        await owned_conflict(ledger, wish.act, customer, owner, entry.source.name)
        for entry, owner in owners.items()
        if owner is not None and owner != customer
    ]


async def within_limits(
    ledger: Ledger, customer: str | None, entries: Sequence[SourceKey]
) -> tuple[list[SourceKey], list[SourceKey]]:
    """Return those of the keys that the customer may have as well, and those that are more than a source allows.

    None is a customer not there yet.
    """
    allowed: list[SourceKey] = []
    excess: list[SourceKey] = []
    is_limited = any(entry.source.max_live for entry in entries)
    counts = await ledger.live_keys(customer) if is_limited and customer is not None else {}
    for entry in entries:
        name, limit = entry.source.name, entry.source.max_live
        counts[name] = counts.get(name, 0) + 1
        (excess if limit is not None and counts[name] > limit else allowed).append(entry)
    return allowed, excess


async def _record(
    ledger: Ledger,
    wish: Wish,
    customer: str,
    is_new: bool,
    entries: Sequence[SourceKey],
    restrictions: Sequence[Restriction],
) -> Linked:
    links = [LinkToCome(ledger.new_id("lnk"), entry.source, entry.key) for entry in entries]
    body = {
        "links": [told_link(wish, link) for link in links],
        "restrictions": [{"ground": one.ground, "coordinates": sorted(one.coordinates)} for one in restrictions],
    }
    seq = await ledger.append(_kind(is_new, bool(links)), customer, wish.act, body, links)
    version = await _touch(ledger, customer, is_new, seq)
    await insert_links(ledger, links, customer, wish, seq)
    await insert_restrictions(ledger, customer, restrictions)
    return Linked(customer, version, seq)


def _kind(is_new: bool, has_links: bool) -> EventType:
    if is_new:
        return EventType.CUSTOMER_CREATED
    return EventType.LINK_ADDED if has_links else EventType.CUSTOMER_RESTRICTED


def told_link(wish: Wish, link: LinkToCome) -> dict[str, object]:
    """Return a link as an event tells it, but for the key."""
    return {
        "link": link.link_id,
        "source": link.source.name,
        "asserted_by": wish.asserted_by or wish.act.actor,
        "method": wish.method,
        "confidence": wish.confidence,
    }


async def _touch(ledger: Ledger, customer: str, is_new: bool, seq: int) -> int:
    if is_new:
        await ledger.connection.execute(
            "INSERT INTO customer (tenant_id, customer_id, status, created_at, changed_seq) "
            "VALUES (?, ?, 'active', ?, ?)",
            *(ledger.tenant, customer, ledger.at, seq),
        )
        return 1
    return await ledger.touch(customer, seq)


async def insert_links(ledger: Ledger, links: Sequence[LinkToCome], customer: str, wish: Wish, seq: int) -> None:
    """Write links that begin now, by the event of this number, as the wish says."""
    kept = [ledger.keyring.kept(link.source, link.key) for link in links]
    method = str(wish.method)  # SQLite's driver looks for a way to write an Enum each time
    await ledger.connection.execute_many(
        "INSERT INTO link (link_id, tenant_id, source_id, key_lookup, key_sealed, customer_id, valid_from, "
        "asserted_by, method, confidence, opened_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(link.link_id, ledger.tenant, link.source.name, form.lookup, form.sealed, customer, ledger.at),
                *(wish.asserted_by or wish.act.actor, method, wish.confidence, seq),
            )
            for link, form in zip(links, kept, strict=True)
        ],
    )
    for link, form in zip(links, kept, strict=True):
        ledger.give(link.source, form.lookup, customer)
