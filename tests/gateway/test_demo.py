"""The demo as a person runs it: real processes, curl lines that can be pasted, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from adapters.sandbox.postgres import PostgresServer, PostgresUnavailable
from adapters.sandbox.process import RunningSource, start_source
from gateway.demo.asking import Answer, Question
from gateway.demo.telling import Telling
from tests.gateway.cli_project import run, spawn

pytestmark = pytest.mark.processes

PATIENCE = 60.0
"""Seconds in which the demo has to start on a busy machine."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that stays up: its process, what it has printed, and the processes that it has started."""

    process: subprocess.Popen[str]
    out: str
    children: Sequence[psutil.Process]

    @property
    def curl_lines(self) -> list[str]:
        return [line for line in self.out.splitlines() if line.startswith("curl ")]

    def stop(self, signum: signal.Signals) -> int:
        """Signal the process group, as Ctrl-C does, and return the exit code."""
        os.killpg(self.process.pid, signum)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demo makes its folder: a short path, for a Unix socket's has 107 characters, that others may enter."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        (Path(name) / "t").mkdir()
        yield Path(name)


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For a demo in this process: its folder is made there, and nothing may be left in it."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "t"))
    yield
    assert list((folder / "t").iterdir()) == []


@contextmanager
def running_demo(folder: Path, *options: str, **environment: str) -> Iterator[Demo]:
    process = spawn("demo", *options, folder=folder, TMPDIR=str(folder / "t"), **environment)
    try:
        out = read_until(process, "stays up until Ctrl-C.")
        yield Demo(process, out, psutil.Process(process.pid).children(recursive=True))
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], last: str) -> str:
    """Return what the process printed up to these words; fail when it ends, or is silent for too long."""
    assert process.stdout is not None
    assert process.stderr is not None
    out, until = "", time.monotonic() + PATIENCE
    while last not in out:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 65536).decode() if ready else ""
        if not chunk:
            process.kill()
            pytest.fail(f"the demo ended or hung after:\n{out}\n{process.stderr.read()}")
        out += chunk
    return out


def pasted(line: str) -> dict[str, Any]:
    """Return the answer to a curl line, sent by curl itself where there is one."""
    if shutil.which("curl"):
        done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=PATIENCE, check=True)
        return dict(json.loads(done.stdout))
    words = shlex.split(line)
    headers = dict(words[at + 1].split(": ") for at, word in enumerate(words) if word == "-H")
    method, body = ("POST", words[words.index("-d") + 1]) if "-d" in words else ("GET", None)
    answer = httpx.request(method, words[2], headers=headers, content=body, trust_env=False).json()
    assert isinstance(answer, dict)
    return answer


def bearer(line: str) -> dict[str, str]:
    """Return the header with the token of a curl line."""
    (header,) = [word for word in shlex.split(line) if word.startswith("Authorization: ")]
    return dict([header.split(": ")])


def still_running(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(processes, timeout=5)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def once(folder: Path, *options: str, **environment: str) -> tuple[int, str, str]:
    process = spawn("demo", "--once", *options, folder=folder, TMPDIR=str(folder / "t"), **environment)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def test_the_demo_answers_refuses_and_ends(folder: Path) -> None:
    """Exit code 0 says that both answers were whole and that the refusals came; no file is left.

    A pipe gets no colour, and no line longer than a hundred columns.
    """
    code, out, err = once(folder, "--port", "0")
    assert (code, err) == (0, ""), out
    assert "\x1b" not in out
    assert max(len(line) for line in out.splitlines()) <= 100
    assert out.count("Anne Neumann") == 2
    assert "48.45" in out
    assert "receipt: support-call@2 for CustomerCare" in out
    assert "receipt: debt-collection@2 for CustomerClaimsManagement" in out
    assert out.count("No field is null.") == 2
    assert "Cannot query field 'customerSince' on type 'Customer'." in out
    assert "VIEW_UNKNOWN" in out
    assert "waits for a steward" in " ".join(out.split())
    assert not re.search("curl|Bearer|/crossref", out), "it has ended: nobody would answer"
    assert list((folder / "t").iterdir()) == []


def test_without_postgresql_and_its_port_the_demo_says_so_and_goes_on(
    here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It uses SQLite where there is no wheel for the machine, and a free port where its own is taken."""

    def start() -> PostgresServer:
        raise PostgresUnavailable("no wheel for this machine")

    monkeypatch.setattr(PostgresServer, "start", start)
    with ExitStack() as stack:
        with suppress(OSError):  # somebody else has taken it: as good
            stack.enter_context(socket.create_server(("127.0.0.1", 8000)))
        ran = run("demo", "--once")
    assert ran.code == 0
    (port,) = re.findall(r"^Port 8000 is taken; the gateway takes (\d+)\.$", ran.out, re.MULTILINE)
    assert ran.out.count(f"sends POST http://127.0.0.1:{port}/views/") == 4
    said = "Billing is on SQLite, for PostgreSQL cannot be had here: no wheel for this machine"
    assert said in " ".join(ran.out.split())
    assert "48.45" in ran.out


def test_a_wrong_setting_in_the_environment_is_told(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's gateway reads the settings that it does not make itself."""
    monkeypatch.setenv("CUSTOMER_VIEW_MOST_BODY_BYTES", "many")
    ran = run("demo", "--once", "--port", "0")
    assert ran.code == 2
    assert "CUSTOMER_VIEW_MOST_BODY_BYTES" in ran.err


def test_a_demo_that_did_not_go_as_expected_ends_with_1(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sees it in the output, a program in the exit code."""

    async def shut(question: Question) -> Answer:
        return Answer(503, {"errors": [{"message": "Ask again later.", "extensions": {"code": "UNAVAILABLE"}}]})

    monkeypatch.setattr("gateway.demo.running.ask", shut)
    ran = run("demo", "--once", "--port", "0")
    assert ran.code == 1
    assert "UNAVAILABLE" in ran.out
    assert ran.out.endswith("Not everything was as expected: see above.\n")


def test_a_source_that_cannot_be_reached_is_told(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, as in one of its own."""

    def start(name: str) -> RunningSource:
        source = start_source(name)
        source.stop()
        return source

    monkeypatch.setattr("gateway.demo.sources.start_source", start)
    ran = run("demo", "--once", "--port", "0")
    assert ran.code == 2
    assert ran.err.startswith("customer-view: The sandbox source crm does not start.")


def test_a_demo_told_to_stop_stops_in_good_order(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All was told and as expected, so the exit code is 0."""

    class Told(Telling):
        def tell(self, text: str) -> None:
            super().tell(text)
            if "stays up until Ctrl-C" in text:
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("gateway.demo.running.Telling", Told)
    ran = run("demo", "--port", "0")
    assert ran.code == 0
    assert ran.out.endswith("Stopping.\n")


def test_a_demo_told_to_stop_while_postgresql_starts_waits_for_it_and_stops_it(
    here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that was left to itself would outlive the demo for a while."""
    started: list[PostgresServer] = []

    def start() -> PostgresServer:
        os.kill(os.getpid(), signal.SIGINT)
        started.append(really())
        return started[0]

    really = PostgresServer.start
    monkeypatch.setattr(PostgresServer, "start", start)
    assert run("demo", "--port", "0").code == 1
    assert not started[0].directory.exists()


def test_a_port_asked_for_by_name_that_is_taken_is_an_error(folder: Path) -> None:
    """Exit code 2, in one message, before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, out, err = once(folder, "--port", str(port))
    assert (code, out) == (2, "")
    assert err.startswith(f"customer-view: Cannot listen on 127.0.0.1:{port}")


def test_a_source_that_does_not_start_is_told_in_one_message(folder: Path) -> None:
    """Nothing hangs, and nothing is left."""
    (folder / "sitecustomize.py").write_text("import os, sys\nif 'crm' in sys.orig_argv:\n    os._exit(3)\n")
    path = f"{folder}{os.pathsep}{Path(__file__).parents[2]}"
    code, _, err = once(folder, "--port", "0", PYTHONPATH=path)
    assert code == 2
    assert err.startswith("customer-view: The sandbox source crm does not start.")
    assert len(err.splitlines()) == 1
    assert list((folder / "t").iterdir()) == []


def test_the_curl_lines_are_answered_as_pasted_also_when_a_source_has_died(folder: Path) -> None:
    """Other sources' fields are answered and each null names its reason; Ctrl-C leaves no process and no file."""
    with running_demo(folder, "--port", "0") as demo:
        support, debts, _ = demo.curl_lines
        assert pasted(support)["data"]["customer"]["name"]["display"] == "Anne Neumann"
        assert len(pasted(debts)["data"]["customer"]["accounts"]) == 2
        (crm,) = [child for child in demo.children if "crm" in child.cmdline()]
        assert f"Stop the CRM (kill {crm.pid})" in " ".join(demo.out.split())
        crm.kill()
        assert not still_running([crm])
        answer = pasted(debts)
        customer = answer["data"]["customer"]
        assert [account["balance"]["amount"] for account in customer["accounts"]] == ["0.00", "48.45"]
        assert {error["path"][-1]: error["extensions"]["code"] for error in answer["errors"]} == {
            name: "SOURCE_ERROR" for name, value in customer.items() if value is None
        }
        assert customer["name"] is None
        assert customer["company"] is None
        assert {one["source"]: one["outcome"] for one in answer["extensions"]["receipt"]["sources"]} == {
            "crm": "SOURCE_ERROR",
            "billing": "OK",
            "orders": "OK",
            "register": "NOT_ASKED",
        }
        assert demo.stop(signal.SIGINT) == 0
        assert still_running(demo.children) == []
    assert list((folder / "t").iterdir()) == []


def test_a_steward_decides_what_the_demo_leaves_with_the_token_that_it_prints(folder: Path) -> None:
    """Candidates are listed by the line as pasted, the page is at its address, and the merge is undone as told."""
    with running_demo(folder, "--port", "0") as demo:
        line = demo.curl_lines[-1]
        listed = pasted(line)["candidates"]
        assert [one["kind"] for one in listed] == ["shared_identifier", "key_conflict"]
        (page,) = [told for told in demo.out.splitlines() if told.endswith("/crossref/steward")]
        with httpx.Client(trust_env=False, headers=bearer(line)) as steward:
            assert "<title>" in steward.get(page).text
            api = page.removesuffix("/steward")
            rejected = steward.post(f"{api}/candidates/{listed[0]['candidateId']}/reject", json={"nonMatch": True})
            assert rejected.status_code == 200
            (key,) = re.findall(r"look up (C-\d{6}) of the source crm", " ".join(demo.out.split()))
            told = steward.post(f"{api}/history", json={"by": {"source": "crm", "key": key}}).json()
            (seq,) = [entry["seq"] for entry in told["entries"] if entry["type"] == "customers.merged"]
            assert steward.post(f"{api}/merges/{seq}/undo", json={}).status_code == 200
        assert [one["kind"] for one in pasted(line)["candidates"]] == ["key_conflict"]
        assert pasted(demo.curl_lines[0])["data"]["customer"]["name"]["display"] == "Anne Neumann"


def test_a_demo_without_the_stewards_page_names_no_address_of_it_and_stops_on_sigterm(folder: Path) -> None:
    """The setting holds for the demo, too; candidates can be listed all the same. A supervisor stops it like Ctrl-C."""
    with running_demo(folder, "--port", "0", CUSTOMER_VIEW_STEWARD_PAGE="false") as demo:
        assert "/crossref/steward" not in demo.out
        assert len(pasted(demo.curl_lines[-1])["candidates"]) == 2
        assert len(demo.children) >= 5
        assert demo.stop(signal.SIGTERM) == 0
        assert still_running(demo.children) == []
    assert list((folder / "t").iterdir()) == []


def test_the_demo_stopped_while_it_starts_leaves_nothing(folder: Path) -> None:
    """Whoever changes their mind early; it was not as expected, so the exit code is 1."""
    process = spawn("demo", "--port", "0", folder=folder, TMPDIR=str(folder / "t"))
    read_until(process, "Starting five sources")
    until = time.monotonic() + PATIENCE
    while len(children := psutil.Process(process.pid).children(recursive=True)) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (1, "")
    assert still_running(children) == []
    assert list((folder / "t").iterdir()) == []
