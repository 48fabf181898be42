"""The sandbox's sources as real processes: they answer, misbehave, count, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest

from adapters.sandbox.companies import companies
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.process import RunningSource, SourceControlError, start_source

pytestmark = pytest.mark.processes

LEIS = [company.lei for company in companies()[:3]]
PATIENCE = 10.0

PARENT = """
import sys
from adapters.sandbox.process import start_source
running = [start_source("crm"), start_source("register")]
print(*(source.process.pid for source in running), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def crm_process() -> Iterator[RunningSource]:
    with start_source("crm") as source:
        yield source


@pytest.fixture(scope="module")
def register_process() -> Iterator[RunningSource]:
    with start_source("register") as source:
        yield source


@pytest.fixture
def crm(crm_process: RunningSource) -> RunningSource:
    crm_process.reset()
    return crm_process


@pytest.fixture
def register(register_process: RunningSource) -> RunningSource:
    register_process.reset()
    return register_process


def ask_crm(crm: RunningSource) -> httpx.Response:
    query = {"ids": "C-000009,C-001426", "fields": "firstName"}
    return httpx.get(f"{crm.url}/customers", params=query, headers={"Authorization": f"Bearer {crm.token}"})


def ask_register(register: RunningSource) -> httpx.Response:
    return httpx.get(f"{register.url}/api/v1/lei-records", params={"filter[lei]": ",".join(LEIS)})


def crm_keys(answer: httpx.Response) -> list[str]:
    return [record["id"] for record in answer.json()["customers"]]


def register_keys(answer: httpx.Response) -> list[str]:
    return [record["id"] for record in answer.json()["data"]]


def test_the_crm_answers_whoever_has_the_credential(crm: RunningSource) -> None:
    """The credential is fresh for each start, and is nowhere to be read: not in the arguments, not in the repr."""
    assert crm_keys(ask_crm(crm)) == ["C-000009", "C-001426"]
    assert httpx.get(f"{crm.url}/customers", params={"ids": "C-000009"}).status_code == 401
    assert crm.token not in repr(crm)
    assert not any(crm.token in argument for argument in psutil.Process(crm.process.pid).cmdline())
    assert crm.token not in psutil.Process(crm.process.pid).environ().values()


def test_the_register_answers_anybody(register: RunningSource) -> None:
    """A public register wants no credential."""
    assert register_keys(ask_register(register)) == LEIS


def test_each_counts_what_it_was_asked(crm: RunningSource, register: RunningSource) -> None:
    """Calls, keys and fields, since the reset."""
    ask_crm(crm)
    ask_register(register)
    counted = crm.counters()
    assert (counted["calls"], counted["keys"], counted["fields"]) == (1, 2, {"firstName": 1})
    assert register.counters()["asked"] == [{"keys": LEIS, "fields": []}]


@pytest.mark.parametrize("name", ["crm", "register"])
def test_each_misbehaves_in_every_way(name: str, crm: RunningSource, register: RunningSource) -> None:
    """On command, one way at a time, until the reset."""
    source: RunningSource = {"crm": crm, "register": register}[name]
    ask: Callable[[RunningSource], httpx.Response] = {"crm": ask_crm, "register": ask_register}[name]
    keys: Callable[[httpx.Response], list[str]] = {"crm": crm_keys, "register": register_keys}[name]
    asked = keys(ask(source))

    source.misbehave(Misbehaviour.SLOW, seconds=0.05)
    started = time.monotonic()
    assert keys(ask(source)) == asked
    assert time.monotonic() - started >= 0.05

    for kind in (Misbehaviour.DOWN, Misbehaviour.CUT):
        source.misbehave(kind)
        with pytest.raises(httpx.RemoteProtocolError):
            ask(source)

    source.misbehave(Misbehaviour.ERROR)
    assert ask(source).status_code == 500

    source.misbehave(Misbehaviour.GARBAGE)
    with pytest.raises(ValueError):
        ask(source).json()

    source.misbehave(Misbehaviour.WRONG_CUSTOMER)
    assert set(keys(ask(source))).isdisjoint(asked)

    source.misbehave(Misbehaviour.SHUFFLED)
    assert sorted(keys(ask(source))) == sorted(asked)
    assert keys(ask(source)) != asked

    assert source.counters()["calls"] == 9
    source.misbehave(Misbehaviour.NONE)
    assert keys(ask(source)) == asked


def test_a_command_that_is_not_taken_is_an_error(crm: RunningSource) -> None:
    """It says what the source answered."""
    with pytest.raises(SourceControlError, match=r"crm: got 400 for misbehave: .*wrong_customer"):
        crm.misbehave("rude")  # type: ignore[arg-type]


def test_a_source_stops_within_a_second_even_when_a_call_hangs() -> None:
    """Its port then refuses connections, commands say so, and a second stop does nothing."""
    with start_source("register") as source:
        source.misbehave(Misbehaviour.SLOW, seconds=60)
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{source.url}/api/v1/lei-records", params={"filter[lei]": LEIS[0]}, timeout=0.03)
        started = time.monotonic()
        source.stop()
        assert time.monotonic() - started < 1.0
    assert source.process.returncode == 0
    with pytest.raises(httpx.ConnectError):
        ask_register(source)
    with pytest.raises(SourceControlError, match="is the source still running"):
        source.counters()


async def test_a_source_is_an_asynchronous_context_too() -> None:
    """Leaving it ends the process."""
    async with start_source("register") as source:
        assert register_keys(ask_register(source)) == LEIS
    assert source.process.returncode == 0


def test_a_source_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is stopped takes no SIGTERM; it does not outlive its context either way."""
    monkeypatch.setattr("adapters.sandbox.process._PATIENCE", 0.05)
    with start_source("register") as source:
        source.reset()  # has answered: it is past its start, and handles SIGTERM itself
        os.kill(source.process.pid, signal.SIGSTOP)
    assert source.process.returncode == -signal.SIGKILL


def test_a_source_that_cannot_start_leaves_a_port_that_refuses() -> None:
    """Nobody waits for an answer that cannot come; the credential that nobody took is no error."""
    with start_source("billing") as source:
        source.process.wait(PATIENCE)
        assert source.process.returncode != 0
        with pytest.raises(SourceControlError):
            source.reset()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_source_outlives_its_parent(end: signal.Signals) -> None:
    """However the parent ends, its sources are gone soon after; Ctrl-C reaches the parent alone."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    with parent:
        assert parent.stdout is not None
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len({os.getpgid(pid) for pid in (parent.pid, *(child.pid for child in children))}) == 3
        os.killpg(parent.pid, end)
        parent.wait(PATIENCE)
    until = time.monotonic() + PATIENCE
    while not all(map(has_ended, children)) and time.monotonic() < until:
        time.sleep(0.02)
    assert [child for child in children if not has_ended(child)] == []


def has_ended(process: psutil.Process) -> bool:
    """Return whether it runs no more; a process that nobody has waited for is a zombie."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
