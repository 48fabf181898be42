"""The part of the machine that looks: at what holds after each write, and at everything when a run ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis.stateful import invariant

from adapters.crossref import Lookup, Subject
from adapters.crossref.identifiers.digests import Recipe, digest_of
from adapters.crossref.keys.sealing import KeptKey
from schema.identifiers import IdentifierType
from tests.adapters.crossref.contract import SOURCES
from tests.adapters.crossref.machine_writing import NAMES, Seen, WritingMachine
from tests.adapters.crossref.model import Name

__all__ = ["EMAILS", "Asked", "LookingMachine", "forgotten", "short", "told"]

EMAILS = ("p@example.org", "q@example.org")

OVERLAPS = """
SELECT 1 FROM link a JOIN link b ON a.tenant_id = b.tenant_id AND a.source_id = b.source_id
 AND a.key_lookup = b.key_lookup AND a.opened_seq < b.opened_seq
WHERE a.valid_to IS NULL OR a.valid_to > b.valid_from OR a.closed_seq > b.opened_seq
"""
LOOSE = """
SELECT 1 FROM link l JOIN customer c ON c.tenant_id = l.tenant_id AND c.customer_id = l.customer_id
WHERE l.valid_to IS NULL AND c.status <> 'active'
UNION ALL
SELECT 1 FROM customer m JOIN customer s ON s.tenant_id = m.tenant_id AND s.customer_id = m.survivor_id
WHERE s.status <> 'active'
"""
ASKED = """
SELECT candidate_id, customer_a, customer_b, link_id, source_id, key_lookup, key_sealed FROM match_candidate
WHERE status = 'open' ORDER BY opened_seq
"""
WRAPPED = "SELECT key_version, made_with FROM identifier_version WHERE tenant_id = 'default'"
LIMITED_CANDIDATES = """
SELECT customer_a, status, decided_seq FROM match_candidate
WHERE kind = 'limit_exceeded' AND customer_b IS NULL AND status IN ('open', 'rejected')
"""


@dataclass(frozen=True)
class Asked:
    """An open candidate; with `old` it asks whether a key is gone, with `new` whether that one has replaced it."""

    candidate: str
    first: str
    second: str | None
    old: Name | None
    new: Name | None


class LookingMachine(WritingMachine):
    """`noted` tells by identifier for which ids it was noted, `open` are the candidates that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Asked] = []
        self.sources = {source.name: source for source in SOURCES}
        self.noted: dict[str, set[str]] = {email: set() for email in EMAILS}

    @invariant()
    def holds(self) -> None:
        self.keys_and_ids_lead_to_their_customer()
        self.keys_that_are_apart_are_not_together()
        self.limits_are_passed_only_with_a_candidate()
        self.an_identifier_finds_whom_it_was_noted_for()
        self.open = self.asked()

    def keys_and_ids_lead_to_their_customer(self) -> None:
        model = self.model
        asked = [Lookup(*name) for name in NAMES] + [Lookup(None, one) for one in model.ids()]
        seen = dict(zip(asked, [*map(self.seen, map(model.owner, NAMES)), *map(self.by_id, model.ids())], strict=True))
        found = self.run(self.store.resolve_many(asked))
        assert [told(subject) for subject in found] == [short(one) for one in seen.values()]
        self.clock.go(seconds=0.5)
        self.past.append((self.clock.now, seen))

    def asked(self) -> list[Asked]:
        """Return the open candidates, the oldest first."""
        return [Asked(*row[:3], *self.news(*row[3:])) for row in self.look(ASKED)]

    def news(self, link: str | None, source: str, lookup: str | None, sealed: bytes | None) -> tuple[Name | None, ...]:
        """Return the key of which a source has said something, and the one that it says has replaced it."""
        if link is None:
            return None, None
        named = self.look("SELECT key_lookup, key_sealed FROM link WHERE link_id = ?", link)
        assert len(named) == 1, "what was said is of a link that is gone"
        ((old, kept),) = named
        read, known = self.store._keyring.read, self.sources[source]
        new = None if lookup is None else (source, read(known, KeptKey(lookup, sealed)))
        return (source, read(known, KeptKey(old, kept))), new

    def by_id(self, customer: str) -> tuple[str, frozenset[Name], frozenset[tuple[str, str]]] | None:
        return self.seen(None if customer in self.model.erased else self.model.lead(customer))

    def seen(self, customer: str | None) -> tuple[str, frozenset[Name], frozenset[tuple[str, str]]] | None:
        if customer is None:
            return None
        model = self.model
        return customer, frozenset(model.live_keys(customer)), frozenset(model.grounds(customer))

    def limits_are_passed_only_with_a_candidate(self) -> None:
        for customer in {held.owner for held in self.model.held.values()}:
            if self.model.over(None, self.model.live_keys(customer)):
                assert any(self.tells_of(customer, *row) for row in self.look(LIMITED_CANDIDATES))

    def tells_of(self, customer: str, named: str, status: str, decided: int | None) -> bool:
        """Return whether it asks about the customer, or a steward has let that be since the last forced merge."""
        forced = max((seq for one, seq in self.model.forced.items() if self.model.lead(one) == customer), default=0)
        return self.model.lead(named) == customer and (status == "open" or (decided or 0) > forced)

    def keys_that_are_apart_are_not_together(self) -> None:
        for pair in self.model.apart:
            first, second = (self.model.owner(name) for name in pair)
            assert first is None or first != second

    def an_identifier_finds_whom_it_was_noted_for(self) -> None:
        if any(self.noted.values()):
            for found, (email, ids) in zip(self.identified(), self.noted.items(), strict=True):
                holders = self.holders(email)
                assert holders <= {self.model.lead(one) for one in ids}
                assert found == (holders.pop() if len(holders) == 1 else None)

    def holders(self, email: str) -> set[str]:
        """Return who has the identifier by the digests that are kept."""
        keyring = self.store._keyring
        plain = [Recipe(version, (version,)) for version in keyring.versions]
        wrapped = [Recipe(number, tuple(json.loads(made))) for number, made in self.look(WRAPPED)]
        rows: list[Sequence[Any]] = []
        for one in (*plain, *wrapped):
            if {*one.versions} <= {*keyring.versions}:
                digest = digest_of(keyring, IdentifierType.EMAIL, email, one)
                rows += self.look("SELECT customer_id FROM identifier_hash WHERE digest = ?", digest)
        return {self.model.lead(row[0]) for row in rows}

    def identified(self) -> list[str | None]:
        """Return who has each identifier alone."""
        asked = [Lookup(None, email, IdentifierType.EMAIL) for email in EMAILS]
        return [*map(customer_of, self.run(self.store.resolve_many(asked)))]

    def look_back_to(self, at: datetime, seen: Seen) -> None:
        """What was told as of a time is told for ever, but of who was erased."""
        found = self.run(self.store.resolve_many([*seen], as_of=at))
        assert [told(subject) for subject in found] == [short(one) for one in seen.values()]
        self.met["as of"] += 1

    def check_at_the_end(self) -> None:
        report = self.run(self.store.verify())
        assert report.holds, report.problems
        assert (report.events, report.rows > 0) == (self.count() - 1, True)
        assert self.look(OVERLAPS) == []
        assert self.look(LOOSE) == []
        self.check_candidates()
        self.check_erased()
        for at, seen in self.past[:: max(1, len(self.past) // 3)]:
            self.look_back_to(at, seen)
        self.check_other()

    def check_other(self) -> None:
        """Another tenant has its own, and nothing of this one's."""
        asked = [Lookup(*name) for name in NAMES] + [Lookup(None, one) for one in self.model.ids()]
        found = self.run(self.other.resolve_many(asked))
        assert [*map(customer_of, found)] == [self.foreign, *[None] * (len(asked) - 1)]
        assert self.run(self.other.verify()).holds

    def check_candidates(self) -> None:
        """No open candidate is of two who are one already, and none of who was erased but for what was tried since."""
        for asked in self.asked():
            assert asked.second is None or self.model.lead(asked.first) != self.model.lead(asked.second)
            assert asked.second not in self.model.erased
            assert asked.old is None or self.model.held[asked.old].is_live

    def check_erased(self) -> None:
        """Nothing but the tombstone, the log, and keys that somebody else has had since tells of who was erased."""
        ((apart,),) = self.look("SELECT count(*) FROM non_match WHERE tenant_id = 'default'")
        assert apart == len(self.model.apart)
        for customer in self.model.erased:
            for table in ("restriction", "identifier_hash"):
                assert self.look(f"SELECT 1 FROM {table} WHERE customer_id = ?", customer) == []
            assert self.look("SELECT 1 FROM link WHERE customer_id = ? AND valid_to IS NULL", customer) == []


def customer_of(subject: Subject | None) -> str | None:
    return subject.customer_id if subject else None


def told(subject: Subject | None) -> tuple[str, frozenset[Name], frozenset[str]] | None:
    if subject is None:
        return None
    keys = {(source, linked.key) for source, several in subject.keys.items() for linked in several}
    return subject.customer_id, frozenset(keys), frozenset(one.ground for one in subject.restrictions)


def short(
    seen: tuple[str, frozenset[Name], frozenset[tuple[str, str]]] | None,
) -> tuple[str, frozenset[Name], frozenset[str]] | None:
    return None if seen is None else (*seen[:2], frozenset(ground for _, ground in seen[2]))


def forgotten(seen: Seen, customers: set[str], names: set[Name]) -> Seen:
    """Return what is still told of a time when these customers, with these keys, have been erased."""
    left: Seen = {}
    for lookup, one in seen.items():
        is_gone = (lookup.source or "", lookup.key) in names or (lookup.source is None and lookup.key in customers)
        if one is None or is_gone or one[0] in customers:
            left[lookup] = None
        else:
            grounds = frozenset(ground for ground in one[2] if ground[0] not in customers)
            left[lookup] = (one[0], one[1] - names, grounds)
    return left
