"""The demo as a person runs it: real sources, lines that can be pasted, and nothing left behind.

It is told to its end three times here: in this process until it is stopped, once without PostgreSQL, and as a process
that stays up for the tests that ask it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from adapters.sandbox.postgres import PostgresServer, PostgresUnavailable
from gateway.demo.asking import Answer
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from tests.gateway.cli_project import Ran, run, spawn
from tests.gateway.demos import (
    PATIENCE,
    Demo,
    bearer,
    chapters,
    pasted,
    read_until,
    rows,
    running_demo,
    still_running,
)
from tests.gateway.quiet_stage import quiet_stage

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def folders() -> Iterator[Path]:
    """Where demos make their folders: a short path, for a Unix socket's has 107 characters, that others may enter."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def made(folders: Path, name: str) -> Path:
    """Return a folder for a demo, with one in it for what it makes."""
    (folders / name / "t").mkdir(parents=True)
    return folders / name


@pytest.fixture
def here(folders: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For a demo in this process: its folder is made there, and nothing may be left in it."""
    folder = made(folders, f"{abs(hash(request.node.name)):x}"[:8])
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "t"))
    yield
    assert list((folder / "t").iterdir()) == []


class Stopped(Telling):
    """Stops the demo when all is told, as Ctrl-C does."""

    def tell(self, text: str, *logged: str) -> None:
        super().tell(text, *logged)
        if "stays up until Ctrl-C" in text:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def told(folders: Path) -> Ran:
    """What is told in a pipe, on a machine on which the usual port is taken, until the demo is stopped."""
    folder = made(folders, "told")
    with pytest.MonkeyPatch.context() as patching, ExitStack() as stack:
        patching.setattr(tempfile, "tempdir", str(folder / "t"))
        patching.setattr("gateway.demo.running.Telling", Stopped)
        patching.delenv("COLUMNS", raising=False)
        with suppress(OSError):  # somebody else has taken it: as good
            stack.enter_context(socket.create_server(("127.0.0.1", 8000)))
        ran = run("demo")
    assert list((folder / "t").iterdir()) == []
    return ran


def test_the_demo_answers_and_refuses_and_stops_when_told(told: Ran) -> None:
    """Exit code 0 says that all was as expected; every chapter has its number."""
    assert (told.code, told.err) == (0, ""), told.out
    assert told.out.endswith("Stopping.\n")
    parts = chapters(told.out)
    assert [heading.partition(" ")[0] for heading in parts] == [str(number) for number in range(1, 14)]
    answers = parts["1  Anne calls. The agent asks for her by her number in the CRM"]
    answers += parts["2  The same Anne owes money. Collections asks for her by her number in billing"]
    assert answers.count("Anne Neumann") == 2
    assert "48.45" in answers
    assert "receipt: support-call@2 for CustomerCare" in answers
    assert "receipt: debt-collection@2 for CustomerClaimsManagement" in answers
    assert answers.count("No field is null.") == 2
    assert "Cannot query field 'customerSince' on type 'Customer'." in told.out
    assert "VIEW_UNKNOWN" in told.out


def test_the_demo_plays_the_desk(told: Ran) -> None:
    """What opens at each level, what an assertion is good for, consent, an emergency, and what is left of it all."""
    _, _, _, levels, others, letters, emergency, saw, register, *_ = chapters(told.out).values()
    desk = {row[0]: row[1:] for row in rows(levels)}
    assert desk["name"] == ["A. N. (masked)", "A. N. (masked)", "Anne Neumann"]
    assert desk["customerSince"] == ["opens at V1", "1997-01-01", "1997-01-01"]
    assert desk["accounts"] == ["opens at V2", "opens at V2", "0.00, 48.45"]
    assert desk["messages"] == ["opens at V2", "opens at V2", "relationship required"]
    assert desk["address"] == ["opens at V3"] * 3
    assert desk["calls"][:2] == ["crm 1", "crm 1, register 1"]
    assert [row[2] for row in rows(others)[1:]] == [
        "C. P. (masked)", "7 x VERIFICATION_REQUIRED, at V0", "Anne Neumann and 4 values more", "",
        "null", "VERIFICATION_WRONG_SUBJECT", "HTTP 401", "VERIFICATION_INVALID",
    ]  # fmt: skip
    assert ["email", "anne.neumann.9@example.com", "consent withdrawn"] in rows(letters)
    assert ["invoices", "break glass reason required", "I-101348-001, I-101348-002"] in rows(emergency)
    assert re.search(r"a glass was broken: bg_[0-9a-f]+ waits for review", " ".join(emergency.split()))
    assert any(row[:4] == ["fraud-review@1", "e-4711", "suspected-fraud", "TICKET-17"] for row in rows(emergency))
    assert [row[1] for row in rows(saw) if row[0]] == [
        "view, for", "who-saw.asked", "fraud-review@1", "break-glass.opened", "fraud-review@1", "newsletter@1",
        "self-service@1", *["support-call@3"] * 3, "debt-collection@2", "support-call@2",
    ]  # fmt: skip
    assert re.search(r"All holds: \d+ records", " ".join(saw.split()))
    assert ["newsletter@1", "DirectMarketing", "Contact, Identifying, Preference"] in rows(register)


def test_the_demo_is_plain_text_of_a_hundred_columns_in_a_pipe(told: Ran) -> None:
    """No colour; no line is longer, but for those that are to be pasted."""
    assert "\x1b" not in told.out
    lines = [line for line in told.out.splitlines() if not line.startswith(("curl ", "CUSTOMER_VIEW_"))]
    assert max(map(len, lines)) <= 100


def test_the_demo_takes_a_free_port_when_its_own_is_taken(told: Ran) -> None:
    """And says so."""
    (port,) = re.findall(r"^Port 8000 is taken; the gateway takes (\d+)\.$", told.out, re.MULTILINE)
    assert told.out.count(f"sends POST http://127.0.0.1:{port}/views/") == 7


def without_postgresql() -> PostgresServer:
    raise PostgresUnavailable("no wheel for this machine")


def test_told_once_and_without_postgresql_the_demo_says_so(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It works on machines for which there is no wheel, and in a narrow terminal; when it has ended nobody would
    answer, so there is nothing to paste."""
    monkeypatch.setattr(PostgresServer, "start", without_postgresql)
    monkeypatch.setenv("COLUMNS", "80")
    ran = run("demo", "--once", "--port", "0")
    assert ran.code == 0
    said = " ".join(ran.out.split())
    assert "Billing is on SQLite, for PostgreSQL cannot be had here: no wheel for this machine" in said
    assert "48.45" in ran.out
    assert "waits for a steward" in said
    assert not re.search("curl|Bearer|/crossref|/privacy/officer", ran.out)
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.fixture(scope="module")
def demo(folders: Path) -> Iterator[Demo]:
    """A demo that stays up. The last test stops it."""
    with running_demo(made(folders, "up"), "--port", "0") as demo:
        yield demo


def test_each_line_is_answered_as_pasted(demo: Demo) -> None:
    """Nothing that expires stands in one: customers are verified, and glasses broken, when it is pasted."""
    assert "eyJ" not in demo.out
    support, debts, desk, own, letters, emergency, explained, *_ = demo.lines
    assert pasted(own)["data"]["customer"]["name"]["display"] == "Anne Neumann"
    assert {"crm", "billing"} <= {one["source"] for one in pasted(explained)["steps"]}
    assert pasted(support)["data"]["customer"]["name"]["display"] == "Anne Neumann"
    assert len(pasted(debts)["data"]["customer"]["accounts"]) == 2
    assert [one["email"] for one in pasted(letters)["data"]["customers"]] == ["anne.neumann.9@example.com", None]
    shut = {level: withheld(pasted(desk.replace("--level V2", f"--level {level}"))) for level in ("V1", "V2", "V3")}
    assert shut["V1"] > shut["V2"] > shut["V3"] == {"Ticket.messages"}
    for _ in range(2):
        opened = pasted(emergency)
        assert opened["data"]["customer"]["invoices"]["nodes"]
        assert withheld(opened) == set()


def test_what_a_line_sends_can_be_changed(demo: Demo) -> None:
    """It stands in a file. The other customer was not verified by anybody."""
    line = demo.line("Customer-Verification")
    (file,) = re.findall(r"-d @(\S+)", line)
    (other,) = re.findall(r"The other customer is (C-\d{6})\.", " ".join(demo.out.split()))
    before = Path(file).read_text("utf-8")
    Path(file).write_text(before.replace("C-000009", other), "utf-8")
    answer = pasted(line)
    Path(file).write_text(before, "utf-8")
    assert {entry["stepUp"]["current"] for entry in answer["extensions"]["withheld"]} == {"V0"}


def test_a_steward_decides_what_the_demo_leaves_with_the_token_that_it_prints(demo: Demo) -> None:
    """Candidates are listed by the line as pasted, the page is at its address, and the merge is undone as told."""
    line = demo.line("/crossref/candidates")
    listed = pasted(line)["candidates"]
    assert [one["kind"] for one in listed] == ["shared_identifier", "key_conflict"]
    (page,) = [one for one in demo.out.splitlines() if one.endswith("/crossref/steward")]
    with httpx.Client(trust_env=False, headers=bearer(line)) as steward:
        assert "<title>" in steward.get(page).text
        api = page.removesuffix("/steward")
        rejected = steward.post(f"{api}/candidates/{listed[0]['candidateId']}/reject", json={"nonMatch": True})
        assert rejected.status_code == 200
        (key,) = re.findall(r"look up (C-\d{6}) of the source crm", " ".join(demo.out.split()))
        history = steward.post(f"{api}/history", json={"by": {"source": "crm", "key": key}}).json()
        (seq,) = [entry["seq"] for entry in history["entries"] if entry["type"] == "customers.merged"]
        assert steward.post(f"{api}/merges/{seq}/undo", json={}).status_code == 200
    assert [one["kind"] for one in pasted(line)["candidates"]] == ["key_conflict"]


def test_a_privacy_officer_reviews_what_the_demo_leaves_with_the_token_that_it_prints(demo: Demo) -> None:
    """The list is that of the line as pasted, the page is at its address, and what is reviewed waits no longer."""
    line = demo.line("/privacy/break-glass")
    first, *others = pasted(line)["waiting"]
    assert (first["view"], first["reference"]) == ("fraud-review@1", "TICKET-17")
    (page,) = [one for one in demo.out.splitlines() if one.endswith("/privacy/officer")]
    with httpx.Client(trust_env=False, headers=bearer(line)) as officer:
        assert "<title>" in officer.get(page).text
        review = f"{page.removesuffix('/officer')}/break-glass/{first['id']}/review"
        assert (
            officer.post(review, json={"outcome": "justified", "reference": "DPO-1", "actor": "dpo-2"}).status_code
            == 200
        )
    assert [one["id"] for one in pasted(line)["waiting"]] == [one["id"] for one in others]
    assert "fraud-review@1" in {one.get("view") for one in pasted(demo.line("/privacy/who-saw"))["seen"]}
    assert pasted(demo.line("/review"))["outcome"] == "justified"
    assert len(pasted(line)["waiting"]) == len(others) - 1
    (verifying,) = [one for one in demo.out.splitlines() if " audit verify " in one]
    shell = subprocess.run(["/bin/sh", "-c", verifying], capture_output=True, text=True, check=False, cwd="/")
    assert shell.returncode == 0, shell.stderr
    assert shell.stdout.startswith("All holds: ")


def test_an_operator_sees_how_the_sources_do_with_the_line_that_the_demo_prints(demo: Demo) -> None:
    """As pasted, wherever; all of them are called, and have been."""
    (line,) = [one for one in demo.out.splitlines() if " status http://" in one]
    shell = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False, cwd="/")
    assert (shell.returncode, shell.stderr) == (0, "")
    shown = {cells[0]: cells[1:3] for cells in rows(shell.stdout)}
    assert {name: cells[0] for name, cells in shown.items() if cells[0] != "-"} == {
        "source": "breaker",
        **dict.fromkeys(("crm", "billing", "register", "orders", "support"), "closed"),
    }
    assert "All are called, at " in shell.stdout


def test_a_source_goes_down_and_comes_back_with_the_lines_that_the_demo_prints(demo: Demo) -> None:
    """As pasted, wherever: its fields are null with their reason, and afterwards they are as before."""
    asking = demo.line("/views/debt-collection/")
    before = pasted(asking)
    tell(demo.line("/__sandbox/misbehave"))
    without = pasted(asking)
    assert without["data"]["customer"]["name"] is None
    assert {error["extensions"]["code"] for error in without["errors"]} == {"SOURCE_ERROR"}
    tell(demo.line("/__sandbox/reset"))
    assert pasted(asking)["data"] == before["data"]
    assert "docs/sandbox.md" in demo.out


def tell(line: str) -> None:
    """Paste a line that prints nothing."""
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=PATIENCE, check=True, cwd="/")
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_demo_is_asked_without_a_source_and_ctrl_c_leaves_nothing(demo: Demo, folders: Path) -> None:
    """Other sources' fields are answered and each null names its reason; no process and no file is left."""
    (crm,) = [child for child in demo.children if "crm" in child.cmdline()]
    crm.kill()
    assert not still_running([crm])
    answer = pasted(demo.line("/views/debt-collection/"))
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
    assert list((folders / "up" / "t").iterdir()) == []


def withheld(answer: Mapping[str, Any]) -> set[str]:
    return {entry["coordinate"] for entry in answer.get("extensions", {}).get("withheld", ())}


def test_a_wrong_setting_in_the_environment_is_told(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's gateway reads the settings that it does not make itself; nothing was started."""
    monkeypatch.setenv("CUSTOMER_VIEW_MOST_BODY_BYTES", "many")
    ran = run("demo", "--once", "--port", "0")
    assert (ran.code, ran.out) == (2, "")
    assert "CUSTOMER_VIEW_MOST_BODY_BYTES" in ran.err


def test_a_demo_that_did_not_go_as_expected_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sees it in the output, a program in the exit code; every chapter is told all the same."""

    async def shut(*_: object) -> Answer:
        return Answer(503, {"errors": [{"message": "Ask again later.", "extensions": {"code": "UNAVAILABLE"}}]})

    @asynccontextmanager
    async def staged(*_: object) -> AsyncIterator[Stage]:
        yield quiet_stage(tmp_path)

    for chapter in ("main_job", "desk", "letters", "emergency"):
        monkeypatch.setattr(f"gateway.demo.{chapter}.ask", shut)
    for chapter in ("emergency", "evidence"):
        monkeypatch.setattr(f"gateway.demo.{chapter}.call", shut)
    monkeypatch.setattr("gateway.demo.running.staged", staged)
    ran = run("demo", "--once", "--port", "0")
    assert ran.code == 1
    assert len(chapters(ran.out)) == 9
    assert "UNAVAILABLE" in ran.out
    assert ran.out.endswith("Not everything was as expected: see above.\n")


def test_a_source_that_does_not_start_is_told_in_one_message(
    here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing hangs, and nothing is left."""
    monkeypatch.setattr(PostgresServer, "start", without_postgresql)
    (tmp_path / "sitecustomize.py").write_text("import os, sys\nif 'crm' in sys.orig_argv:\n    os._exit(3)\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}")
    ran = run("demo", "--once", "--port", "0")
    assert ran.code == 2
    assert ran.err.startswith("customer-view: The sandbox source crm does not start.")
    assert len(ran.err.splitlines()) == 1


def test_a_port_asked_for_by_name_that_is_taken_is_an_error(here: None) -> None:
    """Exit code 2, in one message, before anything is started; it is not exchanged for another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = run("demo", "--once", "--port", str(port))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"customer-view: Cannot listen on 127.0.0.1:{port}")


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


def test_the_demo_stopped_while_it_starts_leaves_nothing(folders: Path) -> None:
    """By a supervisor, with SIGTERM; it was not as expected, so the exit code is 1."""
    folder = made(folders, "early")
    process = spawn("demo", "--port", "0", folder=folder, TMPDIR=str(folder / "t"))
    read_until(process, "Starting five sources")
    until = time.monotonic() + PATIENCE
    while len(children := psutil.Process(process.pid).children(recursive=True)) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (1, "")
    assert still_running(children) == []
    assert list((folder / "t").iterdir()) == []
