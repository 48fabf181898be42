"""The demo as a person runs it: real processes, curl lines that can be pasted, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from adapters.sandbox.postgres import PostgresServer, PostgresUnavailable
from adapters.sandbox.process import RunningSource, start_source
from gateway.demo.asking import Answer, Question
from gateway.demo.telling import Telling
from tests.gateway.cli_project import ENVIRONMENT, run, spawn
from tests.gateway.demos import (
    PATIENCE,
    bearer,
    chapters,
    once,
    pasted,
    read_until,
    rows,
    running_demo,
    steward_line,
    still_running,
)

pytestmark = pytest.mark.processes


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


def test_the_demo_answers_refuses_and_ends(folder: Path) -> None:
    """Exit code 0 says that all was as expected; no file is left."""
    code, out, err = once(folder, "--port", "0")
    assert (code, err) == (0, ""), out
    told = chapters(out)
    assert [heading.partition(" ")[0] for heading in told] == [str(number) for number in range(1, 10)]
    answers = told["1  Anne calls. The agent asks for her by her number in the CRM"]
    answers += told["2  The same Anne owes money. Collections asks for her by her number in billing"]
    assert answers.count("Anne Neumann") == 2
    assert "48.45" in answers
    assert "receipt: support-call@2 for CustomerCare" in answers
    assert "receipt: debt-collection@2 for CustomerClaimsManagement" in answers
    assert answers.count("No field is null.") == 2
    assert "Cannot query field 'customerSince' on type 'Customer'." in out
    assert "VIEW_UNKNOWN" in out
    assert "waits for a steward" in " ".join(out.split())
    assert not re.search("curl|Bearer|/crossref|/privacy/officer", out), "it has ended: nobody would answer"
    assert list((folder / "t").iterdir()) == []


def test_the_demo_plays_the_desk(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What opens at each level, what an assertion is good for, consent, an emergency, and what is left of it all."""
    monkeypatch.setenv("COLUMNS", "100")
    ran = run("demo", "--once", "--port", "0")
    assert ran.code == 0, ran.out
    _, _, _, levels, others, letters, emergency, saw, register = chapters(ran.out).values()
    desk = {row[0]: row[1:] for row in rows(levels)}
    assert desk["name"] == ["A. N. (masked)", "A. N. (masked)", "Anne Neumann"]
    assert desk["customerSince"] == ["opens at V1", "1997-01-01", "1997-01-01"]
    assert desk["accounts"] == ["opens at V2", "opens at V2", "0.00, 48.45"]
    assert desk["messages"][:2] == ["opens at V1", "opens at V2"]
    assert desk["messages"][2] in ("relationship required", "relationship")  # as wide as the terminal is
    assert desk["address"] == ["opens at V3"] * 3
    assert desk["calls"][:2] == ["crm 1", "crm 1, register 1"]
    assert [row[2] for row in rows(others)[1:]] == [
        "C. P. (masked)", "7 x VERIFICATION_REQUIRED", "Anne Neumann and 4 values more", "",
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


def test_the_demo_is_plain_text_of_a_hundred_columns_in_a_pipe(here: None) -> None:
    """No colour; no line is longer."""
    ran = run("demo", "--once", "--port", "0")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 100


def test_the_demo_takes_a_free_port_when_its_own_is_taken(here: None) -> None:
    """And says so; a port that was asked for by name is not exchanged."""
    with ExitStack() as stack:
        with suppress(OSError):  # somebody else has taken it: as good
            stack.enter_context(socket.create_server(("127.0.0.1", 8000)))
        ran = run("demo", "--once")
    assert ran.code == 0
    (port,) = re.findall(r"^Port 8000 is taken; the gateway takes (\d+)\.$", ran.out, re.MULTILINE)
    assert ran.out.count(f"sends POST http://127.0.0.1:{port}/views/") == 7


def test_without_postgresql_the_demo_says_so_and_uses_sqlite(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It works on machines for which there is no wheel."""

    def start() -> PostgresServer:
        raise PostgresUnavailable("no wheel for this machine")

    monkeypatch.setattr(PostgresServer, "start", start)
    ran = run("demo", "--once", "--port", "0")
    assert ran.code == 0
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

    async def shut(client: httpx.AsyncClient, question: Question) -> Answer:
        return Answer(503, {"errors": [{"message": "Ask again later.", "extensions": {"code": "UNAVAILABLE"}}]})

    for chapter in ("main_job", "desk", "letters", "emergency"):
        monkeypatch.setattr(f"gateway.demo.{chapter}.ask", shut)
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
        def tell(self, text: str, *logged: str) -> None:
            super().tell(text, *logged)
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
        support, debts, desk, *_ = demo.curl_lines
        assert pasted(support)["data"]["customer"]["name"]["display"] == "Anne Neumann"
        assert len(pasted(debts)["data"]["customer"]["accounts"]) == 2
        assert pasted(desk)["data"]["customer"]["name"] == {"display": "Anne Neumann"}
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
        line = steward_line(demo)
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


def test_a_demo_without_the_stewards_page_names_no_address_of_it(folder: Path) -> None:
    """The setting holds for the demo, too; candidates can be listed all the same."""
    with running_demo(folder, "--port", "0", CUSTOMER_VIEW_STEWARD_PAGE="false") as demo:
        assert "/crossref/steward" not in demo.out
        assert len(pasted(steward_line(demo))["candidates"]) == 2


def test_a_privacy_officer_reviews_what_the_demo_leaves_with_the_token_that_it_prints(folder: Path) -> None:
    """The list is that of the line as pasted, the page is at its address, and what is reviewed waits no longer."""
    with running_demo(folder, "--port", "0") as demo:
        (line,) = [line for line in demo.curl_lines if "/privacy/break-glass" in line]
        (waiting,) = pasted(line)["waiting"]
        assert (waiting["view"], waiting["reference"]) == ("fraud-review@1", "TICKET-17")
        (page,) = [told for told in demo.out.splitlines() if told.endswith("/privacy/officer")]
        with httpx.Client(trust_env=False, headers=bearer(line)) as officer:
            assert "<title>" in officer.get(page).text
            review = f"{page.removesuffix('/officer')}/break-glass/{waiting['id']}/review"
            assert officer.post(review, json={"outcome": "justified", "reference": "DPO-1"}).status_code == 200
        assert pasted(line)["waiting"] == []
        (verifying,) = [told for told in demo.out.splitlines() if " customer-view audit verify " in told]
        path = f"{Path(sys.executable).parent}{os.pathsep}{ENVIRONMENT['PATH']}"
        shell = subprocess.run(
            ["/bin/sh", "-c", verifying], env={**ENVIRONMENT, "PATH": path}, capture_output=True, text=True, check=False
        )
        assert shell.returncode == 0, shell.stderr
        assert shell.stdout.startswith("All holds: ")


def test_a_demo_without_the_officers_page_names_no_address_of_it(folder: Path) -> None:
    """The setting holds for the demo, too; what waits can be listed all the same."""
    with running_demo(folder, "--port", "0", CUSTOMER_VIEW_OFFICER_PAGE="false") as demo:
        assert "/privacy/officer" not in demo.out
        (line,) = [line for line in demo.curl_lines if "/privacy/break-glass" in line]
        assert len(pasted(line)["waiting"]) == 1


def test_the_demo_stops_on_sigterm(folder: Path) -> None:
    """As a supervisor stops it."""
    with running_demo(folder, "--port", "0") as demo:
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
