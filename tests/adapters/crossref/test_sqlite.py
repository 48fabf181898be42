"""The SQLite store: the contract, and what holds for this store alone."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from adapters.crossref import (
    HkdfSecrets,
    IdentifierType,
    InputError,
    Lookup,
    Restriction,
    SchemaOutdatedError,
    SourceSystem,
    SqliteCrossReference,
    StoreError,
)
from adapters.crossref.connecting import _keep_log
from adapters.crossref.database import Asked
from adapters.crossref.events import moment
from adapters.crossref.identifiers.identifying import _FOUND, _KEPT, _MERGED
from adapters.crossref.operations.noting_identifiers import _HOLDERS
from adapters.crossref.reading import Reader
from adapters.crossref.sqlite.database import SqliteConnection
from adapters.crossref.sqlite.finding import _ONE_BY_ID, SqliteFinder
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    SECRETS,
    Backdoor,
    Store,
    close,
    rows_of,
)
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
from tests.adapters.crossref.plans import SqlitePlans, noted

CANARY = "canary.person@example.org"


@pytest.fixture(autouse=True)
def every_statement_goes_by_index(sqlite_plans: SqlitePlans, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is asked in a test reads no whole table, and not all that is a tenant's, with statistics or without."""
    statements = noted(monkeypatch, SqliteConnection)
    yield
    assert sqlite_plans.wrong(statements) == []


class TestResolving(ResolvingContract):
    """Look-ups on SQLite."""


class TestWriting(WritingContract):
    """Links and merges on SQLite."""


class TestUnlinking(UnlinkingContract):
    """Keys that leave, move and are replaced on SQLite."""


class TestNews(NewsContract):
    """What sources say of keys on SQLite."""


class TestNonMatching(NonMatchingContract):
    """Keys that stay apart on SQLite."""


class TestRepeating(RepeatingContract):
    """Writes asked for twice on SQLite."""


class TestAsOf(AsOfContract):
    """Look-ups of the past on SQLite."""


class TestRecounting(RecountingContract):
    """Histories, exports and the change feed on SQLite."""


class TestTelling(TellingContract):
    """What is told of non-matches, limits and new keys on SQLite."""


class TestDeciding(DecidingContract):
    """Candidates on SQLite."""


class TestMerging(MergingContract):
    """Merges and their previews on SQLite."""


class TestUndoing(UndoingContract):
    """Merges undone on SQLite."""


class TestSplitting(SplittingContract):
    """Customers split on SQLite."""


class TestRestricting(RestrictingContract):
    """Restrictions made and lifted on SQLite."""


class TestErasing(ErasingContract):
    """Customers erased on SQLite."""


class TestLoading(LoadingContract):
    """Bulk loads on SQLite."""


class TestIdentifiers(IdentifiersContract):
    """Identifiers on SQLite."""


class TestRekeying(RekeyingContract):
    """Versions of digests on SQLite."""


class TestSecrets(SecretsContract):
    """Secrets on SQLite."""


class TestVersions(VersionsContract):
    """Versions that are expected on SQLite."""


class TestVerifying(VerifyingContract):
    """The chain of events on SQLite."""


class TestFolding(FoldingContract):
    """The tables as the events tell them on SQLite."""


def statements_of(store: SqliteCrossReference, statements: list[str]) -> None:
    store._finder.connection.set_trace_callback(statements.append)


@pytest.mark.parametrize("count", [1, 50, 256])
async def test_a_batch_takes_as_many_statements_whatever_is_found(
    store: SqliteCrossReference, backdoor: Backdoor, count: int
) -> None:
    """Unknown, erased, retired, restricted and known customers make the same reads: one, which is one moment."""
    await rows_of(store, [(f"cus_{n:032x}", {"crm": [f"C{n}"]}) for n in range(count)])
    restriction = Restriction("r", frozenset({"*"}))
    traces: list[list[str]] = []
    for status in ("active", "restricted", "retired", "erased"):
        if status == "restricted":
            await rows_of(store, [], restrictions={Lookup("crm", f"C{n}"): [restriction] for n in range(count)})
        for n in range(count if status in ("retired", "erased") else 0):
            close(backdoor, f"cus_{n:032x}", status)
        for asked in (("crm", "C{}"), (None, "cus_{:032x}")):
            traces.append([])
            statements_of(store, traces[-1])
            await store.resolve_many([Lookup(asked[0], asked[1].format(n)) for n in range(count)])
    traces.append([])
    statements_of(store, traces[-1])
    await store.resolve_many([Lookup("crm", "\x00")] * count)
    assert [[line.split()[0] for line in trace] for trace in traces] == [["SELECT"]] * 9


@pytest.mark.parametrize("key", ["C1", "nobody", "\x00"])
async def test_a_batch_takes_one_statement_more_for_each_source(store: SqliteCrossReference, key: str) -> None:
    """One read for each source by whose keys is asked and one for ids, held to one moment; found or not."""
    await store.link("crm", "C1", asserted_by="feed")
    trace: list[str] = []
    statements_of(store, trace)
    await store.resolve_many(
        [Lookup("crm", key), Lookup(None, ID_A), Lookup("billing", key), Lookup("nowhere", key), Lookup("crm", "C2")]
    )
    known = [line for line in trace if "source_system" not in line]
    assert [line.split()[0] for line in known] == ["BEGIN", *["SELECT"] * 4, "COMMIT"]


async def test_one_look_up_by_two_forms_of_a_key_is_one_batch(store: SqliteCrossReference) -> None:
    """A sealed key is asked for in the form of every version of the secrets, in one statement; another one,
    which reads one row, asks whether others have written with a secret that is not at hand."""
    await rows_of(store, [(ID_A, {"mail": [CANARY]})])
    store._keyring._secrets = HkdfSecrets({1: b"one secret of thirty-two bytes..", 2: b"2" * 32})
    trace: list[str] = []
    statements_of(store, trace)
    found = await store.resolve(Lookup("mail", CANARY))
    assert found is not None
    assert [linked.key for linked in found.keys["mail"]] == [CANARY]
    assert [line.split()[0] for line in trace] == ["SELECT"] * 2
    assert trace[1] == "SELECT secret_marks FROM tenant WHERE tenant_id = 'default'"


@pytest.mark.parametrize("analysed", [False, True])
async def test_look_ups_go_by_index_and_build_nothing(store: SqliteCrossReference, path: Path, analysed: bool) -> None:
    """No statement of a look-up scans a table, builds a filter over one, or goes on from an index to rows of customers
    and links; with statistics or without."""
    if analysed:
        await rows_of(store, [(None, {"crm": [f"C{n}"]}) for n in range(600)])
    trace: list[str] = []
    with sqlite3.connect(path) as connection:
        reader = Reader(SqliteFinder(connection, "default"), store._keyring, {})
        connection.set_trace_callback(trace.append)
        ids = [Lookup(None, ID_A), Lookup(None, ID_B)]
        await reader.resolve_many([Lookup("crm", f"C{n}") for n in range(50)] + ids)
        await reader.resolve_many([Lookup("crm", "C1")])
        await reader.resolve_many([Lookup(None, ID_A)])
        connection.set_trace_callback(None)
        reads = [line for line in trace if line.split()[0] in ("WITH", "SELECT")]
        plans = [row[3] for line in reads for row in connection.execute(f"EXPLAIN QUERY PLAN {line}")]
    connection.close()
    scans = {line for line in plans if line.startswith("SCAN") and "CONSTANT ROW" not in line}
    assert len(reads) == 5
    assert scans <= {"SCAN asked", "SCAN asked VIRTUAL TABLE INDEX 1:", "SCAN source_system", "SCAN f", "SCAN named"}
    assert not [line for line in plans if "BLOOM" in line or "TEMP" in line or "AUTOMATIC" in line]
    searches = [line for line in plans if line.split()[:2] in (["SEARCH", each] for each in "lcrskm")]
    assert {line.split(" (")[0].split()[-1] for line in searches} == {
        *("link_history", "customer_closed", "customer_status", "link_current_customer", "customer_survivor")
    }
    assert not [line for line in searches if "COVERING" not in line and "customer_survivor" not in line]


async def test_restrictions_are_looked_for_once_a_customer(store: SqliteCrossReference, path: Path) -> None:
    """And not once for each of its keys: the plan takes them up where the customer is found."""
    with sqlite3.connect(path) as connection:
        plan = [
            row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {_ONE_BY_ID}", ("default", None, ID_A, False))
        ]
    connection.close()
    assert plan[0] == "CO-ROUTINE f"
    assert plan.index("SCAN f") > max(place for place, line in enumerate(plan) if "SUBQUERY" in line)
    assert plan[-1].startswith("SEARCH k USING COVERING INDEX link_current_customer")


@pytest.mark.parametrize("others", [0, 1])
async def test_keys_of_whoever_is_restricted_from_everything_are_not_read(
    store: SqliteCrossReference, others: int
) -> None:
    """Not by the database either: nothing is to take the time of reading them."""
    everything, name = Restriction("g", frozenset({"*"})), Restriction("g", frozenset({"Customer.name"}))
    await rows_of(store, [(ID_A, {"crm": ["A1", "A2"]}), (ID_B, {"crm": ["B1"]})])
    await store.restrict(ID_A, everything, actor="officer")
    await store.restrict(ID_B, name, actor="officer")
    asked: Sequence[Asked] = [(0, None, ID_A), (1, None, ID_B), (2, "crm", "A1")][: 1 + 2 * others]
    read = (await store._finder.find(asked)).links
    assert [[row[3] for row in read[place]] for place in read] == [[None], ["B1"], [None]][: len(asked)]
    read = (await store._finder.find(asked, restricted_keys=True)).links
    assert [len(read[place]) for place in read] == [2, 1, 2][: len(asked)]


@pytest.mark.parametrize("others", [0, 1])
async def test_what_is_restricted_is_told_of_whom(store: SqliteCrossReference, others: int) -> None:
    """Whether one is asked for or several, by key or by id: those of each customer and of the ids merged into it that
    were not lifted, once each, however many keys there are."""
    one, two, three, late = (Restriction(name, frozenset({"Customer.name"})) for name in ("1", "2", "3", "late"))
    await rows_of(
        store,
        [(ID_A, {"crm": ["A1", "A2"], "billing": ["A3"]}), (ID_B, {"crm": ["B1"]}), (ID_C, {"crm": ["C1"]})],
        restrictions={Lookup(None, ID_A): [one, late], Lookup(None, ID_B): [one, two], Lookup(None, ID_C): [three]},
    )
    await store.merge(ID_B, ID_A, actor="steward")
    await store.lift(ID_B, "late", actor="officer")
    rest = [Lookup("crm", "C1")] * others + [Lookup(None, ID_C)] * others
    for asked in (Lookup("crm", "B1"), Lookup("billing", "A3"), Lookup(None, ID_A), Lookup(None, ID_B)):
        found, *more = await store.resolve_many([asked, *rest])
        assert found is not None
        assert found.restrictions == (one, two)
        assert [len(keys) for keys in (found.keys["crm"], found.keys["billing"])] == [3, 1]
        assert [other and other.restrictions for other in more] == [(three,)] * len(rest)
    await store.restrict(ID_A, late, actor="officer")
    found = await store.resolve(Lookup(None, ID_B))
    assert found is not None
    assert found.restrictions == (one, two, late)


@pytest.mark.parametrize("statement", [_FOUND, _MERGED, _KEPT.replace("?*", "?, ?"), _HOLDERS])
def test_identifiers_are_found_by_index(store: SqliteCrossReference, path: Path, statement: str) -> None:
    """On empty tables without statistics, too: no step scans a table or a tenant."""
    with sqlite3.connect(path) as connection:
        values = [None] * statement.count("?")
        plans = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    connection.close()
    assert not [line for line in plans if line.startswith("SCAN")]


async def test_sealed_keys_and_identifiers_are_nowhere_in_the_files(store: Store, path: Path) -> None:
    """Neither they nor a digest that anybody could make of them stands in the database, its log or its index."""
    await rows_of(store, [(ID_A, {"mail": [CANARY]}), (ID_B, {"crm": ["C1"]})])
    await store.link("mail", f"x{CANARY}", ID_B, asserted_by="feed")
    await store.merge(ID_B, ID_A, actor="steward")
    found = await store.resolve(Lookup("mail", CANARY))
    assert found is not None
    assert len(found.keys["mail"]) == 2
    other = await store.link("crm", "K1", asserted_by="feed")
    shown = {IdentifierType.EMAIL: [CANARY.upper()], IdentifierType.PHONE: ["+49 171 2345678"]}
    for customer in (ID_A, other.customer):
        await store.note_identifiers(customer, "crm", shown, actor="feed", idempotency_key=customer)
    assert await store.resolve_identifier(IdentifierType.PHONE, "+491712345678") is None
    files = [file for file in path.parent.iterdir() if file.name.startswith(path.name)]
    stored = b"".join(file.read_bytes() for file in files)
    assert {file.name.removeprefix(path.name) for file in files} == {"", "-wal", "-shm"}
    assert ID_A.encode() in stored
    for text in (CANARY, CANARY.upper(), "canary.person", "+49 171 2345678", "+491712345678", "1712345678"):
        forms = [text.encode(), base64.b64encode(text.encode()), text.encode().hex().encode(), text.encode("utf-16-le")]
        for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512):
            raw = digest(text.encode()).digest()
            forms += [raw, raw.hex().encode(), base64.b64encode(raw)[:-2], base64.urlsafe_b64encode(raw)[:-2]]
        assert not [form for form in forms if form in stored]


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    """A new database is readable by its owner and nobody else, and so are the files beside it."""
    place = tmp_path / "fresh.db"
    fresh = SqliteCrossReference.open(place)
    modes = {file.stat().st_mode & 0o777 for file in tmp_path.iterdir() if file.name.startswith("fresh.db")}
    fresh.close()
    assert modes == {0o600}


def test_opening_twice_at_once_makes_the_tables_once(path: Path) -> None:
    """Two processes that start on a new file do not trip over each other."""
    with ThreadPoolExecutor(2) as pool:
        for opened in list(pool.map(lambda _: SqliteCrossReference.open(path), range(2))):
            opened.close()


@pytest.mark.parametrize("place", ["", ":memory:", "sqlite:///", "postgresql://host/db"])
def test_a_place_that_is_no_file_is_refused(place: str) -> None:
    """The embedded store lives in a file, and says so."""
    with pytest.raises(StoreError, match="wanted a path"):
        SqliteCrossReference.open(place)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A place that cannot be written is our error, and names no path."""
    with pytest.raises(StoreError) as caught:
        SqliteCrossReference.open(tmp_path / "nowhere" / "x.db")
    assert "nowhere" not in str(caught.value)


def test_tables_are_made_only_when_wanted(path: Path) -> None:
    """With migrate=False a database without our tables is refused, and none is made."""
    with pytest.raises(SchemaOutdatedError, match="migrate=True"):
        SqliteCrossReference.open(path, migrate=False)
    assert not path.exists()
    SqliteCrossReference.open(path).close()
    SqliteCrossReference.open(path, migrate=False).close()


def test_what_fails_while_opening_leaves_nothing_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the reading connection either, which comes last."""
    closed: list[SqliteFinder] = []
    close_one = SqliteFinder.close

    async def fail(_: SqliteFinder) -> None:
        raise StoreError("failed")

    def close_and_note(finder: SqliteFinder) -> None:
        closed.append(finder)
        close_one(finder)

    monkeypatch.setattr(SqliteFinder, "sources", fail)
    monkeypatch.setattr(SqliteFinder, "close", close_and_note)
    with pytest.raises(StoreError, match="failed"):
        SqliteCrossReference.open(path)
    assert len(closed) == 1


async def test_a_busy_database_is_told(
    store: SqliteCrossReference, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that another process keeps out says what to do; reads go on."""
    monkeypatch.setattr("adapters.crossref.connecting.BUSY_MS", 20)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="try again"):
        await store.link("crm", "C1", asserted_by="feed")
    assert await store.resolve(Lookup("crm", "C1")) is None
    blocker.close()


def test_a_clock_without_a_zone_is_refused() -> None:
    """Times are told with their zone."""
    with pytest.raises(ValueError, match="zone"):
        moment(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(("name", "limit"), [("", None), ("1crm", None), ("c r m", None), ("crm", 0)])
def test_a_source_is_checked(name: str, limit: int | None) -> None:
    """A source has a name that can stand in settings, and a limit that can be kept."""
    with pytest.raises(InputError, match="SOURCE_INVALID"):
        SourceSystem(name, max_live=limit)


def test_secrets_do_not_print() -> None:
    """The repr tells versions alone."""
    assert repr(SECRETS) == "HkdfSecrets(versions=(1,))"


class Stubborn:
    """A connection whose change of journal fails some times."""

    def __init__(self, code: int, failures: int) -> None:
        self.code, self.failures, self.asked = code, failures, 0

    def execute(self, statement: str) -> None:
        self.asked += 1
        if self.asked <= self.failures:
            error = sqlite3.OperationalError("refused")
            error.sqlite_errorcode, error.sqlite_errorname = self.code, "CODE"
            raise error


@pytest.mark.parametrize(
    ("code", "failures", "asked"),
    [
        (sqlite3.SQLITE_BUSY, 2, 3),
        (sqlite3.SQLITE_BUSY, 7, 8),
        (sqlite3.SQLITE_BUSY, 99, 8),
        (sqlite3.SQLITE_IOERR, 99, 1),
    ],
)
def test_a_new_file_waits_its_turn(monkeypatch: pytest.MonkeyPatch, code: int, failures: int, asked: int) -> None:
    """The change to a log is tried again while another process makes it, up to eight times."""
    paused: list[float] = []
    monkeypatch.setattr("adapters.crossref.connecting.time.sleep", paused.append)
    connection = Stubborn(code, failures)
    if failures == 99:
        with pytest.raises(sqlite3.OperationalError):
            _keep_log(connection)  # type: ignore[arg-type]
    else:
        _keep_log(connection)  # type: ignore[arg-type]
    assert (connection.asked, len(paused)) == (asked, asked - 1)
