"""Unlinking a key from its customer: the link ends, and what it was stays in the history."""

from __future__ import annotations

from adapters.crossref.errors import Conflict
from adapters.crossref.events import EventType
from adapters.crossref.identifiers.identifying import forget_seen
from adapters.crossref.keys.sources import SourceKey
from adapters.crossref.ledger import Ledger
from adapters.crossref.operations.candidates import settle_news
from adapters.crossref.operations.moving import CurrentLink, close_links, current_link, link_unknown
from adapters.crossref.operations.writes import Linked, Write, version_conflict

__all__ = ["end_link", "unlink"]


async def unlink(ledger: Ledger, write: Write, source: str, key: str) -> Linked | Conflict:
    """End the key's link and return where its customer stands, who stays even without any link.

    A key that was unlinked already is left so. Raises InputError when it was never linked, or its customer was erased.
    """
    entry = ledger.entry(source, key)
    link = await current_link(ledger, entry)
    if link is None:
        return await _unlinked_before(ledger, entry)
    row = await ledger.customer(link.customer)
    conflict = version_conflict(write.expected_version, row)
    if conflict:
        return conflict
    linked = await end_link(ledger, write, entry, link)
    await settle_news(ledger, write.act, [link.link_id])
    return linked


async def _unlinked_before(ledger: Ledger, entry: SourceKey) -> Linked:
    """Return where the customer stands from whom the key was unlinked last: a write may be made twice."""
    last: tuple[int, str] | None = None
    for form in ledger.keyring.lookup_forms(entry.source, entry.key):
        row = await ledger.connection.fetch_one(
            "SELECT opened_seq, customer_id FROM link INDEXED BY link_history "
            "WHERE tenant_id = ? AND source_id = ? AND key_lookup = ? ORDER BY opened_seq DESC LIMIT 1",
            *(ledger.tenant, entry.source.name, form),
        )
        if row is not None:
            last = max(last or (0, ""), (row[0], row[1]))
    customer = await ledger.customer(last[1]) if last else None
    if customer is None:
        raise link_unknown(entry)
    return Linked(customer.customer_id, customer.version, customer.changed_seq)


async def end_link(ledger: Ledger, write: Write, entry: SourceKey, link: CurrentLink) -> Linked:
    """End this link of the key, and leave open what candidates ask about it."""
    await forget_seen(ledger, write.act, link.customer, [entry.source.name])
    body = {"closed": [link.link_id], "source": entry.source.name}
    seq = await ledger.append(EventType.LINK_CLOSED, link.customer, write.act, body)
    await close_links(ledger, [link.link_id], seq)
    ledger.give(entry.source, link.lookup, None)
    return Linked(link.customer, await ledger.touch(link.customer, seq), seq)
