"""Several processes on one socket: started, kept up, told what their parent is told, and ended with it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from gateway import workers as module
from gateway.command_error import CommandError
from gateway.orders import Order, Orders
from gateway.serving import reserve
from gateway.workers import Workers
from tests.gateway.operating.keeping import until

pytestmark = pytest.mark.processes

SAYING = """
import os, socket, sys
channel, book, number = socket.socket(fileno=int(sys.argv[1])), sys.argv[2], sys.argv[3]
def note(word):
    with open(book, "a") as file:
        file.write(f"{number} {word}\\n")
note("started")
WORK
"""

WELL = """
channel.send(b"+")
note("ready")
while True:
    said = channel.recv(64)
    if said == b"t":
        note("tells")
        continue
    said = said.replace(b"t", b"")
    note(said.decode() or "gone")
    if not said or set(said) & set(b"lsc"):
        sys.exit(0)
"""
NEVER_READY = "sys.exit(2)"
ENDS_AT_ONCE = (
    """
if number != "0":
    sys.exit(7)
"""
    + WELL
)
DEAF = """
channel.send(b"+")
import time
while True:
    time.sleep(1)
"""
ASKS_FOR_RELOAD = (
    """
if number == "1":
    channel.send(b"+r")
"""
    + WELL
)


@dataclass
class Started:
    """Workers that run a script, and what they have written."""

    orders: Orders
    book: Path
    running: asyncio.Task[None]

    @property
    def lines(self) -> list[str]:
        """What the workers have noted: number and word."""
        return self.book.read_text().splitlines()

    @property
    def processes(self) -> list[psutil.Process]:
        """The workers that run; this process may have other children, of other tests' servers."""
        return [one for one in psutil.Process().children() if str(self.book) in _command(one)]

    async def until(self, holds: Callable[[list[str]], bool]) -> None:
        """Return when it holds of the lines."""
        await until(lambda: holds(self.lines))


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@asynccontextmanager
async def started(folder: Path, work: str, count: int = 2) -> AsyncIterator[Started]:
    """Start workers; at the end they are told to stop, unless they have ended."""
    book = folder / "book.txt"
    book.touch()

    def command(number: int, channel: int) -> list[str]:
        return [sys.executable, "-I", "-c", SAYING.replace("WORK", work), str(channel), str(book), str(number)]

    orders = Orders(lambda: None)
    with closing(reserve("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(Workers(command, count, listening).run(orders))
        try:
            yield Started(orders, book, running)
        finally:
            if not running.done():
                orders.give(Order.CUT)
            with suppress(CommandError):
                await running


def lines_of(word: str, *numbers: int) -> Callable[[list[str]], bool]:
    """Whether each of these workers has noted the word."""
    return lambda lines: {f"{number} {word}" for number in numbers} <= set(lines)


@pytest.mark.parametrize("order", [Order.LEAVE, Order.STOP, Order.CUT])
async def test_workers_are_told_what_their_parent_is_told_and_it_ends_with_them(tmp_path: Path, order: Order) -> None:
    """Nobody is started anew."""
    async with started(tmp_path, WELL, 3) as workers:
        await workers.until(lambda lines: lines.count("0 tells") == 1)
        workers.orders.give(Order.RELOAD)
        await workers.until(lines_of("r", 0, 1, 2))
        workers.orders.give(order)
        await asyncio.wait_for(workers.running, 10)
        words = [f"{one} {word}" for one in range(3) for word in ("started", "ready", "r", order)]
        assert sorted(workers.lines) == sorted([*words, "0 tells"])


async def test_a_worker_that_was_asked_to_reload_has_the_others_told(tmp_path: Path) -> None:
    """It has done so itself."""
    async with started(tmp_path, ASKS_FOR_RELOAD, 3) as workers:
        await workers.until(lambda lines: "0 r" in lines)
        workers.orders.give(Order.STOP)
        await workers.running
        assert "1 r" not in workers.lines


async def test_the_others_are_started_once_the_first_is_ready_and_its_failure_is_told_once(tmp_path: Path) -> None:
    """What is wrong with a configuration is said by one worker, and not by each."""
    async with started(tmp_path, NEVER_READY, 4) as workers:
        with pytest.raises(CommandError, match="No worker could be started: what is wrong stands above"):
            await asyncio.wait_for(workers.running, 10)
        assert workers.lines == ["0 started"]


async def test_a_worker_that_dies_is_started_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told, with how it ended."""
    async with started(tmp_path, WELL) as workers:
        await workers.until(lines_of("started", 0, 1))
        children = workers.processes
        next(child for child in children if child.cmdline()[-1] == "1").kill()
        await workers.until(lambda lines: lines.count("1 started") == 2)
    assert "worker 1 has ended (signal SIGKILL), and is started anew in 1 s" in caplog.text


async def test_a_worker_that_cannot_be_started_anew_is_tried_ever_more_seldom_while_another_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The one that answers goes on."""
    monkeypatch.setattr(module, "_PAUSES", (0.0, 0.01, 0.02, 0.03))
    async with started(tmp_path, ENDS_AT_ONCE) as workers:
        await workers.until(lambda lines: lines.count("1 started") == 7)
        assert workers.lines.count("0 started") == 1
        assert not workers.running.done()
    told = [record.getMessage().rpartition("in ")[2] for record in caplog.records if record.levelno == logging.ERROR]
    assert told[:5] == ["0.01 s", "0.02 s", "0.03 s", "0.03 s", "0.03 s"]


async def test_a_parent_of_which_no_worker_can_be_started_anew_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever watches over it is to see that."""
    monkeypatch.setattr(module, "_PAUSES", (0.0,))
    once = f"""
if os.path.exists(book + ".again"):
    sys.exit(3)
open(book + ".again", "w").close()
{WELL}"""
    async with started(tmp_path, once, 1) as workers:
        await workers.until(lines_of("started", 0))
        await until(lambda: "0 tells" in workers.lines)
        workers.processes[0].kill()
        with pytest.raises(CommandError, match="none is left"):
            await asyncio.wait_for(workers.running, 20)
        assert workers.lines.count("0 started") == 5


async def test_workers_that_do_not_hear_are_killed_when_they_are_cut(tmp_path: Path) -> None:
    """After a second."""
    async with started(tmp_path, DEAF) as workers:
        await workers.until(lines_of("started", 0, 1))
        workers.orders.give(Order.STOP)
        await asyncio.sleep(0.05)
        assert not workers.running.done()
        workers.orders.give(Order.CUT)
        await asyncio.wait_for(workers.running, 10)


async def test_workers_are_in_no_group_that_a_terminal_signals(tmp_path: Path) -> None:
    """Ctrl-C is told to the parent, and by it to them, once."""
    async with started(tmp_path, WELL) as workers:
        await workers.until(lines_of("started", 0, 1))
        assert all(os.getpgid(child.pid) != os.getpgid(0) for child in workers.processes)


async def test_a_worker_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    """The channel ends with it: that is the order to stop."""
    ours, theirs = socket.socketpair()
    told: list[Order] = []
    orders = Orders(lambda: None)
    orders.take(told.append)
    channel = module.Channel(theirs.detach())
    loop = asyncio.get_running_loop()
    channel.hear(orders)
    try:
        channel.say_ready()
        channel.reload_others()
        assert ours.recv(64) == b"+r"
        ours.send(b"rl")
        ours.close()
        await until(lambda: len(told) >= 3)
        assert told == [Order.RELOAD, Order.LEAVE, Order.STOP]
        await asyncio.sleep(0.01)
        assert len(told) == 3
        channel.say_ready()  # nobody hears it, and that is no error
    finally:
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(signum)
        channel._socket.close()
