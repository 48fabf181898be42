"""`customer-view crossref` over PostgreSQL: the same words, and what only a server can do wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.postgres import PostgresServer
from tests.gateway.cli_project import Ran, run

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer.start() as started:
        yield started


@pytest.fixture
def office(server: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cross-reference of one source, which the setting names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "anna")
    monkeypatch.setenv("CUSTOMER_VIEW_CROSSREF", server.url("postgres"))
    assert work("register", "crm").code == 0


def work(*arguments: str, stdin: str | None = None) -> Ran:
    return run("crossref", *arguments, stdin=stdin)


def told(*arguments: str) -> Any:
    ran = work(*arguments, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


@pytest.mark.usefixtures("office")
def test_a_customer_is_linked_merged_followed_and_erased(tmp_path: Path) -> None:
    """As on SQLite: one command a process, each opened anew."""
    first, second = told("link", "crm", "C-1")["customer"], told("link", "crm", "C-2")["customer"]
    merged = work("merge", first, second, "--json", stdin="y\n")
    assert json.loads(merged.out.partition("y\n")[2])["customer"] == first
    assert [one["key"] for one in told("resolve", second)["subject"]["keys"]["crm"]] == ["C-1", "C-2"]
    assert re.search(r"●  customers.merged", work("history", "crm", "C-1").out)
    assert work("undo-merge", str(json.loads(merged.out.partition("y\n")[2])["seq"])).code == 0
    assert work("export", first).code == 0
    assert "C-1" in (tmp_path / f"{first}.json").read_text()
    assert work("erase", first, stdin=f"{first}\n").code == 0
    assert work("resolve", "crm", "C-1").code == 1
    assert work("verify").out.startswith("All holds: ")
    erased = work("changes", "--after", str(json.loads(merged.out.partition("y\n")[2])["seq"] + 1)).out
    assert erased.rstrip().endswith(f"customer.erased       {first} 1 link erased")


@pytest.mark.usefixtures("office")
def test_a_file_is_loaded_and_gone_on_with(tmp_path: Path) -> None:
    """And what was left out is listed."""
    (tmp_path / "rows.csv").write_text("crm\n" + "".join(f"L-{number}\n" for number in range(50)) + ";\n")
    ran = work("load", "rows.csv")
    assert (ran.code, "left out: ROW_EMPTY" in ran.out) == (3, True)
    assert told("load", "rows.csv", "--anew", "--separator", "")["links"] == 1


def test_what_a_server_refuses_is_told(server: PostgresServer) -> None:
    """By what is to be mended, and never with the URL."""
    for url, said in (
        (server.url("of_nobody"), "is not there; make it, or correct its name in the URL"),
        ("postgresql://anna:s3cr3t@127.0.0.1/a b", "got a URL with blanks"),
    ):
        ran = work("sources", "--crossref", url)
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err
        assert "127.0.0.1" not in ran.err


def test_a_database_without_tables_is_not_given_any_by_a_look(server: PostgresServer) -> None:
    """Only who registers or upgrades makes them."""
    url = f"{server.url('postgres')}?search_path=empty"
    ran = work("sources", "--crossref", url)
    assert (ran.code, ran.out) == (2, "")
