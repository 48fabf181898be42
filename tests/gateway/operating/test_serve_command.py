"""`customer-view serve` as real processes: how it is stopped, how it reloads, and what its workers share."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.limits import SourceLimits
from gateway.cli import worker
from gateway.secret_file import new_secret_line
from tests.gateway.audit.books import Books
from tests.gateway.cli_project import Project, make_project

pytestmark = pytest.mark.processes

OPERATOR = "cv_" + "p" * 43


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make_project(tmp_path)
    with (tmp_path / "consumers.yaml").open("a") as file:
        digest = sha256(OPERATOR.encode()).hexdigest()
        file.write(f"- name: operations\n  token_sha256: {digest}\n  views: []\n  roles: [operator]\n")
    return made


class Served:
    """A command that serves, and what it says on standard error."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    def ready(self) -> int:
        """Return the status of its readiness, 0 where nobody listens any more."""
        try:
            return httpx.get(f"{self.url}/health/ready", trust_env=False).status_code
        except httpx.TransportError:
            return 0

    def line(self) -> str:
        """Return the next line that it says."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def ended(self) -> str:
        """Return the rest of what it says, once it has ended in good order."""
        _, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        return err


@contextmanager
def serving(project: Project, *options: str, **more: str) -> Iterator[Served]:
    """Run the command until the context ends; nothing of it is left then."""
    process = project.spawn("serve", project.app, "--port", "0", *options, CUSTOMER_VIEW_LOG_FORM="console", **more)
    try:
        assert process.stderr is not None
        found = re.match(r"Serving (http://\S+) with", line := process.stderr.readline())
        assert found is not None, line + process.stderr.read()
        yield Served(process, found[1])
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("workers", [pytest.param((), marks=pytest.mark.long), ("--workers", "2")])
def test_a_gateway_that_is_terminated_answers_on_and_says_that_it_is_not_ready(
    project: Project, workers: Sequence[str]
) -> None:
    """For as long as its setting says: whoever sends it requests has to hear it first."""
    with serving(project, *workers, CUSTOMER_VIEW_DRAIN_SECONDS="1.5") as served:
        assert served.ready() == 200
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        statuses = []
        while status := served.ready():
            statuses.append(status)
            time.sleep(0.1)
        assert time.monotonic() - began > 1.4
        assert statuses.index(503) <= 2, "it hears the signal at once"
        assert set(statuses[statuses.index(503) :]) == {503}, "once it has heard the signal, until it is gone"
        (line,) = served.ended().splitlines()
        assert "leaving: answers for 1.5 s more, and ends within 11.5 s" in line, "once, for all workers"


@pytest.mark.parametrize(
    ("workers", "signals"),
    [
        ((), [signal.SIGTERM, signal.SIGTERM]),
        pytest.param(("--workers", "2"), [signal.SIGTERM, signal.SIGTERM], marks=pytest.mark.long),
        pytest.param((), [signal.SIGINT], marks=pytest.mark.long),
        pytest.param(("--workers", "2"), [signal.SIGINT], marks=pytest.mark.long),
    ],
)
def test_who_is_terminated_twice_or_interrupted_does_not_wait(
    project: Project, workers: Sequence[str], signals: Sequence[signal.Signals]
) -> None:
    """Whoever presses Ctrl-C wants it to end, and is not made to wait for a proxy."""
    with serving(project, *workers, CUSTOMER_VIEW_DRAIN_SECONDS="60") as served:
        for number, signum in enumerate(signals):
            time.sleep(0.3 * number)
            assert served.process.poll() is None
            os.killpg(served.process.pid, signum)
        lines = served.ended().splitlines()
        assert ["leaving: answers for 60 s more, and ends within 70 s" in line for line in lines] == (
            [True] if signal.SIGTERM in signals else []
        )
        assert served.ready() == 0


def test_what_is_wrong_at_the_start_is_told_by_one_worker_and_nothing_listens(project: Project) -> None:
    """Once, however many there were to be."""
    project.edit("views/support-call@1.yaml", "Customer.segment:", "Customer.segmnt:")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    process = project.spawn("serve", project.app, "--port", str(port), "--workers", "4")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("did you mean 'Customer.segment'?")) == (2, "", 1)
    assert err.endswith("customer-view: No worker could be started: what is wrong stands above.\n")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_port_that_is_taken_is_told_before_a_worker_is_started(project: Project) -> None:
    """As of one process."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = project.spawn("serve", project.app, "--port", str(port), "--workers", "2")
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"Cannot listen on 127.0.0.1:{port}" in err


def test_a_reload_that_is_asked_of_one_worker_is_made_by_all(project: Project) -> None:
    """The one that is asked answers with what has changed, and the others are told."""
    with serving(project, "--workers", "2") as served:
        with (project.folder / "consumers.yaml").open("a") as file:
            digest = sha256(b"another").hexdigest()
            file.write(f"- name: another\n  token_sha256: {digest}\n  views: []\n  roles: [auditor]\n")
        bearer = {"Authorization": f"Bearer {OPERATOR}"}
        answer = httpx.post(f"{served.url}/operations/reload", headers=bearer, trust_env=False)
        told = [served.line() for _ in range(2)]
        served.process.send_signal(signal.SIGTERM)
        served.ended()
    assert answer.json()["consumers"] == {"added": ["another"], "removed": [], "changed": []}
    assert ["reloaded: consumers: +another" in line for line in told] == [True] * 2


def test_what_workers_record_is_one_audit(project: Project) -> None:
    """Each has a chain of its own, and they are verified together."""
    secret = project.folder / "secrets.txt"
    secret.write_text(f"{new_secret_line()}\n")
    secret.chmod(0o600)
    books = Books.in_folder(project.folder)
    audit = {
        "CUSTOMER_VIEW_SECRET_FILE": str(secret),
        "CUSTOMER_VIEW_AUDIT": str(books.folder),
        "CUSTOMER_VIEW_AUDIT_ANCHORS": str(books.anchors),
    }
    bearer = {"Authorization": f"Bearer {OPERATOR}"}
    with serving(project, "--workers", "2", **audit) as served:

        def writers() -> int:
            told = [json.loads(line) for line in books.lines]
            return len({one["writer"] for one in told if one["kind"] == "operations.reloaded"})

        for _ in range(100):  # the kernel chooses who takes a connection
            assert httpx.post(f"{served.url}/operations/reload", headers=bearer, trust_env=False).status_code == 200
            if writers() == 2:
                break
        served.process.send_signal(signal.SIGTERM)
        served.ended()
    verified = project.spawn("audit", "verify", **audit)
    out, err = verified.communicate(timeout=60)
    assert (verified.returncode, err, writers()) == (0, "", 2), out


def test_workers_are_for_a_gateway(project: Project) -> None:
    """A sandbox is one process."""
    ran = project.run("serve", "--sandbox", "support-call", "--workers", "2")
    assert (ran.code, ran.err) == (
        2,
        "customer-view: --workers is for a gateway, not for a sandbox: leave it out, or --sandbox\n",
    )


def test_a_worker_keeps_its_part_of_every_sources_rate_and_knows_which_it_is(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All together ask as much as one process would."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(project.folder)
    parts: list[float] = []
    ran: list[Any] = []
    monkeypatch.setattr(SourceLimits, "share", lambda _, part: parts.append(part))
    monkeypatch.setattr(worker, "run_under_orders", lambda work, hear: ran.append((work, hear)))
    ours, theirs = socket.socketpair()
    with ours:
        worker._run(worker._Given.of([project.app, "127.0.0.1", "0", str(theirs.detach()), "1", "4", "documents"]))
        ((work, hear),) = ran
        gateway, given, channel = work.args
        gateway._others()
        assert ours.recv(8) == b"r"
        channel._socket.close()
    assert parts == [0.25] * 3
    assert (gateway.number, given.documents, hear) == (1, Path("documents"), channel.hear)
