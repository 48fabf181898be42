"""What holds after any sequence of writes, against a model of sets; keys are few, so that they clash."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from adapters.crossref import (
    ConflictCode,
    ConflictError,
    Lookup,
    PostgresCrossReference,
    Restriction,
    SqliteCrossReference,
)
from tests.adapters.crossref.contract import ID_A, ID_B, ID_C, SECRETS, SteppedClock, Store
from tests.adapters.crossref.folding import Fold, stored
from tests.adapters.crossref.postgres_tables import PostgresTables

SOURCE = st.sampled_from(["crm", "one", "mail"])
KEY = st.sampled_from(["x", "y", "z"])
GIVEN_ID = st.sampled_from([None, ID_A, ID_B, ID_C])
RESTRICTION = Restriction("r", frozenset({"Customer.name"}))
Name = tuple[str, str]

AS_OF = """
SELECT source_id, key_lookup, customer_id FROM link
WHERE tenant_id = 'default' AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?) ORDER BY 1, 2
"""
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
WHERE s.status = 'merged'
"""


class House(Protocol):
    """Where a machine's stores live: empty but for the sources when it is made, gone when it is closed."""

    def look(self, statement: str, *values: object) -> list[tuple[Any, ...]]: ...

    async def open(self, tenant: str, clock: SteppedClock) -> Store: ...

    def close(self) -> None: ...


class SqliteHouse:
    def __init__(self, template: bytes) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "xref.db"
        self.path.write_bytes(template)
        self.connection = sqlite3.connect(self.path, isolation_level=None)

    def look(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, values).fetchall()

    async def open(self, tenant: str, clock: SteppedClock) -> Store:
        return SqliteCrossReference.open(self.path, tenant=tenant, clock=clock, secrets=SECRETS)

    def close(self) -> None:
        self.connection.close()
        self.folder.cleanup()


class PostgresHouse:
    def __init__(self, tables: PostgresTables) -> None:
        tables.restore()
        self.tables = tables

    def look(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.tables.look(statement, *values)

    async def open(self, tenant: str, clock: SteppedClock) -> Store:
        return await PostgresCrossReference.open(self.tables.url, tenant=tenant, clock=clock, secrets=SECRETS)

    def close(self) -> None:
        """Nothing is its own."""


class CrossReferenceMachine(RuleBasedStateMachine):
    make_house: Callable[[], House]

    def __init__(self) -> None:
        super().__init__()
        self.house = type(self).make_house()
        self.look = self.house.look
        self.clock = SteppedClock()
        self.runner = asyncio.Runner()
        self.store = self.runner.run(self.house.open("default", self.clock))
        self.other = self.runner.run(self.house.open("other", self.clock))
        self.owners: dict[Name, str] = {}
        self.ids: dict[str, str] = {}
        self.restricted: set[str] = set()
        self.past: list[tuple[str, list[tuple[Any, ...]]]] = []
        self.events = self.count()

    def teardown(self) -> None:
        for moment, rows in self.past:
            assert self.look(AS_OF, moment, moment) == rows
        self.runner.run(self.other.aclose())
        self.runner.run(self.store.aclose())
        self.runner.close()
        self.house.close()

    def count(self) -> int:
        (row,) = self.look("SELECT count(*) FROM xref_event WHERE tenant_id = 'default'")
        return int(row[0])

    def added(self) -> int:
        before, self.events = self.events, self.count()
        return self.events - before

    def check_conflict(self, error: ConflictError, expected: ConflictCode | None) -> None:
        assert error.conflict.code is expected
        assert self.added() <= 1

    def full(self, name: Name, customer: str) -> bool:
        holders = [owner for (source, _), owner in self.owners.items() if source == "one"]
        return name[0] == "one" and customer in holders

    def link_one(self, name: Name, customer: str | None) -> tuple[str | None, ConflictCode | None]:
        """What the model says of a link: the owner it ends with, or the conflict."""
        owner = self.owners.get(name)
        target = owner if customer is None else self.ids[customer]
        if owner is not None and owner != target:
            return None, ConflictCode.KEY_OWNED_BY_OTHER
        if owner is None and target is not None and self.full(name, target):
            return None, ConflictCode.LIMIT_EXCEEDED
        return target, None

    @rule(source=SOURCE, key=KEY, pick=st.integers(0, 9), named=st.booleans())
    def link(self, source: str, key: str, pick: int, named: bool) -> None:
        self.clock.go(seconds=1)
        name, known = (source, key), sorted(self.ids)
        customer = known[pick % len(known)] if named and known else None
        expected, conflict = self.link_one(name, customer)
        was_linked = name in self.owners
        try:
            spelled = key.upper() if source == "mail" else key
            done = self.runner.run(self.store.link(source, spelled, customer, asserted_by="t"))
        except ConflictError as error:
            self.check_conflict(error, conflict)
            return
        assert conflict is None
        assert expected in (None, done.customer)
        self.ids.setdefault(done.customer, done.customer)
        self.owners[name] = done.customer
        assert self.added() == (0 if was_linked else 1)

    @rule(given_id=GIVEN_ID, names=st.lists(st.tuples(SOURCE, KEY), max_size=3, unique=True), restrict=st.booleans())
    def load(self, given_id: str | None, names: list[Name], restrict: bool) -> None:
        self.clock.go(seconds=1)
        row: dict[str, list[str]] = {}
        for source, key in names:
            row.setdefault(source, []).append(key)
        restrictions = {Lookup(None, given_id): [RESTRICTION]} if restrict and given_id else {}
        report = self.runner.run(self.store.load([(given_id, row)], actor="t", restrictions=restrictions))
        events = self.added()
        owners = {self.owners[name] for name in names if name in self.owners}
        if given_id is None and (not names or len(owners) > 1):
            assert (report.created, report.links) == (0, 0)
            return
        target = self.ids.get(given_id, given_id) if given_id else next(iter(owners), None)
        links = 0
        for source in row:
            for name in ((source, key) for key in row[source]):
                if name not in self.owners and (target is None or not self.full(name, target)):
                    target = target or self.created()
                    self.owners[name] = target
                    links += 1
        assert target is not None
        if given_id:
            self.ids.setdefault(given_id, target)
        if restrictions:
            self.restricted.add(target)
        assert report.links == links
        again = self.runner.run(self.store.load([(given_id, row)], actor="t", restrictions=restrictions))
        assert (again.created, again.links, again.restrictions, again.counts) == (0, 0, 0, report.counts)
        assert self.added() == 0
        assert events <= 1 + len(report.problems) + report.restrictions

    def created(self) -> str:
        (row,) = self.look("SELECT customer_id FROM customer ORDER BY changed_seq DESC LIMIT 1")
        self.ids[row[0]] = row[0]
        return str(row[0])

    @precondition(lambda self: len(self.ids) > 1)
    @rule(first=st.integers(0, 9), second=st.integers(0, 9))
    def merge(self, first: int, second: int) -> None:
        self.clock.go(seconds=1)
        known = sorted(self.ids)
        loser, survivor = known[first % len(known)], known[second % len(known)]
        gone, stays = self.ids[loser], self.ids[survivor]
        limited = sum(source == "one" for (source, _), owner in self.owners.items() if owner in (gone, stays)) > 1
        try:
            done = self.runner.run(self.store.merge(loser, survivor, actor="t"))
        except ConflictError as error:
            self.check_conflict(error, ConflictCode.LIMIT_EXCEEDED if limited else None)
            return
        assert done.customer == stays
        assert self.added() == (gone != stays)
        self.owners = {name: stays if owner == gone else owner for name, owner in self.owners.items()}
        self.ids = {one: stays if survivor == gone else survivor for one, survivor in self.ids.items()}
        self.restricted = {stays if one == gone else one for one in self.restricted}

    @invariant()
    def keys_and_ids_lead_to_their_customer(self) -> None:
        names = [(source, key) for source in ("crm", "one", "mail") for key in "xyz"]
        asked = [Lookup(*name) for name in names] + [Lookup(None, one) for one in self.ids]
        found = self.runner.run(self.store.resolve_many(asked))
        owners = [self.owners.get(name) for name in names] + list(self.ids.values())
        assert [subject and subject.customer_id for subject in found] == owners
        for subject in found:
            if subject is not None:
                keys = {(source, one.key) for source, several in subject.keys.items() for one in several}
                assert keys == {name for name, owner in self.owners.items() if owner == subject.customer_id}
                assert bool(subject.restrictions) == (subject.customer_id in self.restricted)
        assert set(self.runner.run(self.other.resolve_many(asked))) <= {None}

    @invariant()
    def events_tell_the_tables(self) -> None:
        report = self.runner.run(self.store.verify_chain())
        assert report.holds, report.problems
        keyring = self.store._keyring
        assert Fold(self.look, "default", keyring).run() == stored(self.look, "default", keyring)

    @invariant()
    def tables_are_sound(self) -> None:
        assert self.look(OVERLAPS) == []
        assert self.look(LOOSE) == []
        self.clock.go(seconds=0.5)
        moment = self.clock.now.isoformat(timespec="microseconds").replace("+00:00", "Z")
        self.past.append((moment, self.look(AS_OF, moment, moment)))


def run_machine(make: Callable[[], House], *, examples: int, steps: int) -> None:
    class Machine(CrossReferenceMachine):
        make_house = staticmethod(make)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_invariants_hold_after_any_writes(template: bytes) -> None:
    """One owner a key, redirects one step long, repeats without events, a chain that tells the tables, a fixed past."""
    run_machine(lambda: SqliteHouse(template), examples=20, steps=15)


@pytest.mark.postgres
def test_invariants_hold_on_postgresql(tables: PostgresTables) -> None:
    """The same, on a real server; fewer of them, for each takes longer."""
    run_machine(lambda: PostgresHouse(tables), examples=4, steps=12)


@pytest.mark.long
@pytest.mark.postgres
def test_invariants_hold_on_postgresql_after_many_writes(tables: PostgresTables) -> None:
    """As many as elsewhere, on demand."""
    run_machine(lambda: PostgresHouse(tables), examples=100, steps=25)
