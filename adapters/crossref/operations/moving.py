"""Links that stand, and how they move: each ends with one customer and begins with another at the same moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode
from adapters.crossref.events import Act
from adapters.crossref.keys.sources import SourceKey
from adapters.crossref.ledger import CustomerRow, Ledger
from adapters.crossref.operations.candidates import open_candidate, settle_news
from adapters.crossref.operations.linking import Method, closed_conflict, within_limits
from adapters.crossref.operations.non_matching import forbidden

__all__ = ["CurrentLink", "Move", "close_links", "current_link", "known_link", "link_unknown"]
__all__ += ["move_links", "moving_conflict", "told_moves"]


@dataclass(frozen=True, slots=True)
class CurrentLink:
    """A link that stands, as the table has it."""

    link_id: str
    customer: str
    lookup: str = field(repr=False)
    key_status: str
    method: str
    confidence: float

    @property
    def is_live(self) -> bool:
        """Return whether the key is asked for; one that is superseded is only looked up by."""
        return self.key_status == "live"


@dataclass(frozen=True, slots=True)
class Move:
    """A link that ends with one customer and the one that begins with another, for the same key."""

    closed: str
    opened: str


async def current_link(ledger: Ledger, entry: SourceKey) -> CurrentLink | None:
    """Return the key's link, None when it has none now."""
    for form in ledger.keyring.lookup_forms(entry.source, entry.key):
        row = await ledger.connection.fetch_one(
            "SELECT link_id, customer_id, key_lookup, key_status, method, confidence FROM link "
            "WHERE tenant_id = ? AND source_id = ? AND key_lookup = ? AND valid_to IS NULL",
            *(ledger.tenant, entry.source.name, form),
        )
        if row is not None:
            return CurrentLink(*row)
    return None


async def known_link(ledger: Ledger, entry: SourceKey) -> CurrentLink:
    """Return the key's link; raises InputError when it has none now."""
    link = await current_link(ledger, entry)
    if link is None:
        raise link_unknown(entry)
    return link


def link_unknown(entry: SourceKey) -> InputError:
    """Return the error that tells that a key is linked to nobody."""
    return InputError(
        RefusalCode.LINK_UNKNOWN, f"got a key of {entry.source.name} that is linked to nobody; link it, or correct it"
    )


async def moving_conflict(
    ledger: Ledger, act: Act, target: CustomerRow, links: Mapping[SourceKey, CurrentLink], other: str
) -> Conflict | None:
    """Return what stands in the way of these keys of the other customer being the target's, with its candidate."""
    source = next(iter(links)).source.name
    closed = await closed_conflict(ledger, act, target, source)
    if closed:
        return closed
    for entry in await forbidden(ledger, target.customer_id, [*links]):
        code = ConflictCode.NON_MATCH_ASSERTED
        return await open_candidate(ledger, act, code, target.customer_id, other, entry.source.name)
    live = [entry for entry, link in links.items() if link.is_live]
    for entry in (await within_limits(ledger, target.customer_id, live))[1]:
        code = ConflictCode.LIMIT_EXCEEDED
        return await open_candidate(ledger, act, code, target.customer_id, other, entry.source.name)
    return None


def told_moves(moves: Iterable[Move]) -> list[dict[str, str]]:
    """Return the moves as an event tells them."""
    return [{"closed": move.closed, "opened": move.opened} for move in moves]


async def close_links(ledger: Ledger, link_ids: Iterable[str], seq: int) -> None:
    """End links, by the event of this number."""
    await ledger.connection.execute_many(
        "UPDATE link SET valid_to = ?, closed_seq = ? WHERE link_id = ?",
        [(ledger.at, seq, link_id) for link_id in link_ids],
    )


async def move_links(ledger: Ledger, moves: Sequence[Move], customer: str, act: Act, method: Method, seq: int) -> None:
    """Move links to the customer, by the event of this number; status and confidence go with them."""
    # All end before the first begins again: a key has one current link at any time.
    await close_links(ledger, [move.closed for move in moves], seq)
    await ledger.connection.execute_many(
        "INSERT INTO link (link_id, tenant_id, source_id, key_lookup, key_sealed, customer_id, key_status, valid_from, "
        "asserted_by, method, confidence, opened_seq) "
        "SELECT ?, tenant_id, source_id, key_lookup, key_sealed, ?, key_status, ?, ?, ?, confidence, ? "
        "FROM link WHERE link_id = ?",
        [(move.opened, customer, ledger.at, act.actor, method, seq, move.closed) for move in moves],
    )
    await settle_news(ledger, act, [move.closed for move in moves])
