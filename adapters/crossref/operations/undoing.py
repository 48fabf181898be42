"""Undoing a merge: the loser is a customer of its own again, with what it brought and what has come of that since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.crossref.asking import fetch_each
from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode
from adapters.crossref.events import EventType
from adapters.crossref.identifiers.identifying import forget_seen
from adapters.crossref.ledger import Ledger
from adapters.crossref.operations.candidates import settle_news
from adapters.crossref.operations.moving import close_links
from adapters.crossref.operations.reopening import (
    Parted,
    Reopened,
    over_limits,
    reopen,
    reopened_by,
    settle_limits,
)
from adapters.crossref.operations.restricting import (
    by_ground,
    insert_restrictions,
    restrictions_to_add,
    standing_restrictions,
    told_restrictions,
)
from adapters.crossref.operations.writes import Linked, Write, version_conflict
from adapters.crossref.port import Restriction

__all__ = ["undo_merge"]

_MOST = 2**63 - 1

# CROSS JOIN keeps the order of the tables as written, whatever the statistics say or lack.
_LINES = (
    "SELECT h.link_id, h.opened_seq FROM link AS c CROSS JOIN link AS h INDEXED BY link_history "
    "WHERE h.tenant_id = c.tenant_id AND h.source_id = c.source_id AND h.key_lookup = c.key_lookup AND c.tenant_id = ?"
)
_OF_CUSTOMER = f"{_LINES} AND c.customer_id = ? AND c.valid_to IS NULL"
_OF_LINK = f"{_LINES} AND c.link_id = ?"

_STEPS = (
    "SELECT type, body FROM xref_event WHERE tenant_id = ? AND seq IN (?*) AND type IN "
    "('customers.merged', 'merge.undone', 'customer.split', 'link.moved', 'key.replaced')"
)

_UNDOINGS = (
    "SELECT body FROM xref_event INDEXED BY xref_event_customer "
    "WHERE tenant_id = ? AND customer_id IN (?*) AND seq > ? AND type = 'merge.undone'"
)

_LED_TO = (
    "SELECT seq, leads_to FROM event_customer "
    "WHERE tenant_id = ? AND customer_id = ? AND seq >= ? AND leads_to IS NOT NULL ORDER BY seq"
)

_RESTRICTIONS = (
    "SELECT body FROM xref_event INDEXED BY xref_event_customer WHERE tenant_id = ? AND customer_id = ? "
    "AND seq > ? AND seq < ? AND type IN ('customer.restricted', 'customer.split', 'link.added')"
)


@dataclass(frozen=True, slots=True)
class _Merged:
    """A merge that was: `brought` holds each link that it opened and the loser's that it closed for it, `settled` the
    candidates that it has settled."""

    seq: int
    loser: str
    brought: Mapping[str, str]
    repointed: tuple[str, ...]
    settled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Return:
    """A link that ends and the one that begins with the loser, and the loser's own of which they have come."""

    closed: str
    opened: str
    origin: str
    source: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class _Undoing:
    """What one undoing does; all of it stands in its event. `holder` is who has it all until then."""

    merged: _Merged
    holder: str
    returns: tuple[_Return, ...]
    repointed: tuple[str, ...]
    restrictions: tuple[Restriction, ...]
    reopened: tuple[Reopened, ...]

    def body(self) -> dict[str, object]:
        moved = [{"closed": one.closed, "opened": one.opened, "origin": one.origin} for one in self.returns]
        return {
            "merge": self.merged.seq,
            "loser": self.merged.loser,
            "survivor": self.holder,
            "moved": moved,
            "repointed": list(self.repointed),
            "restrictions": told_restrictions(self.restrictions),
            "reopened": {one.candidate: one.link for one in self.reopened},
        }


async def undo_merge(ledger: Ledger, write: Write, seq: int) -> Linked | Conflict:
    """Undo the merge that the event of this number made, and return where its loser stands, who is active again.

    The version expected is that of whom the loser leads to now. What the loser brought goes back, whichever merges,
    moves and replacements it has been through, if whom the loser leads to still has it; each link is again as it was
    with the loser. So do the ids that came with the loser. Candidates that the merge has settled are open again, and
    one is opened for whoever has more live keys than a source allows. Restrictions made since the merge hold for both
    afterwards, and identifiers noted since by the sources of those keys are forgotten, for nobody can tell whose they
    are. Raises InputError when the event is no merge.
    """
    merged = await _merged(ledger, seq)
    holder = await ledger.customer(merged.loser)
    undone = await _taken_out(ledger, merged)
    if holder is None or holder.customer_id == merged.loser or merged.loser in undone:
        return Conflict(ConflictCode.MERGE_NOT_UNDOABLE, merged.loser, None, None, None)
    conflict = version_conflict(write.expected_version, holder)
    if conflict:
        return conflict
    returns = await _returns(ledger, merged, holder.customer_id)
    repointed = await _repointed(ledger, merged, holder.customer_id, undone)
    parted = Parted(merged.loser, {merged.loser, *repointed}, _as_they_came(merged, returns))
    undoing = _Undoing(
        *(merged, holder.customer_id, returns, repointed),
        restrictions=await _restricted_since(ledger, merged, holder.customer_id),
        reopened=await reopened_by(ledger, merged.settled, seq, parted),
    )
    await forget_seen(ledger, write.act, undoing.holder, {one.source for one in undoing.returns}, since=seq)
    return await _carry_out(ledger, write, undoing)


async def _merged(ledger: Ledger, seq: int) -> _Merged:
    row = None
    if 0 < seq <= _MOST:
        row = await ledger.connection.fetch_one(
            "SELECT body FROM xref_event WHERE tenant_id = ? AND seq = ? AND type = 'customers.merged'",
            *(ledger.tenant, seq),
        )
    if row is None:
        raise InputError(
            RefusalCode.MERGE_UNKNOWN, "got the number of an event that is no merge; wanted one of customers.merged"
        )
    body = json.loads(row[0])
    brought = {move["opened"]: move["closed"] for move in body["moved"]}
    return _Merged(seq, body["loser"], brought, tuple(body["repointed"]), tuple(body["candidates"]))


async def _taken_out(ledger: Ledger, merged: _Merged) -> set[str]:
    """Return the ids that undoings since have taken out of what was merged, the loser if it was undone already."""
    rows = await fetch_each(
        ledger.connection, _UNDOINGS, (ledger.tenant,), [merged.loser, *merged.repointed], merged.seq
    )
    bodies = [json.loads(row[0]) for row in rows]
    return {one for body in bodies for one in (body["loser"], *body["repointed"])}


async def _repointed(ledger: Ledger, merged: _Merged, holder: str, undone: set[str]) -> tuple[str, ...]:
    led_there = {*await ledger.merged_into(holder)}
    return tuple(one for one in merged.repointed if one in led_there - undone)


async def _returns(ledger: Ledger, merged: _Merged, holder: str) -> tuple[_Return, ...]:
    rows = await ledger.connection.fetch(
        "SELECT link_id, source_id, key_status FROM link "
        "WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL ORDER BY link_id",
        *(ledger.tenant, holder),
    )
    descent = _Descent(ledger, merged)
    await descent.learn(_OF_CUSTOMER, holder)
    origins = [(link, await descent.origin(link), source, status == "live") for link, source, status in rows]
    return tuple(_Return(link, ledger.new_id("lnk"), origin, *rest) for link, origin, *rest in origins if origin)


def _as_they_came(merged: _Merged, returns: Sequence[_Return]) -> dict[str, str]:
    """Return the loser's links of before -> those that begin, of keys that are live and have not moved since."""
    return {one.origin: one.opened for one in returns if one.is_live and one.closed in merged.brought}


class _Descent:
    """Of which link each has come since a merge, as the events tell it, learnt for the keys that are asked for.

    What an undoing has given back has come of what it was before the merge that was undone, so that neither that merge
    nor anything since counts for it.
    """

    def __init__(self, ledger: Ledger, merged: _Merged) -> None:
        self._ledger, self._merged = ledger, merged
        self._steps: dict[str, str] = {}
        self._known: set[str] = set()

    async def learn(self, statement: str, value: str) -> None:
        """Read the events that opened the links of some keys."""
        connection, tenant = self._ledger.connection, self._ledger.tenant
        rows = await connection.fetch(statement, tenant, value)
        since = {row[1] for row in rows if row[1] > self._merged.seq}
        self._known |= {row[0] for row in rows}
        for kind, body in await fetch_each(connection, _STEPS, (tenant,), sorted(since)):
            self._steps |= _steps(kind, json.loads(body))

    async def origin(self, link: str) -> str | None:
        """Return the loser's link of which this one has come, None when it has not come of the merge."""
        while link not in self._merged.brought:
            if link not in self._known:  # of a key that another one has replaced, and that somebody else may have now
                self._known.add(link)
                await self.learn(_OF_LINK, link)
            if link not in self._steps:
                return None
            link = self._steps[link]
        return self._merged.brought[link]


def _steps(kind: str, body: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, str]:
    """Return link -> the one of which it has come, of an event that tells it."""
    if kind == EventType.KEY_REPLACED:
        return {link["link"]: str(body["superseded"]) for link in body["links"]}
    before = "origin" if kind == EventType.MERGE_UNDONE else "closed"
    return {move["opened"]: move[before] for move in body["moved"]}


async def _restricted_since(ledger: Ledger, merged: _Merged, holder: str) -> tuple[Restriction, ...]:
    """Return the restrictions made since the merge, and not lifted, of whom the loser has led to."""
    fetch, tenant, made = ledger.connection.fetch, ledger.tenant, set[Restriction]()
    led_to = await fetch(_LED_TO, tenant, merged.loser, merged.seq)
    ends = [*[row[0] for row in led_to[1:]], _MOST]
    for (begin, customer), end in zip(led_to, ends, strict=True):
        for row in await fetch(_RESTRICTIONS, tenant, customer, begin, end):
            told = json.loads(row[0])["restrictions"]
            made |= {Restriction(one["ground"], frozenset(one["coordinates"])) for one in told}
    standing = await standing_restrictions(ledger, holder) if made else set()
    return tuple(await restrictions_to_add(ledger, merged.loser, sorted(made & standing, key=by_ground)))


async def _carry_out(ledger: Ledger, write: Write, undoing: _Undoing) -> Linked:
    loser, tenant, sources = undoing.merged.loser, ledger.tenant, {one.source for one in undoing.returns}
    over = await over_limits(ledger, undoing.holder, sources)
    seq = await ledger.append(EventType.MERGE_UNDONE, loser, write.act, undoing.body())
    run = ledger.connection.execute_many
    await run(
        "UPDATE customer SET status = 'active', survivor_id = NULL WHERE tenant_id = ? AND customer_id = ?",
        [(tenant, loser)],
    )
    await run(
        "UPDATE customer SET survivor_id = ?, version = version + 1, changed_seq = ? "
        "WHERE tenant_id = ? AND customer_id = ?",
        [(loser, seq, tenant, customer) for customer in undoing.repointed],
    )
    await _give_back(ledger, undoing, seq)
    await settle_news(ledger, write.act, [one.closed for one in undoing.returns])
    await insert_restrictions(ledger, loser, undoing.restrictions)
    await reopen(ledger, undoing.reopened)
    for customer in (loser, undoing.holder):
        await settle_limits(ledger, write.act, customer, sources, over, undoing.merged.seq)
    held = await ledger.touch(undoing.holder, seq)
    return Linked(loser, await ledger.touch(loser, seq, least=held), seq)


async def _give_back(ledger: Ledger, undoing: _Undoing, seq: int) -> None:
    await close_links(ledger, [one.closed for one in undoing.returns], seq)
    # the loser's own link is gone where its key was erased since, with whoever has it now
    await ledger.connection.execute_many(
        "INSERT INTO link (link_id, tenant_id, source_id, key_lookup, key_sealed, customer_id, key_status, valid_from, "
        "asserted_by, method, confidence, opened_seq) "
        "SELECT ?, c.tenant_id, c.source_id, c.key_lookup, c.key_sealed, ?, c.key_status, ?, "
        "coalesce(o.asserted_by, c.asserted_by), coalesce(o.method, c.method), coalesce(o.confidence, c.confidence), ? "
        "FROM link AS c LEFT JOIN link AS o ON o.link_id = ? WHERE c.link_id = ?",
        [(one.opened, undoing.merged.loser, ledger.at, seq, one.origin, one.closed) for one in undoing.returns],
    )
