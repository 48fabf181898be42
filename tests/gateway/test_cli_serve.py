"""`customer-view serve`: what listens and how it ends, as real processes, and what is refused before it listens."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from adapters.crossref import KeyFormat, KeyMode, SourceSystem, SqliteCrossReference
from gateway.cli.serve import _compiling
from gateway.consumers import new_token
from gateway.documents import DocumentFile
from gateway.secret_file import load_secrets, new_secret_line
from gateway.serving import bind
from schema.views import View
from tests.gateway.cli_project import Project, make_project

pytestmark = pytest.mark.processes


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project for commands in this process."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("CUSTOMER_VIEW_DRAIN_SECONDS", "0")
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


@contextmanager
def serving(project: Project, *options: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the gateway and return its process and URL; the process is gone afterwards, whatever happens."""
    process = project.spawn("serve", project.app, "--port", "0", *options, **more)
    try:
        assert process.stderr is not None
        found = re.match(r"Serving (http://\S+) with", process.stderr.readline())
        assert found is not None
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


def failed(process: subprocess.Popen[str]) -> str:
    """Return what a process said that ended by itself with exit code 2."""
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_gateway_serves_until_it_is_told_to_stop(project: Project, signum: signal.Signals) -> None:
    """Both signals end it in good order, with exit code 0. Where it does not stop at once it says so."""
    with serving(project) as (process, url):
        assert httpx.get(f"{url}/health/ready", trust_env=False).text == "ready\n"
        assert httpx.get(f"{url}/views/support-call/schema.graphql", trust_env=False).status_code == 401
        os.killpg(process.pid, signum)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert ["leaving: ends within 10 s" in line for line in err.splitlines()] == (
        [True] if signum is signal.SIGTERM else []
    )


def test_a_gateway_stops_on_a_signal_that_its_shell_had_ignored(project: Project) -> None:
    """A shell that is not interactive starts background processes with SIGINT ignored."""
    ignoring = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = project.spawn("serve", project.app, "--port", "0")
    finally:
        signal.signal(signal.SIGINT, ignoring)
    assert process.stderr is not None
    assert "Serving" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_bad_configuration_is_told_before_anything_listens(project: Project) -> None:
    """Exit code 2, with file, line, got, wanted and mend."""
    project.edit("views/support-call@1.yaml", "Customer.segment:", "Customer.segmnt:")
    said = failed(project.spawn("serve", project.app, "--port", "0"))
    assert "error views/support-call@1.yaml:21" in said
    assert "did you mean 'Customer.segment'?" in said
    assert "Serving" not in said


def refused(project: Project, *options: str) -> str:
    """Return what the command says, in this process, that ends with exit code 2."""
    ran = project.run("serve", project.app, *options)
    assert (ran.code, ran.out) == (2, "")
    return ran.err


def test_a_port_that_is_taken_is_told(here: Project) -> None:
    """Where and why, each once, with the option that takes another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(here, "--port", str(port))
    assert f"Cannot listen on 127.0.0.1:{port} (Address already in use). " in said
    assert said.count(str(port)) == 1
    assert "--port" in said


def test_a_host_that_is_none_is_told(here: Project) -> None:
    """A misspelt host is no traceback."""
    assert "Cannot listen on no-such-host.invalid:0" in refused(here, "--host", "no-such-host.invalid", "--port", "0")


def test_a_cross_reference_that_cannot_be_opened_is_told(here: Project) -> None:
    """Its path is mistyped: that is told, and no empty one is made."""
    here.edit(f"{here.module}.py", "sqlite:///crossref.db", "sqlite:///crosref.db")
    said = refused(here, "--port", "0")
    assert "crosref.db, where there is no file" in said
    assert "load it with SqliteCrossReference, or correct the path" in said
    assert not (here.folder / "crosref.db").exists()


def test_no_more_connections_are_kept_than_the_settings_say(project: Project) -> None:
    """The one that is open goes on."""
    running = serving(project, CUSTOMER_VIEW_MOST_CONNECTIONS="1")
    with running as (_, url), httpx.Client(base_url=url, trust_env=False) as first:
        assert first.get("/health/ready").status_code == 200
        assert httpx.get(f"{url}/health/ready", trust_env=False).status_code == 503
        assert first.get("/health/ready").status_code == 200


def test_the_address_is_that_of_the_settings_unless_another_is_given(
    here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option is nearer than an environment variable."""
    asked: list[tuple[str, int]] = []

    def bound(host: str, port: int) -> socket.socket:
        asked.append((host, port))
        os.kill(os.getpid(), signal.SIGTERM)
        return bind(host, 0)

    monkeypatch.setattr("gateway.cli.serve.bind", bound)
    monkeypatch.setenv("CUSTOMER_VIEW_PORT", "8123")
    first, second = here.run("serve", here.app), here.run("serve", here.app, "--port", "8124", "--host", "localhost")
    assert asked == [("127.0.0.1", 8123), ("localhost", 8124)]
    assert (first.code, second.code) == (0, 0)
    assert "with debt-collection@1, support-call@1. Stop with Ctrl-C." in first.err


def test_what_the_start_has_made_is_never_looked_through_again(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full garbage collection would stop every request. When the gateway has stopped, nothing is left out of it."""
    frozen: list[int] = []

    def tell(url: str, views: object, workers: int) -> None:
        frozen.append(gc.get_freeze_count())
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("gateway.cli.serve._tell", tell)
    assert here.run("serve", here.app, "--port", "0").code == 0
    assert frozen[0] > 10_000
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(
    ("role", "setting", "is_told"),
    [("steward", "true", True), ("steward", "false", False), ("privacy-officer", "true", False)],
)
def test_the_address_of_the_stewards_page_is_told_where_it_is_there(
    here: Project, monkeypatch: pytest.MonkeyPatch, role: str, setting: str, is_told: bool
) -> None:
    """Some consumer has a role for it, and it was not turned off."""

    def bound(host: str, port: int) -> socket.socket:
        os.kill(os.getpid(), signal.SIGTERM)
        return bind(host, port)

    monkeypatch.setattr("gateway.cli.serve.bind", bound)
    monkeypatch.setenv("CUSTOMER_VIEW_STEWARD_PAGE", setting)
    with (here.folder / "consumers.yaml").open("a") as file:
        file.write(f"- name: desk\n  {new_token()[1]}\n  views: []\n  roles: [{role}]\n")
    said = here.run("serve", here.app, "--port", "0").err
    assert bool(re.search(r"^Stewards decide candidates at http://\S+/crossref/steward\.$", said, re.M)) is is_told


@pytest.mark.parametrize(
    ("role", "setting", "is_told"),
    [("privacy-officer", "true", True), ("privacy-officer", "false", False), ("steward", "true", False)],
)
def test_the_address_of_the_privacy_officers_page_is_told_where_it_is_there(
    here: Project, monkeypatch: pytest.MonkeyPatch, role: str, setting: str, is_told: bool
) -> None:
    """The gateway keeps audit, some consumer has the role, and the page was not turned off."""

    def bound(host: str, port: int) -> socket.socket:
        os.kill(os.getpid(), signal.SIGTERM)
        return bind(host, port)

    secrets = here.folder / "secrets.txt"
    secrets.write_text(f"{new_secret_line()}\n")
    secrets.chmod(0o600)
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", str(secrets))
    for name, folder in (("AUDIT", "audit"), ("AUDIT_ANCHORS", "anchors")):
        (here.folder / folder).mkdir(mode=0o700)
        monkeypatch.setenv(f"CUSTOMER_VIEW_{name}", str(here.folder / folder))
    monkeypatch.setattr("gateway.cli.serve.bind", bound)
    monkeypatch.setenv("CUSTOMER_VIEW_OFFICER_PAGE", setting)
    with (here.folder / "consumers.yaml").open("a") as file:
        file.write(f"- name: desk\n  {new_token()[1]}\n  views: []\n  roles: [{role}]\n")
    said = here.run("serve", here.app, "--port", "0").err
    assert bool(re.search(r"^Privacy officers look at http://\S+/privacy/officer\.$", said, re.M)) is is_told


def test_a_gateway_without_a_published_view_says_so(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It serves, and whoever forgot to publish sees why nothing is there."""

    def bound(host: str, port: int) -> socket.socket:
        os.kill(os.getpid(), signal.SIGTERM)
        return bind(host, port)

    (here.views / "views.lock").unlink()
    monkeypatch.setattr("gateway.cli.serve.bind", bound)
    assert "with no view: publish one." in here.run("serve", here.app, "--port", "0").err


def test_a_secret_that_is_lacking_is_told_by_its_setting(here: Project) -> None:
    """By `check` too, which changes nothing."""
    file = here.folder / "secrets.txt"
    file.touch(mode=0o600)
    file.write_text(new_secret_line(1))
    with closing(SqliteCrossReference.open(here.folder / "crossref.db", secrets=load_secrets(file))) as store:
        sealed = SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED)
        asyncio.run(store.register_source(sealed, actor="admin"))
        asyncio.run(store.link("mail", "ada@example.com", asserted_by="feed"))
    mend = "set CUSTOMER_VIEW_SECRET_FILE to the path of the secret file"
    ran = here.run("serve", here.app, "--port", "0")
    assert (ran.code, mend in ran.err, "secrets=" in ran.err) == (2, True, False)
    before = (here.folder / "crossref.db").read_bytes()
    checked = here.run("check", here.app)
    assert (checked.code, mend in " ".join(checked.out.split())) == (1, True)
    assert (here.folder / "crossref.db").read_bytes() == before


def test_a_server_that_cannot_be_reached_is_a_note(here: Project) -> None:
    """The gateway may be on another machine; its password is not shown."""
    here.edit(f"{here.module}.py", "sqlite:///crossref.db", "postgresql://me:hunter2@127.0.0.1:9/crossref")
    ran = here.run("check", here.app, "--json")
    assert (ran.code, "hunter2" in ran.out + ran.err) == (0, False)
    told = [one for one in json.loads(ran.out)["problems"] if one["file"] == "crossref"]
    assert [
        (one["level"], one["got"].startswith("the cross-reference's database cannot be reached")) for one in told
    ] == [("note", True)]


def test_a_cross_reference_that_fails_is_told_with_what_it_says(here: Project) -> None:
    """Exit code 2, in one message."""
    (here.folder / "crossref.db").write_bytes(b"no database at all, but longer than its header of 100 bytes" * 20)
    ran = here.run("serve", here.app, "--port", "0")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("customer-view: The cross-reference cannot be opened: got a file that is no database of")
    assert ran.err.count("\n") == 1


SEGMENT = "query Segment($id: ID!) { customer(by: {id: $id}) { segment } }"


def write_document(project: Project, text: str) -> Path:
    """Write a document of support-call, and return the folder of the documents."""
    folder = project.folder / "documents" / "support-call"
    folder.mkdir(parents=True)
    (folder / "one.graphql").write_text(text)
    return folder.parent


def test_a_gateway_serves_with_its_documents_compiled(project: Project) -> None:
    """A few are compiled without a word."""
    write_document(project, SEGMENT)
    with serving(project, "--documents", "documents") as (_, url):
        assert httpx.get(f"{url}/health/ready", trust_env=False).text == "ready\n"


def test_a_wrong_document_is_told_before_anything_listens(here: Project) -> None:
    """Exit code 2, with file, line, got, wanted and mend."""
    folder = write_document(here, SEGMENT.replace("segment", "\nsegmnt"))
    ran = here.run("serve", here.app, "--port", "0", "--documents", folder.name)
    assert ran.code == 2
    assert "error documents/support-call/one.graphql:2\n" in ran.err
    assert "support-call@1 refuses with GRAPHQL_VALIDATION_FAILED" in ran.err


def test_a_sandbox_takes_no_documents(here: Project) -> None:
    """It is for trying out; what is given and does nothing would be missed."""
    ran = here.run("serve", "--sandbox", "support-call", "--documents", "documents")
    assert (ran.code, ran.out) == (2, "")
    assert "--documents is for a gateway, not for a sandbox" in ran.err


@pytest.mark.parametrize(
    ("count", "is_terminal", "is_shown"), [(99, True, False), (100, True, True), (100, False, False)]
)
def test_how_far_the_compiling_is_shows_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, count: int, is_terminal: bool, is_shown: bool
) -> None:
    """Where there are many; a log holds nothing of it."""
    written = StringIO()
    monkeypatch.setattr(
        "gateway.cli.serve.open_console", lambda stderr: Console(file=written, force_terminal=is_terminal)
    )
    document = DocumentFile(View.model_construct(name="a", version=1), Path("a.graphql"), "{ a }")
    assert list(_compiling([document] * count)) == [document] * count
    assert ("Compiling documents" in written.getvalue()) is is_shown
