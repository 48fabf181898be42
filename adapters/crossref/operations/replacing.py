"""A source's key that another of its keys has replaced, because the source has merged two records of one customer."""

from __future__ import annotations

from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode
from adapters.crossref.events import EventType
from adapters.crossref.keys.sources import SourceKey
from adapters.crossref.ledger import Ledger, LinkToCome
from adapters.crossref.operations.candidates import open_candidate, settle_news
from adapters.crossref.operations.linking import Method, Wish, insert_links, owned_conflict, told_link, within_limits
from adapters.crossref.operations.moving import CurrentLink, current_link, known_link
from adapters.crossref.operations.non_matching import forbidden
from adapters.crossref.operations.writes import Linked, Write, version_conflict

__all__ = ["replace_key", "replace_link"]


async def replace_key(ledger: Ledger, write: Write, source: str, old: str, new: str) -> Linked | Conflict:
    """Let the new key take the place of the old one, which still leads to its customer but is asked for no more.

    The new key is linked as the old one was, by the same method; a link of the customer's own that was superseded is
    live again. The version expected is that of the customer, who is returned. Raises InputError when the old key is
    linked to nobody.
    """
    gone, comes = ledger.entry(source, old), ledger.entry(source, new)
    if gone == comes:
        raise InputError(RefusalCode.VALUE_INVALID, "got one key twice; wanted the key that replaces the old one")
    link = await known_link(ledger, gone)
    done = await replace_link(ledger, write, link, comes)
    if isinstance(done, Linked):
        await settle_news(ledger, write.act, [link.link_id])
    return done


async def replace_link(ledger: Ledger, write: Write, link: CurrentLink, comes: SourceKey) -> Linked | Conflict:
    """Let the key take the place of that of the link, and leave open what candidates ask about the link."""
    other = await current_link(ledger, comes)
    row = await ledger.customer(link.customer)
    assert row is not None
    if not link.is_live and other is not None and other.is_live and other.customer == link.customer:
        return Linked(row.customer_id, row.version, row.changed_seq)
    conflict = version_conflict(write.expected_version, row) or await _conflict(ledger, write, comes, link, other)
    return conflict or await _replace(ledger, write, comes, link, other)


async def _conflict(
    ledger: Ledger, write: Write, comes: SourceKey, link: CurrentLink, other: CurrentLink | None
) -> Conflict | None:
    customer, name = link.customer, comes.source.name
    if other is not None and other.customer != customer:
        return await owned_conflict(ledger, write.act, customer, other.customer, name)
    if other is None and await forbidden(ledger, customer, [comes]):
        return await open_candidate(ledger, write.act, ConflictCode.NON_MATCH_ASSERTED, customer, None, name)
    is_one_more = not link.is_live and (other is None or not other.is_live)
    if is_one_more and (await within_limits(ledger, customer, [comes]))[1]:
        return await open_candidate(ledger, write.act, ConflictCode.LIMIT_EXCEEDED, customer, None, name)
    return None


async def _replace(
    ledger: Ledger, write: Write, comes: SourceKey, link: CurrentLink, other: CurrentLink | None
) -> Linked:
    links = [LinkToCome(ledger.new_id("lnk"), comes.source, comes.key)] if other is None else []
    restored = [other.link_id] if other is not None and not other.is_live else []
    wish = Wish((comes,), write.act, link.customer, method=Method(link.method), confidence=link.confidence)
    body = {
        "source": comes.source.name,
        "superseded": link.link_id,
        "restored": restored,
        "links": [told_link(wish, one) for one in links],
    }
    seq = await ledger.append(EventType.KEY_REPLACED, link.customer, write.act, body, links)
    await ledger.connection.execute_many(
        "UPDATE link SET key_status = ? WHERE link_id = ?",
        [("superseded", link.link_id), *(("live", one) for one in restored)],
    )
    await insert_links(ledger, links, link.customer, wish, seq)
    return Linked(link.customer, await ledger.touch(link.customer, seq), seq)
