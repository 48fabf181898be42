"""The PostgreSQL store: the contract, and what holds for this store alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.crossref import (
    InputError,
    Lookup,
    PostgresCrossReference,
    Restriction,
    Secrets,
    SourceSystem,
    StoreError,
)
from adapters.crossref.database import Asked
from adapters.crossref.ledger import Ledger
from adapters.crossref.postgres.database import _SESSION, PostgresConnection, connected
from adapters.crossref.postgres.finding import _FIND, PostgresFinder
from adapters.sandbox.postgres import PostgresServer
from tests.adapters.crossref.contract import ID_A, ID_B, SECRETS, Backdoor, Open, SteppedClock, Store, rows_of
from tests.adapters.crossref.contract_as_of import AsOfContract
from tests.adapters.crossref.contract_deciding import DecidingContract
from tests.adapters.crossref.contract_erasing import ErasingContract
from tests.adapters.crossref.contract_folding import FoldingContract
from tests.adapters.crossref.contract_identifiers import IdentifiersContract
from tests.adapters.crossref.contract_loading import LoadingContract
from tests.adapters.crossref.contract_merging import MergingContract, UndoingContract
from tests.adapters.crossref.contract_news import NewsContract
from tests.adapters.crossref.contract_non_matching import NonMatchingContract
from tests.adapters.crossref.contract_recounting import RecountingContract
from tests.adapters.crossref.contract_rekeying import RekeyingContract
from tests.adapters.crossref.contract_repeating import RepeatingContract
from tests.adapters.crossref.contract_resolving import ResolvingContract
from tests.adapters.crossref.contract_secrets import SecretsContract
from tests.adapters.crossref.contract_splitting import RestrictingContract, SplittingContract
from tests.adapters.crossref.contract_telling import TellingContract
from tests.adapters.crossref.contract_unlinking import UnlinkingContract
from tests.adapters.crossref.contract_verifying import VerifyingContract
from tests.adapters.crossref.contract_versions import VersionsContract
from tests.adapters.crossref.contract_writing import WritingContract
from tests.adapters.crossref.plans import PostgresPlans, noted
from tests.adapters.crossref.postgres_tables import PostgresTables

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def every_statement_goes_by_index(postgres_plans: PostgresPlans, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is asked in a test reads no whole table, and not all that is a tenant's."""
    statements = noted(monkeypatch, PostgresConnection)
    yield
    assert postgres_plans.wrong(statements) == []


@pytest.fixture
async def open_for(tables: PostgresTables, clock: SteppedClock) -> AsyncIterator[Open]:
    made: list[Store] = []

    async def opened(tenant: str = "default", *, secrets: Secrets | None = SECRETS, kept_bytes: int = 0) -> Store:
        store = await PostgresCrossReference.open(
            tables.url, tenant=tenant, clock=clock, secrets=secrets, kept_bytes=kept_bytes
        )
        made.append(store)
        return store

    yield opened
    for store in made:
        await store.aclose()


@pytest.fixture
async def store(open_for: Open) -> Store:
    return await open_for()


@pytest.fixture
def backdoor(tables: PostgresTables) -> Backdoor:
    return tables.look


class TestResolving(ResolvingContract):
    """Look-ups on PostgreSQL."""


class TestWriting(WritingContract):
    """Links and merges on PostgreSQL."""


class TestUnlinking(UnlinkingContract):
    """Keys that leave, move and are replaced on PostgreSQL."""


class TestNews(NewsContract):
    """What sources say of keys on PostgreSQL."""


class TestNonMatching(NonMatchingContract):
    """Keys that stay apart on PostgreSQL."""


class TestRepeating(RepeatingContract):
    """Writes asked for twice on PostgreSQL."""


class TestAsOf(AsOfContract):
    """Look-ups of the past on PostgreSQL."""


class TestRecounting(RecountingContract):
    """Histories, exports and the change feed on PostgreSQL."""


class TestTelling(TellingContract):
    """What is told of non-matches, limits and new keys on PostgreSQL."""


class TestDeciding(DecidingContract):
    """Candidates on PostgreSQL."""


class TestMerging(MergingContract):
    """Merges and their previews on PostgreSQL."""


class TestUndoing(UndoingContract):
    """Merges undone on PostgreSQL."""


class TestSplitting(SplittingContract):
    """Customers split on PostgreSQL."""


class TestRestricting(RestrictingContract):
    """Restrictions made and lifted on PostgreSQL."""


class TestErasing(ErasingContract):
    """Customers erased on PostgreSQL."""


class TestLoading(LoadingContract):
    """Bulk loads on PostgreSQL."""


class TestIdentifiers(IdentifiersContract):
    """Identifiers on PostgreSQL."""


class TestRekeying(RekeyingContract):
    """Versions of digests on PostgreSQL."""


class TestSecrets(SecretsContract):
    """Secrets on PostgreSQL."""


class TestVersions(VersionsContract):
    """Versions that are expected on PostgreSQL."""


class TestVerifying(VerifyingContract):
    """The chain of events on PostgreSQL."""


class TestFolding(FoldingContract):
    """The tables as the events tell them on PostgreSQL."""


async def link(store: Store, key: str, customer: str | None = None) -> str:
    return (await store.link("crm", key, customer, asserted_by="tester")).customer


async def statements_of(store: Store, statements: list[str]) -> None:
    """Keep what is sent on the store's one connection, which knows the types by now."""
    await store.resolve(Lookup("crm", "?"))
    async with store._database._acquired() as driver:  # type: ignore[attr-defined]
        driver._con.add_query_logger(lambda sent: statements.append(sent.query))


async def until(tables: PostgresTables, *, waiting: bool) -> None:
    """Return when somebody waits for a lock, or nobody does."""
    while bool(tables.look("SELECT 1 FROM pg_locks WHERE NOT granted")) is not waiting:  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(0.005)


@pytest.fixture
async def single(tables: PostgresTables, clock: SteppedClock) -> AsyncIterator[PostgresCrossReference]:
    """A store with one connection."""
    store = await PostgresCrossReference.open(tables.url, clock=clock, secrets=SECRETS, connections=1)
    yield store
    await store.aclose()


@pytest.mark.parametrize("count", [0, 1, 50, 600])
async def test_a_batch_is_one_round_trip_whatever_is_asked(single: PostgresCrossReference, count: int) -> None:
    """Keys and ids, known and unknown, plain and sealed, with restrictions or without: one statement."""
    await rows_of(single, [(f"cus_{n:032x}", {"crm": [f"C{n}"]}) for n in range(min(count, 10))])
    sent: list[str] = []
    await statements_of(single, sent)
    asked = [Lookup("crm", f"C{n}") for n in range(count)] + [Lookup(None, f"cus_{n:032x}") for n in range(count)]
    found = await single.resolve_many(asked + [Lookup("mail", "a@example.org"), Lookup("crm", "\x00")] * (count > 0))
    assert sent == [_FIND]
    assert sum(one is not None for one in found) == 2 * min(count, 10)


async def test_look_ups_go_by_index(single: PostgresCrossReference, backdoor: Backdoor) -> None:
    """On empty tables without statistics, too: no step scans a table or a tenant."""
    statement = _FIND.replace("$1", "'default'").replace("$2", "'{0,1}'")
    statement = statement.replace("$3", "'{crm,null}'").replace("$4", f"'{{C1,{ID_A}}}'").replace("$5", "false")
    async with single._database._acquired() as driver:  # type: ignore[attr-defined]
        plan = "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {statement}"))
    assert "Seq Scan" not in plan
    conditions = [line.strip() for line in plan.splitlines() if "Index Cond" in line]
    *others, of_tenant = conditions
    assert (len(others), of_tenant) == (6, "Index Cond: (tenant_id = 'default'::text)")
    assert all(line.count(" = ") >= 2 for line in others), plan


async def test_a_bulk_load_leaves_statistics(store: Store, backdoor: Backdoor) -> None:
    """Without them the first look-ups afterwards would be planned for empty tables."""
    await rows_of(store, [(None, {"crm": [f"C{n}"]}) for n in range(1030)])
    assert backdoor("SELECT reltuples FROM pg_class WHERE oid = 'public.link'::regclass") == [(1030.0,)]


async def test_keys_of_whoever_is_restricted_from_everything_are_not_read(single: PostgresCrossReference) -> None:
    """Not by the database either: nothing is to take the time of reading them."""
    everything, name = Restriction("g", frozenset({"*"})), Restriction("g", frozenset({"Customer.name"}))
    await rows_of(single, [(ID_A, {"crm": ["A1", "A2"]}), (ID_B, {"crm": ["B1"]})])
    await single.restrict(ID_A, everything, actor="officer")
    await single.restrict(ID_B, name, actor="officer")
    finder = PostgresFinder(single._database, "default")  # type: ignore[arg-type]
    asked: list[Asked] = [(0, None, ID_A), (1, None, ID_B), (2, "crm", "A1")]
    read = (await finder.find(asked)).links
    assert [[row[3] for row in read[place]] for place in range(3)] == [[None], ["B1"], [None]]
    read = (await finder.find(asked, restricted_keys=True)).links
    assert [len(read[place]) for place in range(3)] == [2, 1, 2]


async def test_every_text_sorts_by_its_bytes(backdoor: Backdoor) -> None:
    """As Python's does: in a database of another collation a pair in order here would be out of order there."""
    rows = backdoor(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = 'text'"
    )
    assert len(rows) > 40
    assert {row[2] for row in rows} == {"C"}


async def test_a_key_that_another_has_just_written_is_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write past the lock, as by another program: the index holds, and the next attempt sees what stands."""
    owner, asked = Ledger.owner, 0

    async def blind(self: Ledger, source: SourceSystem, key: str) -> str | None:
        nonlocal asked
        asked += 1
        return None if asked == 1 else await owner(self, source, key)

    made = await link(store, "C1")
    monkeypatch.setattr(Ledger, "owner", blind)
    assert await link(store, "C1") == made
    assert asked == 2
    assert (await store.verify_chain()).holds


async def test_a_race_that_does_not_end_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In our words, after four attempts; the server's text would hold the key."""
    asked: list[str] = []

    async def blind(_: Ledger, __: SourceSystem, key: str) -> None:
        asked.append(key)

    await link(store, "CANARY")
    monkeypatch.setattr(Ledger, "owner", blind)
    with pytest.raises(StoreError, match="written by others at the same time; try again") as caught:
        await link(store, "CANARY")
    assert (len(asked), "CANARY" in str(caught.value), caught.value.__cause__) == (4, False, None)


async def test_a_connection_lost_in_the_middle_of_a_write_is_made_again(
    store: Store, backdoor: Backdoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before is taken back by the server, and all of it is written once more."""
    ended: list[object] = []

    async def insert(ledger: Ledger, *_: object) -> None:
        row = await ledger.connection.fetch_one("SELECT pg_backend_pid()")
        assert row is not None
        if not ended:
            ended.extend(backdoor("SELECT pg_terminate_backend(?)", row[0]))

    monkeypatch.setattr("adapters.crossref.operations.linking.insert_restrictions", insert)
    before = (await store.verify_chain()).events
    done = await store.link("crm", "C1", asserted_by="tester")
    assert (done.seq, done.version, ended) == (before + 1, 1, [(True,)])
    assert (await store.verify_chain()).holds


async def test_a_connection_lost_between_look_ups_is_made_again(store: Store, backdoor: Backdoor) -> None:
    """Nobody notices."""
    made = await link(store, "C1")
    statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    assert backdoor(statement + "pg_backend_pid()")
    for _ in range(3):
        found = await store.resolve(Lookup("crm", "C1"))
        assert found is not None
        assert found.customer_id == made
    assert await link(store, "C1") == made


async def test_a_look_up_that_nobody_waits_for_keeps_no_connection(
    single: PostgresCrossReference, tables: PostgresTables
) -> None:
    """The one connection answers the next as soon as the server has ended the statement."""
    await link(single, "C1")
    async with connected(tables.url) as other, other.transaction():
        await other.execute("LOCK TABLE customer")
        asking = asyncio.create_task(single.resolve(Lookup("crm", "C1")))
        await until(tables, waiting=True)
        asking.cancel()
        await asyncio.wait([asking], timeout=1)
        assert asking.cancelled()
        await until(tables, waiting=False)
    assert await single.resolve(Lookup("crm", "C1")) is not None


async def test_a_writer_that_keeps_others_out_is_told(
    tables: PostgresTables, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write waits for another process for some seconds, here less; reads go on, and so do other tenants."""
    monkeypatch.setitem(_SESSION, "lock_timeout", "50ms")
    store = await PostgresCrossReference.open(tables.url, clock=clock, secrets=SECRETS)
    other = await PostgresCrossReference.open(tables.url, clock=clock, tenant="other")
    async with connected(tables.url) as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM tenant WHERE tenant_id = 'default' FOR UPDATE")
        with pytest.raises(StoreError, match="kept by another process, which writes for too long; try again"):
            await link(store, "C1")
        assert await store.resolve(Lookup("crm", "C1")) is None
        await other.register_source(SourceSystem("crm"), actor="admin")
    await link(store, "C1")
    await store.aclose()
    await other.aclose()


async def test_a_statement_that_takes_too_long_is_ended(
    tables: PostgresTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the server itself, and told."""
    monkeypatch.setitem(_SESSION, "statement_timeout", "50ms")
    store = await PostgresCrossReference.open(tables.url, secrets=SECRETS)
    async with connected(tables.url) as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE customer")
        with pytest.raises(StoreError, match="did not answer in time; try again"):
            await store.resolve(Lookup(None, ID_B))
    await store.aclose()


async def test_who_waits_to_write_may_leave(store: Store, tables: PostgresTables) -> None:
    """A write that has not begun is not made when its caller is cancelled; the one under way is."""
    async with connected(tables.url) as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM tenant WHERE tenant_id = 'default' FOR UPDATE")
        first, second = (asyncio.create_task(link(store, key)) for key in ("C1", "C2"))
        await until(tables, waiting=True)
        second.cancel()
        await asyncio.wait([second])
    await first
    assert [one is None for one in await store.resolve_many([Lookup("crm", "C1"), Lookup("crm", "C2")])] == [
        False,
        True,
    ]


async def test_closing_waits_for_the_write_under_way(store: Store, open_for: Open) -> None:
    """Whoever asked for it gets its answer."""
    writing = asyncio.create_task(link(store, "C1"))
    await asyncio.sleep(0)
    await store.aclose()
    again = await open_for()
    found = await again.resolve(Lookup("crm", "C1"))
    assert found is not None
    assert found.customer_id == await writing


async def test_closing_does_not_wait_for_a_look_up_that_does_not_end(
    store: Store, tables: PostgresTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given some seconds, here less, and ends with an error."""
    monkeypatch.setattr("adapters.crossref.postgres.database._GRACE", 0.05)
    async with connected(tables.url) as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE customer")
        asking = asyncio.create_task(store.resolve(Lookup("crm", "C1")))
        await until(tables, waiting=True)
        await store.aclose()
        with pytest.raises(StoreError):
            await asking


async def test_a_number_that_no_column_takes_is_refused(store: Store) -> None:
    """Before it is written."""
    for limit in (0, 2**31):
        with pytest.raises(InputError, match="SOURCE_INVALID"):
            SourceSystem("crm", max_live=limit)
    with pytest.raises(InputError, match="SOURCE_INVALID"):
        SourceSystem("crm", priority=2**31)


async def test_who_only_reads_needs_no_right_to_write(
    store: Store, tables: PostgresTables, postgres: PostgresServer
) -> None:
    """A gateway looks up with SELECT alone; what it may not, it says."""
    made = await link(store, "C1")
    tables.script(
        "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'p@ss/word'; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"
    )
    reader = await PostgresCrossReference.open(
        postgres.url("crossref", user="reader", password="p@ss/word"), secrets=SECRETS
    )
    found = await reader.resolve(Lookup("crm", "C1"))
    assert found is not None
    assert found.customer_id == made
    with pytest.raises(StoreError, match="refused access to a table; give the user the right to it"):
        await link(reader, "C2")
    await reader.aclose()
    tables.script("DROP OWNED BY reader; DROP ROLE reader")
