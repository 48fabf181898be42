"""Erasing a customer (GDPR art. 17): keys, digests and all that names them go; ids and events stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adapters.crossref.asking import fetch_each
from adapters.crossref.database import Row
from adapters.crossref.errors import Conflict, InputError, RefusalCode, SecretError
from adapters.crossref.events import EventType
from adapters.crossref.identifiers.identifying import erase_identifiers
from adapters.crossref.keys.sealing import KeptKey
from adapters.crossref.ledger import CustomerRow, Ledger
from adapters.crossref.operations.non_matching import forget_non_matches
from adapters.crossref.operations.writes import Linked, Write, version_conflict

__all__ = ["erase"]

_EVER = (
    "SELECT source_id, key_lookup, key_sealed FROM link "
    "WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL "
    "UNION SELECT source_id, key_lookup, key_sealed FROM link "
    "WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NOT NULL"
)

_LINKS_OF_KEY = (
    "SELECT link_id, customer_id, opened_seq FROM link INDEXED BY link_history "
    "WHERE tenant_id = ? AND source_id = ? AND key_lookup = ?"
)

_OF_CUSTOMER = (
    "SELECT candidate_id FROM match_candidate INDEXED BY match_candidate_first "
    "WHERE tenant_id = ? AND customer_a = ? AND link_id IS NOT NULL"
)

_OF_LINKS = (
    "SELECT candidate_id FROM match_candidate INDEXED BY match_candidate_link WHERE tenant_id = ? AND link_id IN (?*)"
)

_OF_KEY = (
    "SELECT candidate_id FROM match_candidate INDEXED BY match_candidate_key "
    "WHERE tenant_id = ? AND source_id = ? AND key_lookup = ?"
)

_CANDIDATE = "DELETE FROM match_candidate WHERE tenant_id = ? AND candidate_id = ?"

_BESIDE = (
    "DELETE FROM match_candidate WHERE tenant_id = ? AND customer_a = ?",
    "DELETE FROM match_candidate WHERE tenant_id = ? AND customer_b = ?",
    "DELETE FROM idempotency WHERE tenant_id = ? AND customer_id = ?",
    "DELETE FROM idempotency WHERE tenant_id = ? AND other_id = ?",
    "DELETE FROM restriction WHERE tenant_id = ? AND customer_id = ?",
)


@dataclass(frozen=True, slots=True)
class _Key:
    """A key that the customer has or has had, under every form in which it may be kept; of one that does not open any
    more that is the one in which it was found."""

    source: str
    forms: tuple[str, ...] = field(repr=False)


async def erase(ledger: Ledger, write: Write, customer_id: str) -> Linked | Conflict:
    """Erase the customer and every id merged into it, and return where the tombstone stands.

    What goes is each key that was theirs last, wherever it is written: links of all times, non-matches, what opens the
    commitments of events; and their identifiers, candidates, restrictions and answers by idempotency keys. A key that
    somebody else has had since is that one's, and stays. A customer erased before is left so. Raises InputError when
    there is no such customer.
    """
    row = await ledger.customer(customer_id)
    if row is None:
        raise InputError(RefusalCode.CUSTOMER_UNKNOWN, "no customer has this id; nothing was erased")
    if row.status == "erased":
        return await _tombstone(ledger, row)
    conflict = version_conflict(write.expected_version, row)
    if conflict:
        return conflict
    customers = [row.customer_id, *await ledger.merged_into(row.customer_id)]
    keys, links = await _theirs(ledger, customers)
    candidates = await _naming(ledger, customers, keys, links)
    await erase_identifiers(ledger, row.customer_id)
    non_matches = await forget_non_matches(ledger, [(key.source, form) for key in keys for form in key.forms])
    await _delete(ledger, customers, links, candidates)
    body = {"customers": customers, "links": len(links), "erased": links, "non_matches": non_matches}
    body |= {"candidates": candidates}
    seq = await ledger.append(EventType.CUSTOMER_ERASED, row.customer_id, write.act, body)
    await _entomb(ledger, customers, seq)
    return Linked(row.customer_id, row.version + 1, seq)


async def _tombstone(ledger: Ledger, row: CustomerRow) -> Linked:
    """Return where the customer stands with whom this one was erased: an id that was merged leads nowhere any more."""
    told = await ledger.connection.fetch_one(
        "SELECT customer_id FROM xref_event WHERE tenant_id = ? AND seq = ? AND type = 'customer.erased'",
        *(ledger.tenant, row.changed_seq),
    )
    stood = (await ledger.customer(told[0]) if told else None) or row
    return Linked(stood.customer_id, stood.version, stood.changed_seq)


async def _theirs(ledger: Ledger, customers: Sequence[str]) -> tuple[list[_Key], list[str]]:
    """Return the keys that were these customers' last, and the links that anybody has or has had to them."""
    keys: list[_Key] = []
    links: set[str] = set()
    for key in await _ever_theirs(ledger, customers):
        rows = [
            row
            for form in key.forms
            for row in await ledger.connection.fetch(_LINKS_OF_KEY, ledger.tenant, key.source, form)
        ]
        if max(rows, key=_by_event)[1] in customers:
            keys.append(key)
            links |= {row[0] for row in rows}
    return keys, sorted(links)


async def _ever_theirs(ledger: Ledger, customers: Sequence[str]) -> list[_Key]:
    found: dict[_Key, None] = {}
    for customer in customers:
        for row in await ledger.connection.fetch(_EVER, *(ledger.tenant, customer) * 2):
            found[_key(ledger, *row)] = None
    return list(found)


def _key(ledger: Ledger, name: str, lookup: str, sealed: bytes | None) -> _Key:
    source = ledger.sources[name]
    try:
        key = ledger.keyring.read(source, KeptKey(lookup, sealed))
        return _Key(name, tuple(sorted({lookup, *ledger.keyring.lookup_forms(source, key)})))
    except SecretError:  # the secret of a link that has ended may be gone: what it sealed is erased all the same
        return _Key(name, (lookup,))


async def _naming(ledger: Ledger, customers: Sequence[str], keys: Iterable[_Key], links: Iterable[str]) -> list[str]:
    """Return the candidates of what sources have said of these customers' keys, or that name one of them as a new key.

    Those are among them that were opened while the key was another customer's.
    """
    fetch, tenant = ledger.connection.fetch, ledger.tenant
    rows = await fetch_each(ledger.connection, _OF_LINKS, (tenant,), links)
    rows += [row for customer in customers for row in await fetch(_OF_CUSTOMER, tenant, customer)]
    for key in keys:
        rows += [row for form in key.forms for row in await fetch(_OF_KEY, tenant, key.source, form)]
    return sorted({row[0] for row in rows})


def _by_event(row: Row) -> int:
    return int(row[2])


async def _delete(ledger: Ledger, customers: Iterable[str], links: Iterable[str], candidates: Sequence[str]) -> None:
    run, tenant = ledger.connection.execute_many, ledger.tenant
    await run(_CANDIDATE, [(tenant, candidate) for candidate in candidates])
    for statement in _BESIDE:
        await run(statement, [(tenant, customer) for customer in customers])
    opening = [*links, *(f"{candidate}/new" for candidate in candidates)]
    await run("DELETE FROM event_secret WHERE tenant_id = ? AND link_id = ?", [(tenant, one) for one in opening])
    await run("DELETE FROM link WHERE link_id = ?", [(link,) for link in links])


async def _entomb(ledger: Ledger, customers: Iterable[str], seq: int) -> None:
    await ledger.connection.execute_many(
        "UPDATE customer SET status = 'erased', survivor_id = NULL, version = version + 1, changed_seq = ? "
        "WHERE tenant_id = ? AND customer_id = ?",
        [(seq, ledger.tenant, customer) for customer in customers],
    )
