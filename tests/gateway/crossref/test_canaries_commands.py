"""Nothing of a person stands anywhere in the clear, whatever is done with commands or with a gateway that is served."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.core import TyperGroup

from gateway.cli.crossref import crossref
from gateway.cli.crossref.bookmark import BookmarkFile
from gateway.consumers import new_token
from gateway.secret_file import new_secret_line
from tests.gateway.cli_project import Project, Ran, make_project, run
from tests.gateway.crossref.canaries import EMAIL, NATIONAL_ID, PHONE, SEALED
from tests.gateway.crossref.canary_calls import IDENTIFIERS
from tests.gateway.crossref.canary_places import Findings, Logs, files_in

MAIL = [one.given for one in SEALED]
NOTED = [text for kind in IDENTIFIERS for text in (kind.value, "-")]
VALUES = "".join(f"{values[0]}\n" for values in IDENTIFIERS.values())
WRONG = (EMAIL.given, PHONE.given, NATIONAL_ID.given)


class Commands:
    """Runs commands on one cross-reference, and has everything looked through after each."""

    def __init__(self, url: str, findings: Findings) -> None:
        self._url, self._findings = url, findings
        self.made: set[str] = set()

    def run(self, *arguments: str, stdin: str = "", tells: bool = False) -> Ran:
        """Return how it ended."""
        ran = run("crossref", *arguments, "--crossref", self._url, stdin=stdin)
        name = " ".join(one for one in arguments[:2] if re.fullmatch("[a-z-]{2,}", one))
        self._findings.look(name, ran.err)
        self._findings.look(name, None if tells else ran.out)
        self.made.add(name)
        return ran

    def done(self, *arguments: str, stdin: str = "", tells: bool = False) -> Any:
        """Return what is printed as JSON by a command that has to end well."""
        ran = self.run(*arguments, "--json", stdin=stdin, tells=tells)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)


def all_commands(group: TyperGroup, before: str = "") -> Iterator[str]:
    """Yield the commands of a group and of those in it."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from all_commands(command, f"{name} ")
        else:
            yield before + name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with secrets beside; bookmarks of loads stay."""
    secrets = tmp_path / "secrets"
    secrets.write_text(f"{new_secret_line()}\n")
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", str(secrets))
    monkeypatch.setenv("LOGNAME", "anna")
    monkeypatch.setattr(BookmarkFile, "remove", lambda _: None)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def test_no_command_leaves_anything_of_a_person(folder: Path) -> None:
    """In files beside what was loaded, in the database, in logs, or in what is printed but who is resolved."""
    given = folder / "given"
    given.mkdir()

    def beside() -> Iterator[bytes]:
        for path in given.iterdir():
            if path.suffix not in (".csv", ".parquet") or "conflicts" in path.name:
                yield path.read_bytes()

    with Logs() as logs:
        findings = Findings({"files": files_in(folder / "here"), "beside": beside, "logs": logs})
        commands = Commands(f"sqlite:///{folder / 'here' / 'crossref.db'}", findings)
        assert commands.run("register", "mail", "--sealed", "--format", "lower").code == 0
        assert commands.run("upgrade").code == 0
        first, second = written(commands)
        decided(commands, first, second)
        loaded(commands, given)
        told(commands, first, given)
        refused(commands, first)
        (folder / "secrets").write_text((folder / "secrets").read_text() + f"{new_secret_line(2)}\n")
        commands.run("identifiers", "wrap", "1")
        commands.run("identifiers", "retire", "1", "--yes")
        commands.done("erase", first, "--yes")
        commands.run("history", "mail", "-", stdin=MAIL[0])
        assert commands.run("verify").code == 0
    findings.check()
    group = typer.main.get_command(crossref)
    assert isinstance(group, TyperGroup)
    missing = [one for one in all_commands(group) if not any(name.startswith(one) for name in commands.made)]
    assert missing == []


def written(commands: Commands) -> tuple[str, str]:
    first = commands.done("link", "mail", "-", "--idempotency-key", EMAIL.given, stdin=MAIL[0])["customer"]
    second = commands.done("link", "mail", "-", stdin=MAIL[1])["customer"]
    commands.done("link", "mail", "-", second, stdin=MAIL[2])
    for customer in (first, second):
        commands.done("identifiers", "note", customer, "mail", *NOTED, stdin=VALUES)
    commands.done("identifiers", "forget", second, *NOTED[2:], stdin=VALUES.partition("\n")[2])
    commands.done("relink", "mail", "-", first, stdin=MAIL[2])
    commands.done("replace-key", "mail", "-", "-", stdin=f"{MAIL[2]}\n{MAIL[3]}\n")
    commands.done("unlink", "mail", "-", stdin=MAIL[3])
    pair = ("mail", "-", "mail", "-")
    commands.done("non-match", "add", *pair, stdin=f"{MAIL[0]}\n{MAIL[4]}\n")
    assert len(commands.done("non-match", "list", tells=True)["nonMatches"]) == 1
    commands.run("non-match", "list", tells=True)
    assert commands.run("non-match", "list", "--after", MAIL[0]).code == 2
    assert commands.run("link", "mail", "-", first, stdin=MAIL[4]).code == 1
    commands.done("non-match", "clear", *pair, stdin=f"{MAIL[0]}\n{MAIL[4]}\n")
    return first, second


def decided(commands: Commands, first: str, second: str) -> None:
    commands.run("candidates", "list")
    assert commands.run("link", "mail", "-", second, stdin=MAIL[0]).code == 1
    shared, *_, conflict = [one["candidateId"] for one in commands.done("candidates", "list")["candidates"]]
    commands.run("candidates", "show", conflict)
    commands.done("candidates", "reject", shared)
    merged = commands.done("candidates", "accept", conflict, "--yes")
    commands.done("undo-merge", str(merged["seq"]))
    commands.run("merge", second, first, "--dry-run")
    commands.run("merge", "mail", "-", "mail", "-", "--dry-run", stdin=f"{MAIL[1]}\n{MAIL[0]}\n")
    commands.done("merge", second, first, "--into", first, "--yes")
    commands.done("split", first, "mail", "-", stdin=MAIL[1])
    commands.done("restrict", "mail", "-", "gdpr-art-18", "*", stdin=MAIL[0])
    commands.done("lift", "mail", "-", "gdpr-art-18", stdin=MAIL[0])


def loaded(commands: Commands, given: Path) -> None:
    rows = [["customer", "mail"], ["", MAIL[4]], ["", f"{MAIL[0]};{MAIL[1]}"], [EMAIL.given, MAIL[4]], ["", "\x07"], []]
    with (given / "rows.csv").open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)
    assert commands.run("load", str(given / "rows.csv")).code == 3
    assert {path.name for path in given.iterdir()} == {"rows.csv", "rows.csv.bookmark", "rows.csv.conflicts.csv"}
    (given / "nameless.csv").write_text("".join(f"{key}\n" for key in MAIL))
    assert commands.run("load", str(given / "nameless.csv")).code == 2
    (given / "quoted.csv").write_text(f'mail\n"{MAIL[0]}" {EMAIL.given}\n')
    assert commands.run("load", str(given / "quoted.csv")).code == 2
    assert commands.run("load", "-", stdin=f"mail\n{MAIL[0]}\n{MAIL[0]};{MAIL[1]}\n").code == 3
    parquet = given / "rows.parquet"
    pq.write_table(pa.table({"mail": MAIL, "customer": WRONG[:2] * 2 + WRONG[:1]}), parquet)
    assert commands.run("load", str(parquet)).code == 3
    pq.write_table(pa.table({"mail": [{"address": key} for key in MAIL]}), given / "wrong.parquet")
    assert commands.run("load", str(given / "wrong.parquet")).code == 2
    (given / "half.parquet").write_bytes(parquet.read_bytes()[:-99])
    assert commands.run("load", str(given / "half.parquet")).code == 2
    with closing(sqlite3.connect(given / "source.csv")) as source:
        source.execute("CREATE TABLE account (mail)")
        source.executemany("INSERT INTO account VALUES (?)", [(key,) for key in MAIL])
        source.commit()
    database = ("--database", f"sqlite:///{given / 'source.csv'}")
    commands.run("load", "--query", "SELECT mail FROM account", *database)
    assert commands.run("load", "--query", "SELECT mail AS m, 1/'x' FROM account WHERE mail->'x'", *database).code == 2


def told(commands: Commands, first: str, given: Path) -> None:
    commands.done("resolve", "mail", "-", stdin=MAIL[0], tells=True)
    commands.run("resolve", "mail", "-", stdin=MAIL[0], tells=True)
    commands.run("resolve-many", "-", stdin=f"mail,{MAIL[0]}\n{first}\n", tells=True)
    commands.done("identifiers", "note", first, "mail", *NOTED, stdin=VALUES)
    for kind, values in IDENTIFIERS.items():
        for value in (values[0], f"{values[0]} no such"):
            commands.run("resolve", "--identifier", kind.value, "-", stdin=value, tells=value == values[0])
    commands.run("history", "mail", "-", stdin=MAIL[0])
    commands.done("history", first)
    commands.run("changes")
    commands.run("sources")
    commands.done("verify")
    ran = commands.run("export", "mail", "-", "--out", str(given / "export.csv"), stdin=MAIL[0])
    assert ran.code == 0, ran.err
    assert MAIL[0].lower() in (given / "export.csv").read_text()


def refused(commands: Commands, first: str) -> None:
    for wrong in WRONG:
        stdin = f"{wrong}\n" * 2
        for arguments in (
            ("resolve", "-"),
            ("resolve", "mail", "-"),
            ("resolve", "nowhere", "-"),
            ("resolve-many", "-"),
            ("history", "-"),
            ("export", "-"),
            ("unlink", "mail", "-"),
            ("relink", "mail", "-", first),
            ("replace-key", "mail", "-", "-"),
            ("split", first, "mail", "-"),
            ("non-match", "add", "mail", "-", "mail", "-"),
            ("identifiers", "note", first, "mail", "iban", "-"),
            ("merge", wrong, first, "--yes"),
            ("erase", wrong, "--yes"),
            ("erase", "mail", "-", "--yes"),
            ("merge", "mail", "-", "mail", "-", "--yes"),
            ("split", "mail", "-", "mail", "-"),
            ("restrict", "mail", "-", "gdpr-art-18", "*"),
            ("lift", "mail", "-", "gdpr-art-18"),
            ("restrict", wrong, "x", "x", "x"),
            ("restrict", first, wrong, "*"),
            ("lift", first, wrong),
            ("candidates", "accept", wrong, "--yes"),
            ("link", "mail", "x", wrong),
            ("unlink", "mail", "x", "--reason-ref", wrong),
        ):
            assert commands.run(*arguments, stdin=stdin).code in (1, 2), arguments


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a steward, and secrets."""
    made = make_project(tmp_path)
    (tmp_path / "secrets").write_text(f"{new_secret_line()}\n")
    return made


@pytest.mark.processes
def test_a_gateway_that_is_served_leaves_nothing_of_a_person(project: Project) -> None:
    """In its output, with every line that asyncio can log, in its arguments, or in any file."""
    token, digest = new_token()
    with (project.folder / "consumers.yaml").open("a") as opened:
        opened.write(f"- name: steward\n  {digest}\n  views: []\n  roles: [steward]\n")
    more = {"CUSTOMER_VIEW_SECRET_FILE": str(project.folder / "secrets"), "PYTHONASYNCIODEBUG": "1"}
    findings = Findings({"files": files_in(project.folder)})
    for arguments in (("register", "mail", "--sealed"), ("link", "mail", "-")):
        spawned = project.spawn("crossref", *arguments, "--crossref", "sqlite:///crossref.db", **more)
        findings.look(arguments[0], [*spawned.communicate(timeout=60)])
    process = project.spawn("serve", project.app, "--port", "0", **more)
    try:
        ask(process, project, token, findings)
    finally:
        process.terminate()
        said = process.communicate(timeout=60)
    findings.look("serve", said)
    findings.check()


def ask(process: subprocess.Popen[str], project: Project, token: str, findings: Findings) -> None:
    assert process.stderr is not None
    found = re.match(r"Serving (http://\S+) with", process.stderr.readline())
    assert found is not None
    with httpx.Client(base_url=found[1]) as client:
        steward = {"authorization": f"Bearer {token}"}
        link = {"source": "mail", "key": MAIL[0]}
        made = client.post("/crossref/links", json=link, headers=steward)
        assert made.status_code == 200, made.text
        for name in WRONG:
            client.get(f"/crossref/customers/{name}", headers=steward)
            client.get(f"/{name}?{name}", headers={"authorization": f"Bearer {name}", name.partition("@")[0][:1]: name})
            client.post("/crossref/links/unlink", json={"source": "mail", "key": name}, headers=steward)
            by = {"query": "query ($by: CustomerBy!) { customer(by: $by) { id } }", "variables": {"by": {"id": name}}}
            client.post("/views/support-call/graphql", json=by, headers={"authorization": f"Bearer {project.token}"})
        for proc in ("cmdline", "environ"):
            findings.look(proc, Path(f"/proc/{process.pid}/{proc}").read_text())
    findings.look("asked")
