"""Look-ups that are kept over a file of SQLite: the file tells of every write, whoever writes."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given, settings

from adapters.crossref import Lookup, SqliteCrossReference, StoreError
from adapters.crossref.kept_lookups import KeptLookups
from adapters.crossref.sqlite.watching import _EVERY
from tests.adapters.crossref.contract import ID_A, ID_B, SECRETS, Open, SteppedClock, rows_of
from tests.adapters.crossref.contract_resolving import ResolvingContract
from tests.adapters.crossref.kept_steps import PLENTY, STEPS, Play, Step, SteppedTicks, Twice, is_of, kept_of


def opened(path: Path, clock: SteppedClock, ticks: SteppedTicks, *, most: int = PLENTY) -> SqliteCrossReference:
    return SqliteCrossReference.open(path, clock=clock, secrets=SECRETS, kept_bytes=most, ticks=ticks)


@pytest.fixture
def ticks() -> SteppedTicks:
    return SteppedTicks()


@pytest.fixture
def keeping(
    store: SqliteCrossReference,
    path: Path,
    clock: SteppedClock,
    ticks: SteppedTicks,
    stores: list[SqliteCrossReference],
) -> SqliteCrossReference:
    """A second store over the file of `store`, which keeps what it has looked up."""
    stores.append(opened(path, clock, ticks))
    return stores[-1]


class TestResolving(ResolvingContract):
    """Look-ups that are kept, each asked for twice."""

    @pytest.fixture
    def store(self, keeping: SqliteCrossReference) -> SqliteCrossReference:
        assert isinstance(keeping._reader, KeptLookups)
        keeping._reader = Twice(keeping._reader)  # type: ignore[assignment]
        return keeping


def statements_of(store: SqliteCrossReference) -> list[str]:
    statements: list[str] = []
    store._finder.connection.set_trace_callback(lambda text: statements.append(text.split()[0]))
    return statements


async def test_the_file_is_asked_for_its_state_alone(keeping: SqliteCrossReference) -> None:
    """And before and after those are read whom nobody has looked up yet, so that all is of one moment."""
    await rows_of(keeping, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
    statements = statements_of(keeping)
    await keeping.resolve_many([Lookup("crm", "C1"), Lookup("crm", "?")])
    assert statements == ["PRAGMA", "SELECT", "PRAGMA"]
    statements.clear()
    await keeping.resolve_many([Lookup("crm", "?"), Lookup("crm", "C1")])
    assert statements == ["PRAGMA"]
    statements.clear()
    await keeping.resolve_many([Lookup("crm", "C2"), Lookup("crm", "C1"), Lookup(None, ID_A)])
    assert statements == ["PRAGMA", "BEGIN", "SELECT", "SELECT", "COMMIT", "PRAGMA"]


async def test_a_write_of_anybody_is_seen_at_once(
    keeping: SqliteCrossReference, store: SqliteCrossReference, path: Path
) -> None:
    """Of this process, of another store and by hand."""
    made = await store.link("crm", "C1", asserted_by="t")
    assert await keeping.resolve(Lookup("crm", "C2")) is None
    await store.link("crm", "C2", made.customer, asserted_by="t")
    found = await keeping.resolve(Lookup("crm", "C2"))
    assert found is not None
    await keeping.link("crm", "C3", made.customer, asserted_by="t")
    found = await keeping.resolve(Lookup("crm", "C2"))
    assert found is not None
    assert len(found.keys["crm"]) == 3
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE link SET key_status = 'superseded' WHERE key_lookup = 'C3'")
    found = await keeping.resolve(Lookup("crm", "C2"))
    assert found is not None
    assert len(found.keys["crm"]) == 2


async def test_what_was_erased_is_gone_from_memory(
    keeping: SqliteCrossReference, store: SqliteCrossReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once where it was erased, and elsewhere within a second, here less, though nobody asks."""
    assert _EVERY < 1.0
    monkeypatch.setattr("adapters.crossref.sqlite.watching._EVERY", 0.02)
    for eraser in (keeping, store):
        made = await store.link("crm", "C1", asserted_by="t")
        await keeping.resolve(Lookup("crm", "C1"))
        assert len(kept_of(keeping)) == 1
        await eraser.erase(made.customer, actor="t")
        if eraser is store:
            await asyncio.sleep(0.2)
        assert len(kept_of(keeping)) == 0


async def test_nothing_is_kept_when_nobody_asks(
    keeping: SqliteCrossReference, ticks: SteppedTicks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some seconds; whoever asks again begins anew."""
    monkeypatch.setattr("adapters.crossref.sqlite.watching._EVERY", 0.01)
    for _ in range(2):
        await keeping.resolve(Lookup("crm", "C1"))
        await asyncio.sleep(0.03)
        assert len(kept_of(keeping)) == 1
        ticks.now += 6
        await asyncio.sleep(0.03)
        assert len(kept_of(keeping)) == 0


async def test_a_closed_file_keeps_nothing(keeping: SqliteCrossReference, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is told."""
    monkeypatch.setattr("adapters.crossref.sqlite.watching._EVERY", 0.01)
    await keeping.resolve(Lookup("crm", "C1"))
    keeping._finder.close()
    await asyncio.sleep(0.03)
    assert len(kept_of(keeping)) == 0
    with pytest.raises(StoreError):
        await keeping.resolve(Lookup("crm", "C1"))
    await keeping.aclose()
    await asyncio.sleep(0.03)


def test_another_event_loop_is_served(path: Path, clock: SteppedClock, ticks: SteppedTicks) -> None:
    """What is kept in one loop is watched over in the next."""
    store = opened(path, clock, ticks)
    for _ in range(2):
        assert asyncio.run(store.resolve(Lookup(None, ID_A))) is None
    assert len(kept_of(store)) == 1
    store.close()
    assert len(kept_of(store)) == 0


async def test_tenants_keep_apart(path: Path, clock: SteppedClock, open_for: Open) -> None:
    """A write of another tenant changes no answer."""
    ours, theirs = opened(path, clock, SteppedTicks()), await open_for("other")
    made = await rows_of(ours, [(ID_A, {})])
    assert made.created == 1
    for _ in range(2):
        assert await ours.resolve(Lookup(None, ID_A)) is not None
        assert await theirs.resolve(Lookup(None, ID_A)) is None
    ours.close()


async def play(path: Path, steps: Sequence[Step]) -> None:
    clock = SteppedClock()
    with ExitStack() as stack:
        stores = [opened(path, clock, SteppedTicks(), most=most) for most in (6000, PLENTY, 0)]
        for store in stores:
            stack.callback(store.close)
        await follow(stores, clock, steps)


async def follow(stores: Sequence[SqliteCrossReference], clock: SteppedClock, steps: Sequence[Step]) -> None:
    *keeping, plain = stores
    game = Play(plain)
    for step in steps:
        if step.kind == "wait":
            clock.go(hours=1)
        elif step.kind != "look":
            await game.write(stores[step.store], step)
        asked = game.asked(step)
        said = await game.snapshot()
        for store in keeping:
            assert is_of(await store.resolve_many(asked), asked, said), step


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_what_is_kept_says_what_the_tables_say(template: bytes, steps: list[Step]) -> None:
    """Two stores over one file write and look up by turns: every answer is that of the tables at that time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "xref.db"
        path.write_bytes(template)
        asyncio.run(play(path, steps))
