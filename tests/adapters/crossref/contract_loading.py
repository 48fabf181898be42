"""The part of the contract that concerns restrictions and bulk loads."""

from __future__ import annotations

import asyncio
import gc
import io
import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.crossref import (
    EVERYTHING,
    ConflictCode,
    InputError,
    LoadReport,
    LoadRow,
    LoadStep,
    Lookup,
    RefusalCode,
    Restriction,
)
from adapters.crossref.files import CsvRows, ParquetRows
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    START,
    Backdoor,
    CrossReferenceContract,
    Open,
    SteppedClock,
    Store,
    close,
    keys_of,
    rows_of,
)

HOSTILE = (
    b"\xef\xbb\xbfcrm,mail,billing\r\n"
    b"C-1,Anna@Example.org,7;8\r\n"
    b"C-2\0Zed,zed@example.org,9\r\n"
    b"\xffZed,,10\r\n"
    b"" + b"Zed" * 400 + b",,11\r\n"
    b"C-6,zed@example.org\r\n"
    b'"C,""7""\r\nZed",,12\r\n'
    b",,\r\n"
    b"C-9,anna@example.org,13\r\n"
    b"C-1,,9\r\n"
    b"C-10,,Zed"
)


class LoadingContract(CrossReferenceContract):
    """The part of the contract that concerns restrictions and bulk loads."""

    async def test_a_restriction_holds_until_it_is_lifted_whatever_a_clock_says(
        self, store: Store, clock: SteppedClock
    ) -> None:
        """Who wrote it may have a clock that is ahead, or the reader's may be set back: what stands holds, and what was
        lifted does not. Only as of a time do the clocks of those who wrote count."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        kept = Restriction("gdpr-art-18", frozenset({"Customer.name", "Account.balance"}))

        async def held(at: datetime | None = None) -> tuple[Restriction, ...]:
            subject = await store.resolve(Lookup("crm", "C1"), at)
            assert subject is not None
            return subject.restrictions

        clock.go(hours=2)
        await store.restrict(ID_A, kept, actor="officer")
        clock.go(hours=-1)
        assert (await held(), await held(START + timedelta(hours=1))) == ((kept,), ())
        clock.go(hours=2)
        assert (await held(), await held(START + timedelta(hours=2))) == ((kept,), (kept,))
        await store.lift(ID_A, kept.ground, actor="officer")
        clock.go(hours=-0.5)
        assert (await held(), await held(START + timedelta(hours=2.5))) == ((), (kept,))

    async def test_restrictions_hold_by_no_clock_where_look_ups_are_kept(
        self, store: Store, open_for: Open, clock: SteppedClock
    ) -> None:
        """One process restricts and lifts, with a clock that is an hour ahead; the other one has kept the customer."""
        held = Restriction("gdpr-art-18", frozenset({"Customer.name"}))
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        gateway = await open_for(kept_bytes=1_000_000)

        async def until(wanted: tuple[Restriction, ...]) -> None:
            async with asyncio.timeout(5):
                while (found := await gateway.resolve(Lookup("crm", "C1"))) is None or found.restrictions != wanted:  # noqa: ASYNC110  it tells nobody
                    await asyncio.sleep(0.005)
            for _ in range(2):
                assert await gateway.resolve(Lookup("crm", "C1")) == found

        await until(())
        clock.go(hours=1)
        await store.restrict(ID_A, held, actor="officer")
        clock.go(hours=-1)
        await until((held,))
        clock.go(hours=1)
        await store.lift(ID_A, held.ground, actor="officer")
        clock.go(hours=-1)
        await until(())

    @pytest.mark.parametrize("kept_bytes", [0, 1_000_000])
    async def test_whoever_is_restricted_from_everything_has_no_keys(
        self, store: Store, open_for: Open, clock: SteppedClock, kept_bytes: int
    ) -> None:
        """Nobody is to be asked by them, whichever way the customer is named, one or several; those who tend the table
        are told them. So it is of a restriction that came with a merged id, and until it is lifted."""
        everything, name = Restriction("g", frozenset({EVERYTHING})), Restriction("g", frozenset({"Customer.name"}))
        ways, other = (
            (Lookup("crm", "C1"), Lookup("billing", "7"), Lookup(None, ID_A), Lookup(None, ID_B)),
            Lookup("crm", "C2"),
        )
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"billing": ["7"]}), (ID_C, {"crm": ["C2"]})])
        await store.restrict(ID_C, name, actor="officer")
        await store.restrict(ID_B, everything, actor="officer")
        await store.merge(ID_B, ID_A, actor="steward")
        opened = await open_for(kept_bytes=kept_bytes)

        async def keys(*asked: Lookup, **more: Any) -> list[list[str]]:
            found = await opened.resolve_many(asked, **more)
            assert [one and one.restrictions for one in found] == [
                (name,) if lookup == other else (everything,) for lookup in asked
            ]
            return [sorted(one.keys) if one else ["nobody"] for one in found]

        for asked in [*((way,) for way in ways), (*ways, other), (other, *ways)]:
            for _ in range(2):
                assert await keys(*asked) == [["crm"] if one == other else [] for one in asked]
            whole = [["crm"] if one == other else ["billing", "crm"] for one in asked]
            assert await keys(*asked, restricted_keys=True) == whole
            assert await keys(*asked, as_of=clock.now, restricted_keys=True) == whole
            assert await keys(*asked, as_of=clock.now) == await keys(*asked)
        await opened.lift(ID_A, "g", actor="officer")
        found = await opened.resolve(ways[0])
        assert found is not None
        assert (sorted(found.keys), found.restrictions) == (["billing", "crm"], ())

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
        for added in (1, 0):  # what only the merged id had is the survivor's too when it is asked for again
            report = await rows_of(store, [], restrictions={Lookup(None, ID_B): [own], Lookup(None, ID_A): [both]})
            assert report.restrictions == added

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
        assert (report.rows, report.created, report.links) == (8, 4, 5)
        found = await store.resolve_many([Lookup("crm", key) for key in ("C1", "C2", "C6", "C7")])
        assert [one and one.customer_id for one in found[:2]] == [ID_A, ID_B]
        assert None not in found
        assert await store.resolve_many([Lookup("billing", "B9"), Lookup("crm", "C5")]) == [None, None]
        before = await self.events(store)
        assert (await rows_of(store, rows)).counts == report.counts
        assert await self.events(store) == before

    async def test_nothing_of_a_row_joins_a_customer_whom_it_would_give_too_many_keys(self, store: Store) -> None:
        """Two persons who share a key stay two: the row is left out, whatever of it is free, and a steward is asked."""
        rows: list[LoadRow] = [
            (None, {"one": ["X1"], "billing": ["100"], "mail": ["anna@example.org"]}),
            (None, {"one": ["X2"], "billing": ["100"], "mail": ["bert@example.org"], "crm": ["C2"]}),
        ]
        waiting = {Lookup("mail", "bert@example.org"): [Restriction("r", frozenset({"*"}))]}
        report = await rows_of(store, rows, restrictions=waiting)
        assert (report.created, report.links, report.joined, report.unplaced) == (1, 3, 0, 1)
        assert [(one.row, one.code, one.source) for one in report.problems] == [(2, ConflictCode.LIMIT_EXCEEDED, "one")]
        anna = await store.resolve(Lookup("one", "X1"))
        assert anna is not None
        assert set(anna.keys) == {"one", "billing", "mail"}
        assert anna.restrictions == ()
        free = [Lookup("one", "X2"), Lookup("mail", "bert@example.org"), Lookup("crm", "C2")]
        assert await store.resolve_many(free) == [None] * 3
        asked = await store.candidates()
        assert [(one.candidate_id, one.kind, one.customer, one.other) for one in asked] == [
            (report.problems[0].candidate, "limit_exceeded", anna.customer_id, None)
        ]
        before = await self.events(store)
        assert (await rows_of(store, rows, restrictions=waiting)).counts == report.counts
        assert await self.events(store) == before
        assert (await store.verify()).problems == ()

    @pytest.mark.parametrize("given", [None, ID_A])
    async def test_a_row_with_too_many_keys_begins_nobody(self, store: Store, given: str | None) -> None:
        """It may be of two persons, and there is nobody yet of whom a steward could be asked."""
        before = await self.events(store)
        report = await rows_of(store, [(given, {"one": ["X1", "X2"], "crm": ["C1"]})])
        assert (report.created, report.links, report.counts) == (0, 0, {"LIMIT_EXCEEDED": 1})
        assert [(one.row, one.source, one.candidate) for one in report.problems] == [(1, "one", None)]
        assert await store.resolve_many([Lookup("one", "X1"), Lookup("crm", "C1")]) == [None, None]
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
        assert told == [1000, 1100]
        assert report.created == 1100

    async def test_a_load_tells_each_step_that_stands(self, store: Store) -> None:
        """Each has what it did alone, all its problems, and the event that it came to, by which it is known again."""
        steps: list[LoadStep] = []
        rows: list[LoadRow | RefusalCode] = [(None, {"crm": [str(number)]}) for number in range(1100)]
        rows[7], rows[1050] = RefusalCode.ROW_INVALID, (None, {"crm": ["1", "2"]})
        await store.load(rows, actor="feed", noted=steps.append)
        assert [(step.report.rows, step.report.created, step.report.links) for step in steps] == [
            (1000, 999, 999),
            (100, 99, 99),
        ]
        assert [problem.row for step in steps for problem in step.report.problems] == [8, 1051]
        conflict = steps[1].report.problems[0]
        assert conflict.candidate is not None
        assert steps[1].seq == await self.events(store)
        for step in steps:
            assert await store.has_event(step.seq, step.hash)
            assert not await store.has_event(step.seq - 1, step.hash)
            assert not await store.has_event(step.seq + 1100, step.hash)
        total = sum((step.report for step in steps), LoadReport())
        assert (total.rows, total.created, dict(total.counts)) == (
            1100,
            1098,
            {"KEY_OWNED_BY_OTHER": 1, "ROW_INVALID": 1},
        )

    async def test_no_event_at_all_is_known_again_too(self, open_for: Open) -> None:
        """A load of which nothing could be written has come to the event that was there before: perhaps none."""
        empty = await open_for("empty")
        steps: list[LoadStep] = []
        await empty.load([(None, {})], actor="feed", noted=steps.append)
        assert (steps[0].seq, steps[0].hash) == (0, None)
        assert await empty.has_event(0, None)
        assert not await empty.has_event(1, None)

    async def test_what_is_known_of_a_chunk_is_not_believed_once_it_was_written(self, store: Store) -> None:
        """Customers come several times in a chunk, by id, by key and by an id that was merged, in whatever order."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        await store.merge(ID_B, ID_A, actor="steward")
        report = await rows_of(
            store,
            [
                (ID_B, {"crm": ["C3"]}),
                (ID_A, {"crm": ["C4"]}),
                (None, {"crm": ["C3", "C5"]}),
                (ID_C, {"one": ["X1"]}),
                (ID_C, {"one": ["X2"]}),
                (ID_C, {"crm": ["C6"]}),
                (None, {"one": ["Y1", "Y2"]}),
            ],
        )
        assert report.counts == {"LIMIT_EXCEEDED": 2}
        assert (report.created, report.links) == (1, 5)
        subject = await store.resolve(Lookup(None, ID_B))
        assert subject is not None
        assert sorted(linked.key for linked in subject.keys["crm"]) == ["C1", "C2", "C3", "C4", "C5"]
        assert (await store.verify()).problems == ()

    async def test_a_file_of_hostile_rows_is_loaded_but_for_them(self, store: Store) -> None:
        """Each is told by row, code and source, and nothing of a cell stands in the report."""
        report = await store.load(CsvRows(io.BytesIO(HOSTILE), [*await store.sources()]), actor="feed")
        assert [(problem.row, problem.code, problem.source) for problem in report.problems] == [
            (2, RefusalCode.KEY_INVALID, "crm"),
            (3, RefusalCode.KEY_INVALID, "crm"),
            (4, RefusalCode.KEY_INVALID, "crm"),
            (5, RefusalCode.ROW_INVALID, None),
            (6, RefusalCode.KEY_INVALID, "crm"),
            (7, RefusalCode.ROW_EMPTY, None),
            (9, ConflictCode.KEY_OWNED_BY_OTHER, "billing"),
            (10, RefusalCode.ROW_INVALID, None),
        ]
        assert (report.rows, report.created) == (10, 5)
        assert "zed" not in repr(report).lower()
        found = await store.resolve_many([Lookup("mail", "ANNA@example.org"), Lookup("mail", "zed@example.org")])
        assert [one and keys_of(one, "billing") for one in found] == [["13", "7", "8"], ["9"]]
        assert (await store.verify()).holds

    async def test_parquet_gives_the_customers_that_csv_gives(
        self, store: Store, open_for: Open, tmp_path: Path
    ) -> None:
        """Sealed keys included: loaded after the CSV file it adds nothing."""
        columns = {
            "crm": [f"C-{number}" for number in range(1200)],
            "mail": [f"User{number}@Example.org" for number in range(1200)],
            "billing": [[number, number + 5000] for number in range(1200)],
        }
        pq.write_table(pa.table(columns), tmp_path / "rows.parquet", row_group_size=500)
        lines = (f"C-{number},user{number}@example.org,{number};{number + 5000}" for number in range(1200))
        known = [*await store.sources()]
        text = "\n".join(["crm,mail,billing", *lines, ""])
        report = await store.load(CsvRows(io.BytesIO(text.encode()), known), actor="feed")
        assert (report.created, report.links, report.counts) == (1200, 4800, {})
        rows = ParquetRows(tmp_path / "rows.parquet", known)
        assert await store.load(rows, actor="feed") == LoadReport(rows=1200, fillers={"billing": 1})
        rows.close()
        subject = await store.resolve(Lookup("mail", "USER7@example.org"))
        assert subject is not None
        assert keys_of(subject, "billing") == ["5007", "7"]

    async def test_memory_stays_flat_however_many_rows_there_are(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ten times the rows, wrong ones among them, take no more: by what is allocated, not by the clock."""
        monkeypatch.setattr("adapters.crossref.operations.loading.CHUNK", 100)
        monkeypatch.setattr("adapters.crossref.operations.loading._KEPT_PROBLEMS", 5)
        await rows_of(store, [*numbered(0, 200)])  # what is made once a process
        peaks = [await peak_of(store, numbered(begin, end)) for begin, end in ((200, 500), (500, 2500))]
        assert peaks[1] < peaks[0] * 1.25

    async def test_the_sources_are_told(self, store: Store) -> None:
        """As they were registered."""
        known = await store.sources()
        assert set(known) == {"crm", "billing", "one", "mail"}
        assert known["one"].max_live == 1

    async def test_a_report_is_bounded(self, store: Store) -> None:
        """However many rows are wrong, the report lists the first thousand and counts all."""
        report = await rows_of(store, [(None, {})] * 1005)
        assert (len(report.problems), report.counts) == (1000, {"ROW_EMPTY": 1005})

    async def test_rows_that_join_a_customer_are_counted(self, store: Store) -> None:
        """Those that add keys to whoever has one of theirs, earlier rows' too; a canonical id is no accident."""
        rows: list[LoadRow] = [
            (None, {"crm": ["C1"], "billing": ["shared"]}),
            (None, {"crm": ["C2"], "billing": ["shared"]}),
            (None, {"crm": ["C2"]}),
            (ID_A, {"crm": ["C3"]}),
            (ID_A, {"crm": ["C4"]}),
        ]
        assert (await rows_of(store, rows)).joined == 1
        assert (await rows_of(store, rows)).joined == 0
        assert (await rows_of(store, [(None, {"crm": ["C4"], "mail": ["a@example.org"]})])).joined == 1

    async def test_one_key_of_a_source_keeps_a_shared_key_from_joining(self, store: Store) -> None:
        """With max_live 1 the second row's key of that source is a conflict, and waits for a steward."""
        rows: list[LoadRow] = [(None, {"one": ["1"], "billing": ["x"]}), (None, {"one": ["2"], "billing": ["x"]})]
        report = await rows_of(store, rows)
        assert (report.joined, report.counts) == (0, {"LIMIT_EXCEEDED": 1})
        assert await store.resolve(Lookup("one", "2")) is None

    async def test_keys_that_look_like_a_mark_for_none_are_counted(self, store: Store) -> None:
        """They are keys like others all the same, for nobody but the source knows."""
        marks = ["NULL", "0", "000", "-", "n/a", " None ", "00000000-0000-0000-0000-000000000000", "\\N"]
        keys = ["10", "C-0", "Nullman", "0" * 37, "a"]
        report = await rows_of(store, [(None, {"crm": [key]}) for key in (*marks, *keys)])
        assert (report.fillers, report.links) == ({"crm": len(marks)}, len(marks) + len(keys))


def numbered(begin: int, end: int) -> Iterator[LoadRow]:
    """Yield rows of two keys each, of which every tenth has none."""
    for number in range(begin, end):
        yield None, {"crm": [f"C-{number}"], "billing": [str(number)]} if number % 10 else {}


async def peak_of(store: Store, rows: Iterator[LoadRow]) -> int:
    """Return the most bytes that were allocated at once while the rows were loaded."""
    gc.collect()
    tracemalloc.start()
    try:
        await store.load(rows, actor="feed")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
