"""Look-ups that are kept over PostgreSQL: a listening connection and the tenant's sequence vouch for them, else the
table is read."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.crossref import Lookup, PostgresCrossReference, Restriction, Secrets, StoreError, Subject
from adapters.crossref.kept_lookups import KeptLookups
from adapters.crossref.postgres.database import _SILENCE, PostgresDatabase
from adapters.crossref.postgres.watching import _EVERY, PostgresWatch
from adapters.sandbox.postgres import PostgresServer
from tests.adapters.crossref.contract import ID_A, ID_B, SECRETS, Backdoor, Open, SteppedClock, Store, rows_of
from tests.adapters.crossref.contract_resolving import ResolvingContract
from tests.adapters.crossref.kept_steps import PLENTY, STEPS, Play, Step, SteppedTicks, Twice, is_of, kept_of
from tests.adapters.crossref.postgres_tables import PostgresTables

pytestmark = pytest.mark.postgres

C1, NOBODY = Lookup("crm", "C1"), Lookup("crm", "nobody")
_LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%next_seq, e.type%' AND pid <> pg_backend_pid()"

OpenKeeping = Callable[..., Coroutine[Any, Any, PostgresCrossReference]]


@pytest.fixture
def ticks() -> SteppedTicks:
    return SteppedTicks()


@pytest.fixture
async def keep(tables: PostgresTables, clock: SteppedClock, ticks: SteppedTicks) -> AsyncIterator[OpenKeeping]:
    """Opens a store that keeps what it has looked up, and closes it after the test."""
    made: list[PostgresCrossReference] = []

    async def opened(**more: Any) -> PostgresCrossReference:
        given: dict[str, Any] = {"clock": clock, "ticks": ticks, "secrets": SECRETS, "kept_bytes": PLENTY} | more
        made.append(await PostgresCrossReference.open(tables.url, **given))
        return made[-1]

    yield opened
    for store in made:
        await store.aclose()


@pytest.fixture
async def store(tables: PostgresTables, clock: SteppedClock) -> AsyncIterator[PostgresCrossReference]:
    """One that keeps nothing."""
    opened = await PostgresCrossReference.open(tables.url, clock=clock, secrets=SECRETS)
    yield opened
    await opened.aclose()


def watch_of(store: Store) -> PostgresWatch:
    assert isinstance(store._reader, KeptLookups)
    assert isinstance(store._reader._watch, PostgresWatch)
    return store._reader._watch


async def watching(store: Store) -> Store:
    """Return when the store's watch vouches for what is kept."""
    await until(lambda: watch_of(store).state() is not None)
    return store


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.002)


class TestResolving(ResolvingContract):
    """Look-ups that are kept, each asked for twice."""

    @pytest.fixture
    async def open_for(self, keep: OpenKeeping) -> Open:
        async def opened(
            tenant: str = "default", *, secrets: Secrets | None = SECRETS, kept_bytes: int = PLENTY
        ) -> Store:
            store = await watching(await keep(tenant=tenant, secrets=secrets, kept_bytes=kept_bytes or PLENTY))
            assert isinstance(store._reader, KeptLookups)
            store._reader = Twice(store._reader)  # type: ignore[assignment]
            return store

        return opened

    @pytest.fixture
    async def store(self, open_for: Open) -> Store:
        return await open_for()

    @pytest.fixture
    def backdoor(self, tables: PostgresTables, store: Store) -> Backdoor:
        def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
            found = tables.look(statement, *values)
            store._reader._kept._kept.forget(None)  # type: ignore[union-attr]  # no event tells of it
            return found

        return run


async def statements_of(store: Store) -> list[str]:
    """Keep what is sent on the connections that the pool has, which know the types by now."""
    statements: list[str] = []
    database: PostgresDatabase = store._database._database  # type: ignore[attr-defined]
    async with database._acquired() as driver:
        driver.add_query_logger(lambda sent: statements.append(sent.query))
    return statements


async def test_what_is_kept_is_read_once(keep: OpenKeeping, store: Store) -> None:
    """Somebody and nobody, by key and by id: without a statement from then on."""
    await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"mail": ["b@x.example"]})])
    keeping = await watching(await keep(connections=1))
    asked = [C1, Lookup("mail", "B@x.example"), Lookup(None, ID_A), NOBODY]
    found = await keeping.resolve_many(asked)
    statements = await statements_of(keeping)
    for _ in range(3):
        assert await keeping.resolve_many(asked) == found == await store.resolve_many(asked)
    assert statements == []
    await keeping.resolve_many([C1, Lookup("crm", "C2")])
    assert len(statements) == 1


async def test_a_write_of_another_is_seen_by_its_notice(keep: OpenKeeping, store: Store) -> None:
    """Though by the clock no time has passed."""
    keeping = await watching(await keep())
    await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
    await until_seen(keeping, Lookup("crm", "C2"), ID_B)
    await store.merge(ID_B, ID_A, actor="t")
    await until_seen(keeping, Lookup("crm", "C2"), ID_A)
    await store.unlink("crm", "C2", actor="t")
    await until_seen(keeping, Lookup("crm", "C2"), None)


async def until_seen(store: Store, lookup: Lookup, customer: str | None) -> None:
    async with asyncio.timeout(1):
        while True:
            found = await store.resolve(lookup)
            if (found and found.customer_id) == customer:
                return
            await asyncio.sleep(0.002)


async def test_a_write_of_another_is_seen_without_its_notice(
    keep: OpenKeeping, tables: PostgresTables, ticks: SteppedTicks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a quarter of a second: the sequence is read on and on, and when it was not, the table is."""
    monkeypatch.setattr("adapters.crossref.postgres.watching._EVERY", 60.0)
    deaf = await watching(await keep())
    silent = await PostgresCrossReference.open(tables.url, secrets=SECRETS)
    silent._database._channel = "another"  # type: ignore[attr-defined]
    assert await deaf.resolve(C1) is None
    await silent.link("crm", "C1", asserted_by="t")
    ticks.now += 0.25
    assert await deaf.resolve(C1) is None
    ticks.now += 0.01
    assert await deaf.resolve(C1) is not None
    await silent.aclose()


async def test_the_sequence_is_asked_for_often_enough(keep: OpenKeeping, tables: PostgresTables) -> None:
    """So that without notices too nothing is kept for longer than it may be, and nothing is read for that reason."""
    keeping = await watching(await keep())
    silent = await PostgresCrossReference.open(tables.url, secrets=SECRETS)
    silent._database._channel = "another"  # type: ignore[attr-defined]
    await silent.link("crm", "C1", asserted_by="t")
    await until_seen(keeping, C1, (await silent.link("crm", "C1", asserted_by="t")).customer)
    await silent.aclose()


async def test_a_write_of_this_process_is_seen_when_it_returns(keep: OpenKeeping) -> None:
    """A link, and a restriction of whom was kept."""
    keeping = await watching(await keep())
    for n in range(20):
        key = Lookup("crm", f"C{n}")
        assert await keeping.resolve(key) is None
        made = await keeping.link("crm", key.key, asserted_by="t")
        found = await keeping.resolve(key)
        assert found is not None
        assert found.customer_id == made.customer
        await keeping.restrict(made.customer, Restriction("r", frozenset({"*"})), actor="t")
        found = await keeping.resolve(key)
        assert found is not None
        assert len(found.restrictions) == 1


async def test_a_write_whose_caller_has_left_is_seen_too(keep: OpenKeeping, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waited until what it has changed was forgotten, and no notice came: the table is read."""
    monkeypatch.setattr("adapters.crossref.postgres.watching._EVERY", 60.0)
    keeping = await watching(await keep())
    database = keeping._database._database  # type: ignore[attr-defined]
    database._channel = "another"
    monkeypatch.setattr(keeping, "_database", database)
    assert await keeping.resolve(C1) is None
    assert len(kept_of(keeping)) == 1
    await keeping.link("crm", "C1", asserted_by="t")
    assert await keeping.resolve(C1) is not None
    monkeypatch.undo()


async def test_writes_about_others_leave_what_is_kept(keep: OpenKeeping, store: Store) -> None:
    """Of a link only its customer is forgotten, and nobody; after a merge everything is."""
    await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
    keeping = await watching(await keep())
    await keeping.resolve_many([C1, Lookup("crm", "C2"), NOBODY])
    await keeping.link("crm", "C3", ID_B, asserted_by="t")
    assert len(kept_of(keeping)) == 1
    await keeping.resolve_many([C1, Lookup("crm", "C2"), NOBODY])
    await keeping.merge(ID_B, ID_A, actor="t")
    assert len(kept_of(keeping)) == 0


async def test_after_very_many_events_everything_is_forgotten(
    keep: OpenKeeping, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not all looked through, as in a bulk load."""
    monkeypatch.setattr("adapters.crossref.postgres.watching._MOST", 3)
    await store.link("crm", "C1", asserted_by="t")
    keeping = await watching(await keep())
    for many in (3, 4):
        await keeping.resolve(C1)
        await rows_of(keeping, [(None, {"crm": [f"{many}-{n}"]}) for n in range(many)])
        assert len(kept_of(keeping)) == (1 if many == 3 else 0)


@pytest.mark.parametrize("own", [True, False])
async def test_what_was_erased_is_gone_from_memory(keep: OpenKeeping, store: Store, own: bool) -> None:
    """At once where it was erased, and elsewhere by the notice, though nobody asks."""
    keeping = await watching(await keep())
    made = await store.link("mail", "a@x.example", asserted_by="t")
    await until_seen(keeping, Lookup("mail", "a@x.example"), made.customer)
    await (keeping if own else store).erase(made.customer, actor="t")
    if not own:
        await until(lambda: len(kept_of(keeping)) == 0)
    assert len(kept_of(keeping)) == 0
    assert await keeping.resolve(Lookup("mail", "a@x.example")) is None


async def test_without_a_listening_connection_the_table_is_read(
    keep: OpenKeeping, store: Store, backdoor: Backdoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is lost everything is forgotten; when it is made again keeping begins anew."""
    monkeypatch.setattr("adapters.crossref.postgres.watching._PAUSES", (0.0, 0.05))
    keeping = await watching(await keep())
    await keeping.resolve(C1)
    assert len(kept_of(keeping)) == 1
    listening = PostgresDatabase.listening

    def refuse(*_: object) -> None:
        raise StoreError("refused")

    monkeypatch.setattr(PostgresDatabase, "listening", refuse)
    assert backdoor(f"SELECT pg_terminate_backend(pid) FROM ({_LISTENERS}) AS l") == [(True,)]
    await until(lambda: len(kept_of(keeping)) == 0)
    made = await store.link("crm", "C1", asserted_by="t")
    found = await keeping.resolve(C1)
    assert found is not None
    assert (found.customer_id, len(kept_of(keeping))) == (made.customer, 0)
    monkeypatch.setattr(PostgresDatabase, "listening", listening)
    await watching(keeping)
    await keeping.resolve(C1)
    assert len(kept_of(keeping)) == 1


@pytest.fixture
def backdoor(tables: PostgresTables) -> Backdoor:
    return tables.look


async def test_a_silent_server_is_not_waited_for(
    keep: OpenKeeping, backdoor: Backdoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept is forgotten within a second, here less, as behind a network that has gone; then another connection
    is made."""
    assert _EVERY + _SILENCE < 1.0
    monkeypatch.setattr("adapters.crossref.postgres.database._SILENCE", 0.1)
    keeping = await watching(await keep())
    await keeping.resolve(C1)
    ((listener,),) = backdoor(_LISTENERS)
    os.kill(listener, signal.SIGSTOP)
    try:
        async with asyncio.timeout(2):
            await until(lambda: len(kept_of(keeping)) == 0)
        assert await keeping.resolve(C1) is None
        await watching(keeping)  # over another connection
    finally:
        os.kill(listener, signal.SIGCONT)


async def test_a_server_that_refuses_to_listen_is_read(
    keep: OpenKeeping, monkeypatch: pytest.MonkeyPatch, ticks: SteppedTicks
) -> None:
    """As a standby does: it is asked again now and then, and nothing is kept."""
    asked = 0

    def refuse(_: PostgresDatabase, __: object) -> None:
        nonlocal asked
        asked += 1
        raise StoreError("refused")

    monkeypatch.setattr(PostgresDatabase, "listening", refuse)
    monkeypatch.setattr("adapters.crossref.postgres.watching._PAUSES", (0.0, 0.01))
    keeping = await keep()
    await until(lambda: asked > 3)
    for _ in range(2):
        assert await keeping.resolve(C1) is None
    assert len(kept_of(keeping)) == 0
    await keeping.link("crm", "C1", asserted_by="t")
    assert await keeping.resolve(C1) is not None


async def test_a_sequence_that_cannot_be_read_after_a_write_forgets_all(
    keep: OpenKeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write stands, and what it has changed is not used."""
    keeping = await watching(await keep())
    await keeping.resolve(C1)
    fetch = PostgresDatabase.fetch

    async def fail(*_: object) -> Sequence[Any]:
        raise StoreError("failed")

    monkeypatch.setattr(PostgresDatabase, "fetch", fail)
    await keeping.link("crm", "C1", asserted_by="t")
    assert len(kept_of(keeping)) == 0
    monkeypatch.setattr(PostgresDatabase, "fetch", fetch)
    assert await keeping.resolve(C1) is not None


async def test_nothing_is_kept_or_read_when_nobody_asks(
    keep: OpenKeeping, store: Store, ticks: SteppedTicks, backdoor: Backdoor
) -> None:
    """After some seconds; a notice then has nothing to do, and whoever asks again begins anew."""
    keeping = await watching(await keep())
    for n in range(2):
        await keeping.resolve(C1)
        assert len(kept_of(keeping)) == 1
        ticks.now += 6
        await until(lambda: len(kept_of(keeping)) == 0)
        await asyncio.sleep(0.12)
        (before,) = backdoor(_LISTENERS.replace("pid FROM", "query_start FROM"))
        await asyncio.sleep(0.25)
        assert backdoor(_LISTENERS.replace("pid FROM", "query_start FROM")) == [before]
        await store.link("crm", f"X{n}", asserted_by="t")
        await watching(keeping)


async def test_a_backup_that_was_restored_is_noticed(
    keep: OpenKeeping, tables: PostgresTables, ticks: SteppedTicks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are fewer events than there were: nothing of what was kept is true."""
    monkeypatch.setattr("adapters.crossref.postgres.watching._PAUSES", (0.0,))
    keeping = await watching(await keep())
    await keeping.link("crm", "C1", asserted_by="t")
    assert await keeping.resolve(C1) is not None
    tables.restore()
    await until(lambda: len(kept_of(keeping)) == 0)
    assert await keeping.resolve(C1) is None
    await watching(keeping)
    await keeping.resolve(C1)
    assert len(kept_of(keeping)) == 1


async def test_tenants_keep_apart(keep: OpenKeeping) -> None:
    """Each has a channel and a sequence of its own."""
    ours, theirs = await watching(await keep()), await watching(await keep(tenant="other"))
    await ours.link("crm", "C1", asserted_by="t")
    for _ in range(2):
        assert await ours.resolve(C1) is not None
        assert await theirs.resolve(C1) is None


async def test_closing_ends_the_watch(keep: OpenKeeping, backdoor: Backdoor) -> None:
    """Whatever it does just now: connecting, watching or at rest."""
    for _ in range(3):
        await (await keep()).aclose()
    keeping = await watching(await keep())
    await keeping.aclose()
    await until(lambda: backdoor(_LISTENERS) == [])
    with pytest.raises(StoreError):
        await keeping.resolve(C1)


async def test_who_only_reads_may_keep(
    store: Store, tables: PostgresTables, postgres: PostgresServer, keep: OpenKeeping
) -> None:
    """To listen takes no right to write."""
    tables.script(
        "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'p@ss/word'; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"
    )
    url = postgres.url("crossref", user="reader", password="p@ss/word")
    reader = await PostgresCrossReference.open(url, secrets=SECRETS, kept_bytes=PLENTY)
    await watching(reader)
    await reader.resolve(C1)
    assert len(kept_of(reader)) == 1
    await reader.aclose()
    tables.script("DROP OWNED BY reader; DROP ROLE reader")


class Witness:
    """What the tables have said, with when each state of them ended by the clock; None is now."""

    def __init__(self, ticks: SteppedTicks) -> None:
        self._ticks = ticks
        self._said: list[tuple[dict[Lookup, Subject | None], float | None]] = []
        self._seen = [0, 0]

    def hear(self, said: dict[Lookup, Subject | None], writer: int) -> None:
        """Take down what the tables say since a store has written, who sees it from now on."""
        self._said[-1:] = [(one, self._ticks.now) for one, _ in self._said[-1:]]
        self._said.append((said, None))
        self._seen[writer] = len(self._said) - 1

    def allows(self, store: int, found: Sequence[Subject | None], asked: Sequence[Lookup]) -> bool:
        """Return whether this is what they said all at one time within the last quarter of a second, and not before
        what this store itself has written."""
        return any(
            is_of(found, asked, said)
            for said, ended in self._said[self._seen[store] :]
            if ended is None or self._ticks.now - ended <= 0.25
        )


async def play(url: str, steps: Sequence[tuple[Step, float]]) -> None:
    clock, ticks = SteppedClock(), SteppedTicks()
    async with AsyncExitStack() as stack:
        stores: list[Store] = []
        for most in (6000, PLENTY, 0):
            store = await PostgresCrossReference.open(url, clock=clock, ticks=ticks, secrets=SECRETS, kept_bytes=most)
            stack.push_async_callback(store.aclose)
            stores.append(store)
        await follow(stores, ticks, steps)


async def follow(stores: Sequence[Store], ticks: SteppedTicks, steps: Sequence[tuple[Step, float]]) -> None:
    *keeping, plain = stores
    game, witness = Play(plain), Witness(ticks)
    witness.hear(await game.snapshot(), 0)
    for step, wait in steps:
        if step.kind == "wait":
            ticks.now += wait
            await asyncio.sleep(wait / 20)
        elif step.kind != "look":
            await game.write(stores[step.store], step)
            witness.hear(await game.snapshot(), step.store)
        for asked in (game.asked(step), game.everything):
            for place, store in enumerate(keeping):
                assert witness.allows(place, await store.resolve_many(asked), asked), step


WAITS = st.lists(st.sampled_from([0.01, 0.1, 0.2, 0.3]), min_size=30, max_size=30)


def check_play(tables: PostgresTables, steps: list[Step], waits: list[float]) -> None:
    tables.restore()
    asyncio.run(play(tables.url, list(zip(steps, waits, strict=False))))


@settings(max_examples=10, deadline=None)
@given(steps=STEPS, waits=WAITS)
def test_what_is_kept_says_what_the_tables_said(
    all_tables: PostgresTables, steps: list[Step], waits: list[float]
) -> None:
    """Two stores over one database write and look up by turns: every answer is what the tables say, or said less than a
    quarter of a second ago if another store has written since; and all of it is of one moment."""
    check_play(all_tables, steps, waits)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(steps=STEPS, waits=WAITS)
def test_what_is_kept_says_what_the_tables_said_at_length(
    all_tables: PostgresTables, steps: list[Step], waits: list[float]
) -> None:
    """The same, many times over."""
    check_play(all_tables, steps, waits)
