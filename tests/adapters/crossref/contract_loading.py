"""The part of the contract that concerns restrictions and bulk loads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.crossref import (
    EVERYTHING,
    ConflictCode,
    InputError,
    LoadReport,
    LoadRow,
    Lookup,
    RefusalCode,
    Restriction,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    START,
    Backdoor,
    CrossReferenceContract,
    SteppedClock,
    Store,
    close,
    rows_of,
)


class LoadingContract(CrossReferenceContract):
    """The part of the contract that concerns restrictions and bulk loads."""

    async def test_restrictions_hold_while_they_are_in_force(
        self, store: Store, clock: SteppedClock, backdoor: Backdoor
    ) -> None:
        """A restriction holds from its first moment until the moment before its last; the clock is the store's."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        clock.go(hours=1)
        kept = Restriction("gdpr-art-18", frozenset({"Customer.name", "Account.balance"}))
        await rows_of(store, [], restrictions={Lookup("crm", "C1"): [kept]})
        until = (START + timedelta(hours=2)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        backdoor("UPDATE restriction SET valid_to = ?", until)
        seen = []
        for hours in (-1, 1, 0.999, 0.001):
            clock.go(hours=hours)
            subject = await store.resolve(Lookup("crm", "C1"))
            assert subject is not None
            seen.append(subject.restrictions)
        assert seen == [(), (kept,), (kept,), ()]

    async def test_a_merge_lifts_no_restriction(self, store: Store) -> None:
        """What is restricted for a merged id is restricted for the survivor too; equal restrictions are one."""
        both = Restriction("vendor:restricted", frozenset({EVERYTHING}))
        own = Restriction("gdpr-art-18", frozenset({"Customer.name"}))
        await rows_of(
            store,
            [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})],
            restrictions={Lookup(None, ID_A): [both], Lookup(None, ID_B): [both, own]},
        )
        await store.merge(ID_B, ID_A, actor="steward")
        subject = await store.resolve(Lookup("crm", "C1"))
        assert subject is not None
        assert subject.restrictions == (own, both)
        report = await rows_of(store, [], restrictions={Lookup(None, ID_B): [own], Lookup(None, ID_A): [both]})
        assert report.restrictions == 0

    async def test_a_load_writes_one_event_a_customer(self, store: Store) -> None:
        """Customers, keys and restrictions come in by one event each, and loading the same again adds nothing."""
        before = await self.events(store)
        rows: list[LoadRow] = [
            (ID_A, {"crm": ["C1", "C1", "C2"], "billing": ["B1"]}),
            (None, {"crm": ["C3"], "mail": ["Anna@Example.org"]}),
            (ID_B, {}),
        ]
        restrictions = {
            Lookup("mail", "anna@example.org"): [Restriction("r1", frozenset({"Customer.name"}))],
            Lookup(None, ID_B): [Restriction("r1", frozenset({"*"})), Restriction("r1", frozenset({"*"}))],
        }
        report = await rows_of(store, rows, restrictions=restrictions)
        assert report == LoadReport(rows=3, created=3, links=5, restrictions=2)
        assert await self.events(store) == before + 3
        again = await rows_of(store, rows, restrictions=restrictions)
        assert again == LoadReport(rows=3)
        assert await self.events(store) == before + 3
        subject = await store.resolve(Lookup("crm", "C3"))
        assert subject is not None
        assert [one.ground for one in subject.restrictions] == ["r1"]

    async def test_a_load_goes_on_after_conflicts(self, store: Store) -> None:
        """What cannot be linked is left out and told by row, code and source; the rest is loaded."""
        rows: list[LoadRow] = [
            (ID_A, {"crm": ["C1"], "one": ["X1"]}),
            (ID_B, {"crm": ["C1", "C2"]}),
            (ID_A, {"one": ["X2"], "billing": ["B1"]}),
            (None, {"crm": ["C1", "C2"], "billing": ["B9"]}),
            ("anna.smith@example.org", {"crm": ["C5"]}),
            (None, {"nowhere": ["N1"]}),
            (None, {"crm": ["", "C6"]}),
            (None, {"crm": "C7", "billing": [7]}),  # type: ignore[list-item]
        ]
        report = await rows_of(store, rows)
        assert [(problem.row, problem.code, problem.source) for problem in report.problems] == [
            (2, ConflictCode.KEY_OWNED_BY_OTHER, "crm"),
            (3, ConflictCode.LIMIT_EXCEEDED, "one"),
            (4, ConflictCode.KEY_OWNED_BY_OTHER, "crm"),
            (5, RefusalCode.CUSTOMER_ID_INVALID, None),
            (6, RefusalCode.SOURCE_UNKNOWN, None),
            (6, RefusalCode.ROW_EMPTY, None),
            (7, RefusalCode.KEY_INVALID, "crm"),
            (8, RefusalCode.KEY_INVALID, "billing"),
        ]
        assert report.counts["KEY_OWNED_BY_OTHER"] == 2
        assert (report.rows, report.created, report.links) == (8, 4, 6)
        found = await store.resolve_many([Lookup("crm", key) for key in ("C1", "C2", "C6", "C7")])
        assert [one and one.customer_id for one in found[:2]] == [ID_A, ID_B]
        assert None not in found
        assert await store.resolve_many([Lookup("billing", "B9"), Lookup("crm", "C5")]) == [None, None]
        before = await self.events(store)
        assert (await rows_of(store, rows)).counts == report.counts
        assert await self.events(store) == before

    async def test_a_load_spares_closed_customers(self, store: Store, backdoor: Backdoor) -> None:
        """A row for an erased customer is left out; its restrictions are told as having no place."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        close(backdoor, ID_A, "erased")
        report = await rows_of(
            store,
            [(ID_A, {"crm": ["C2"]}), (ID_A, {})],
            restrictions={Lookup(None, ID_A): [Restriction("r", frozenset({"*"}))]},
        )
        assert report.counts == {"CUSTOMER_ERASED": 2}
        assert (report.links, report.unplaced) == (0, 1)

    async def test_restrictions_find_their_customers(self, store: Store) -> None:
        """A restriction is written for a customer there already or in the file; for nobody known it is counted."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        restriction = Restriction("r", frozenset({"Customer.orders(first:)"}))
        report = await rows_of(
            store,
            [(None, {"billing": ["B1"]})],
            restrictions={
                Lookup("crm", "C1"): [restriction],
                Lookup("billing", "B1"): [restriction],
                Lookup(None, ID_C): [restriction],
            },
        )
        assert (report.restrictions, report.unplaced) == (2, 1)

    @pytest.mark.parametrize(
        "restriction",
        [
            Restriction("because she asked for it", frozenset({"Customer.name"})),
            Restriction("r", frozenset()),
            Restriction("r", frozenset({"name"})),
            Restriction("r", frozenset({"Customer.name", "Customer.name; DROP"})),
        ],
    )
    async def test_a_restriction_is_checked(self, store: Store, restriction: Restriction) -> None:
        """A ground is a code and a coordinate a coordinate; anything else stops the load before its first row."""
        with pytest.raises(InputError, match="VALUE_INVALID"):
            await rows_of(store, [(ID_A, {})], restrictions={Lookup(None, ID_A): [restriction]})
        assert await store.resolve(Lookup(None, ID_A)) is None

    async def test_a_load_tells_its_progress(self, store: Store) -> None:
        """Rows are read and written chunk by chunk, and the rows done are told after each."""
        told: list[int] = []
        report = await rows_of(store, ((None, {"crm": [str(n)]}) for n in range(1100)), progress=told.append)  # type: ignore[arg-type]
        assert told == [500, 1000, 1100]
        assert report.created == 1100

    async def test_a_report_is_bounded(self, store: Store) -> None:
        """However many rows are wrong, the report lists the first thousand and counts all."""
        report = await rows_of(store, [(None, {})] * 1005)
        assert (len(report.problems), report.counts) == (1000, {"ROW_EMPTY": 1005})
