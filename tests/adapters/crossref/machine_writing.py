"""The part of the machine that writes: to a store and, once it has come to what was expected of it, to the model."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from adapters.crossref import ConflictCode, ConflictError, InputError, Linked, Lookup, RefusalCode, SourceSystem
from tests.adapters.crossref.contract import ID_A, SECRETS, SteppedClock
from tests.adapters.crossref.houses import House
from tests.adapters.crossref.model import Code, Expected, Model, Name

__all__ = ["LETTERS", "NAMES", "OPEN", "WAY", "Seen", "Way", "WritingMachine"]

SOURCES, LETTERS = ("crm", "one", "mail"), "xyz"
NAMES = [(source, letter) for source in SOURCES for letter in LETTERS]

OPEN = "SELECT candidate_id, customer_a, customer_b FROM match_candidate WHERE status = 'open' ORDER BY opened_seq"
_VERSION = "SELECT version, changed_seq FROM customer WHERE tenant_id = 'default' AND customer_id = ?"
_TYPES = "SELECT type, count(*) FROM xref_event WHERE tenant_id = 'default' GROUP BY type"

Seen = dict[Lookup, tuple[str, frozenset[Name], frozenset[tuple[str, str]]] | None]
"""Who is meant by each look-up: the customer, its live keys, and its restrictions with whom they were made for."""


class Way(Enum):
    """How a write is asked for: with which version, and whether it is asked for once more."""

    PLAIN = "plain"
    AGAIN = "again"
    KEYED = "keyed"
    RIGHT_VERSION = "right version"
    WRONG_VERSION = "wrong version"


WAY = st.sampled_from([Way.PLAIN, *Way])


class WritingMachine(RuleBasedStateMachine):
    """A store, its model, and another tenant's store beside; `met` counts what the runs have come to."""

    make_house: Callable[[], House]
    met: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.house = type(self).make_house()
        self.look, self.run = self.house.look, self.house.run
        self.clock, self.secrets, self.model = SteppedClock(), SECRETS, Model()
        self.store = self.run(self.house.open("default", self.clock, SECRETS))
        self.other = self.run(self.house.open("other", self.clock, SECRETS))
        self.run(self.other.register_source(SourceSystem("crm"), actor="t"))
        self.foreign = self.run(self.other.link("crm", "x", asserted_by="t")).customer
        self.past: list[tuple[datetime, Seen]] = []
        self.events, self.turn = self.count(), 0

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:  # what went wrong before is what is to be told
                self.check_at_the_end()
                self.met.update(dict(self.look(_TYPES)))
                self.met.update(runs=1, steps=len(self.past))
        finally:
            self.run(self.other.aclose())
            self.run(self.store.aclose())
            self.house.close()

    def check_at_the_end(self) -> None:
        """Look at everything once more."""

    # what is looked at

    def count(self) -> int:
        (row,) = self.look("SELECT next_seq FROM tenant WHERE tenant_id = 'default'")
        return int(row[0])

    def added(self) -> int:
        before, self.events = self.events, self.count()
        return self.events - before

    def version(self, customer: str | None) -> int:
        rows = self.look(_VERSION, customer) if customer else []
        return int(rows[0][0]) if rows else 0

    def pick(self, place: int) -> str:
        ids = self.model.ids()
        return ids[place % len(ids)]

    def pick_other(self, place: int, customer: str) -> str:
        """Return an id, mostly one that leads elsewhere."""
        lead = self.model.lead
        others = [one for one in sorted(self.model.leads) if lead(one) != lead(customer)]
        return others[place % len(others)] if others and place < 7 else self.pick(place)

    def name(self, place: int) -> Name:
        """Return one of the keys, mostly one that is linked."""
        held = sorted(self.model.held)
        return held[place % len(held)] if held and place < 7 else NAMES[len(self.past) % len(NAMES)]

    # how it is written

    def outcome(self, write: Callable[[], Awaitable[Linked]]) -> Linked | Code:
        async def work() -> Linked | Code:
            try:
                return await write()
            except ConflictError as error:
                self.check_candidate(error)
                return error.conflict.code
            except InputError as error:
                return error.code

        return self.run(work())

    def check_candidate(self, error: ConflictError) -> None:
        """One is open where there is something to decide: not of two who were said to be never one."""
        without = (ConflictCode.VERSION_MISMATCH, ConflictCode.MERGE_NOT_UNDOABLE)
        conflict, found = error.conflict, [row[0] for row in self.look(OPEN)]
        if conflict.code is ConflictCode.NON_MATCH_ASSERTED and conflict.other is not None:
            assert self.count() == self.events
        else:
            assert (conflict.candidate_id is None) == (conflict.code in without)
        assert conflict.candidate_id is None or conflict.candidate_id in found

    def write(self, call: Callable[..., Awaitable[Linked]], expected: Expected, way: Way, actor: str = "actor") -> None:
        """Write to the store as the model expects it, then to the model."""
        self.clock.go(seconds=1)
        self.turn += 1
        writing: dict[str, Any] = {actor: "t"}
        if way is Way.KEYED:
            writing["idempotency_key"] = f"k{self.turn}"
        if way in (Way.RIGHT_VERSION, Way.WRONG_VERSION):
            writing["expected_version"] = self.version(expected.about) + (way is Way.WRONG_VERSION)
        work = partial(call, **writing)
        got = self.outcome(work)
        self.met["written" if isinstance(got, Linked) else got] += 1
        if way is Way.WRONG_VERSION and got is ConflictCode.VERSION_MISMATCH:
            assert expected.code or expected.apply
            assert self.added() == 0
            return
        assert way is not Way.WRONG_VERSION or expected.code or not expected.apply
        self.check(got, expected)
        if way is Way.KEYED:
            self.check_keyed(got, work, writing["idempotency_key"])
        elif way is Way.AGAIN:
            self.check_again(got, expected, work)

    def check(self, got: Linked | Code, expected: Expected) -> None:
        added = self.added()
        if not isinstance(got, Linked):
            assert got == expected.code
            assert added <= isinstance(got, ConflictCode)
            return
        assert expected.code is None
        assert (added > 0) == (expected.apply is not None)
        assert expected.customer is None or got.customer == expected.customer
        assert got.version == self.version(got.customer)
        if expected.apply:
            expected.apply(got)

    def check_keyed(self, got: Linked | Code, work: Callable[[], Awaitable[Linked]], key: str) -> None:
        """The same write under the same key is answered as before; another one under it is refused."""
        assert self.outcome(work) == got
        self.met["answered again"] += 1
        if not isinstance(got, RefusalCode):
            lift = partial(self.store.lift, ID_A, "another", actor="t", idempotency_key=key)
            assert self.outcome(lift) is RefusalCode.IDEMPOTENCY_KEY_REUSED
        assert self.added() == 0

    def check_again(self, got: Linked | Code, expected: Expected, work: Callable[[], Awaitable[Linked]]) -> None:
        """What stands is left as it is, and a conflict has the candidate that it had."""
        again = self.outcome(work)
        if isinstance(got, Linked) and expected.repeated is None:
            assert isinstance(again, Linked)
            assert (again.customer, again.version) == (got.customer, got.version)
            self.met["written again"] += 1
        else:
            assert again == (expected.repeated if isinstance(got, Linked) else got)
        assert self.added() == 0
