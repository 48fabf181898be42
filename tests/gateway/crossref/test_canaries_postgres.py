"""Nothing of a person stands in the clear on PostgreSQL: in its data, its write-ahead log, or its log of statements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.crossref import HkdfSecrets, KeyFormat, KeyMode, PostgresCrossReference, SourceSystem
from adapters.crossref.postgres.database import connected
from adapters.sandbox.postgres import PostgresServer
from tests.gateway.crossref.canaries import EMAIL
from tests.gateway.crossref.canary_calls import Calls, walk
from tests.gateway.crossref.canary_places import Findings, Logs

pytestmark = pytest.mark.postgres

FIRST, SECOND = b"one secret of thirty-two bytes..", b"two secret of thirty-two bytes.."
TALKATIVE = {
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_error_verbosity": "verbose",
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[PostgresServer]:
    """A server of its own, whose log holds everything that it is asked."""
    with await asyncio.to_thread(PostgresServer.start) as started:
        async with connected(started.url("postgres")) as admin:
            await admin.execute("CREATE DATABASE canaries")
            for name, value in TALKATIVE.items():
                await admin.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            await admin.execute("SELECT pg_reload_conf()")
        yield started


def appended(path: Path) -> Callable[[], Iterator[bytes]]:
    """Return what gives that which was written to a file since the last time."""
    place = 0

    def contents() -> Iterator[bytes]:
        nonlocal place
        with path.open("rb") as opened:
            opened.seek(place)
            content = opened.read()
        place += len(content)
        yield content

    return contents


async def changed(server: PostgresServer, since: float) -> AsyncIterator[bytes]:
    """Give the files of the cluster that were written since, after all that is in memory was written to them."""
    async with connected(server.url("postgres")) as admin:
        await admin.execute("CHECKPOINT")
    for path in sorted((server.directory / "data").rglob("*")):
        if path.is_file() and path.stat().st_mtime >= since:
            yield path.read_bytes()


async def test_no_call_leaves_anything_of_a_person(server: PostgresServer) -> None:
    """In what the server keeps and writes, and in our own logs, errors and reprs."""
    begun = (server.directory / "log").stat().st_mtime
    url, mail = server.url("canaries"), SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED)
    with Logs() as logs:
        findings = Findings({"server log": appended(server.log), "logs": logs})
        store = await PostgresCrossReference.open(url, secrets=HkdfSecrets({1: FIRST}))
        calls = Calls(store, findings)
        await calls.do("register_source", mail, actor="admin")
        first, second = await walk(calls)
        await store.aclose()
        calls.store = await PostgresCrossReference.open(url, secrets=HkdfSecrets({1: FIRST, 2: SECOND}))
        assert await calls.do("wrap_identifiers", 1, actor="admin")
        await calls.do("retire_identifiers", 1, actor="admin")
        async for content in changed(server, begun):
            findings.note("data", "before erasing", findings.scanner.found_anew(content))
        await calls.write("erase", first)
        await calls.do("erase", second, actor="officer")
        assert (await calls.do("verify")).holds
        await calls.store.aclose()
        async for content in changed(server, begun):
            findings.note("data", "after erasing", findings.scanner.found_anew(content))
    findings.check()
    assert calls.all <= calls.made


async def test_a_canary_is_found_in_what_the_server_keeps(server: PostgresServer) -> None:
    """Planted there on purpose: in a table, and by it in the write-ahead log and in the log of statements."""
    findings = Findings({"server log": appended(server.log)})
    begun = (server.directory / "log").stat().st_mtime
    async with connected(server.url("canaries")) as connection:
        await connection.execute("CREATE TABLE planted (name text)")
        await connection.execute("INSERT INTO planted VALUES ($1)", EMAIL.given)
    findings.look("insert")
    places = [findings.scanner.found(content) async for content in changed(server, begun)]
    assert len([found for found in places if found]) >= 2
    assert "server log, insert" in str(findings)
