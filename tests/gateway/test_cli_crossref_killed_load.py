"""`customer-view crossref load` killed with SIGKILL, again and again, over databases of both kinds."""

from __future__ import annotations

import asyncio
import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import KeyFormat, Lookup, SourceSystem, StoredCrossReference, open_crossref
from adapters.crossref.postgres.database import connected
from adapters.sandbox.postgres import PostgresServer
from tests.adapters.crossref.postgres_tables import make_database
from tests.gateway.cli_project import ENVIRONMENT, run

NUMBERS = count()
ROWS = 5_000
CONFLICTS, WRONG = range(1_004, ROWS, 400), range(1_300, ROWS, 700)
SEEDS = [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)]

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer.start() as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def crossref(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a cross-reference with the sources crm and billing, whose keys are digits."""
    monkeypatch.chdir(tmp_path)
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/crossref.db"
    else:
        server, name = request.getfixturevalue("server"), f"killed{next(NUMBERS)}"
        asyncio.run(make_database(server, name))
        url = server.url(name)
    within(url, register)
    return url


async def register(store: StoredCrossReference) -> None:
    for source in (SourceSystem("crm"), SourceSystem("billing", KeyFormat.DIGITS)):
        await store.register_source(source, actor="admin")


def within(url: str, work: Callable[[StoredCrossReference], Any]) -> Any:
    """Return what the work returns, past the command."""

    async def opened() -> Any:
        async with open_crossref(url) as store:
            return await work(store)

    return asyncio.run(opened())


def write_rows(path: Path) -> None:
    """Write rows of one customer each but for some: two that are one customer's by neither key, and a wrong key."""
    lines = [f"C-{number},{number};9{number:06}" for number in range(ROWS)]
    for number in CONFLICTS:
        lines[number] = f"C-{number - 1},{number - 2}"
    for number in WRONG:
        lines[number] = f"C-{number},letters"
    path.write_text("\n".join(["crm,billing", *lines, ""]))


def start(url: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gateway.cli", "crossref", "load", *arguments]
    environment = {**ENVIRONMENT, "CUSTOMER_VIEW_CROSSREF": url}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def moved(bookmark: Path) -> int:
    """Return when a bookmark was moved last, 0 where there is none."""
    try:
        return bookmark.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def kill_when_moved(process: subprocess.Popen[bytes], bookmark: Path, seconds: float) -> None:
    """Kill a load so many seconds after it has moved its bookmark."""
    before, until = moved(bookmark), time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None and moved(bookmark) == before:
        time.sleep(0.001)
    time.sleep(seconds)
    process.kill()
    process.wait()


def listed(path: Path) -> list[tuple[str, ...]]:
    with path.open(newline="") as opened:
        return [tuple(row) for row in csv.reader(opened)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_load_that_is_killed_loses_and_doubles_nothing(crossref: str, tmp_path: Path, seed: int) -> None:
    """Every row is there once, and what was left out is listed once, in order, each with its candidate."""
    file, bookmark = tmp_path / "rows.csv", tmp_path / "rows.csv.bookmark"
    write_rows(file)
    for turn in range(3):
        kill_when_moved(start(crossref, file.name), bookmark, 0.01 * (turn + seed))
    assert 0 < json.loads(bookmark.read_text())["rows"] < ROWS
    ran = run("crossref", "load", file.name, "--json", "--crossref", crossref)
    assert ran.code == 3, ran.err
    report = json.loads(ran.out)
    assert report["rows"] == ROWS
    assert report["leftOut"] == {"KEY_INVALID": len(WRONG), "KEY_OWNED_BY_OTHER": len(CONFLICTS)}
    assert not bookmark.exists()
    check_listing(crossref, listed(tmp_path / "rows.csv.conflicts.csv"))
    check_rows(crossref)
    assert run("crossref", "verify", "--crossref", crossref).code == 0


def check_listing(url: str, found: list[tuple[str, ...]]) -> None:
    assert found[0] == ("row", "code", "source", "candidate")
    codes = dict.fromkeys(CONFLICTS, "KEY_OWNED_BY_OTHER") | dict.fromkeys(WRONG, "KEY_INVALID")
    wanted = [(number + 1, codes[number], "billing") for number in sorted(codes)]
    assert [(int(row), code, source) for row, code, source, _ in found[1:]] == wanted
    candidates = {candidate for *_, candidate in found[1:] if candidate}
    opened = within(url, lambda store: store.candidates(limit=100))
    assert {one.candidate_id for one in opened} == candidates
    assert len(candidates) == len(CONFLICTS)


def check_rows(url: str) -> None:
    numbers = [number for number in range(ROWS) if number not in CONFLICTS]
    lookups = [Lookup("crm", f"C-{number}") for number in numbers]
    found = within(url, lambda store: store.resolve_many(lookups))
    assert len({subject.customer_id for subject in found}) == len(numbers)
    for number, subject in zip(numbers, found, strict=True):
        keys = sorted(linked.key for linked in subject.keys.get("billing", ()))
        assert keys == ([] if number in WRONG else sorted([str(number), f"9{number:06}"]))


@pytest.mark.postgres
def test_a_statement_of_postgresql_is_loaded(server: PostgresServer, tmp_path: Path, crossref: str) -> None:
    """Numbers and uuids become texts, NULL no key; wrong rows are listed, and again it adds nothing."""
    name = f"source{next(NUMBERS)}"

    async def fill() -> None:
        await make_database(server, name)
        async with connected(server.url(name)) as source:
            await source.execute(
                "CREATE TABLE account (no bigint, crm uuid);"
                "INSERT INTO account SELECT n, md5(n::text)::uuid FROM generate_series(1, 2500) AS n;"
                "INSERT INTO account VALUES (9001, NULL), (NULL, NULL)"
            )

    asyncio.run(fill())
    query = "SELECT no AS billing, crm FROM account ORDER BY no NULLS LAST"
    arguments = ("--query", query, "--database", server.url(name), "--json", "--crossref", crossref)
    first, second = (json.loads(run("crossref", "load", *arguments).out) for _ in range(2))
    assert (first["rows"], first["created"], first["links"], first["leftOut"]) == (2502, 2501, 5001, {"ROW_EMPTY": 1})
    assert (second["rows"], second["created"], second["links"]) == (2502, 0, 0)
    assert listed(tmp_path / "load.conflicts.csv")[1:] == [("2502", "ROW_EMPTY", "", "")]
    key = "c4ca4238-a0b9-2382-0dcc-509a6f75849b"
    subject = within(crossref, lambda store: store.resolve(Lookup("crm", key)))
    assert [linked.key for linked in subject.keys["billing"]] == ["1"]
