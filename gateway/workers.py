"""Several processes that answer on one socket, kept up by the one that has started them.

They inherit the socket that listens, and take connections off its one queue. Sockets of their own (SO_REUSEPORT) would
have a queue each, and what waits in that of a process that ends is reset by the kernel. They are started anew and not
forked: what a gateway imports has threads and handles that a fork breaks, on macOS always.

Each has a channel to its parent: orders go one way, and that it is ready, or was asked to reload, the other. Orders of
a supervisor reach a worker once, whether it signals the parent alone or all: a signal to a worker says what an order
says already. Where the channel ends the parent is gone, and so is the worker soon.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.command_error import CommandError
from gateway.orders import Order, Orders

__all__ = ["Channel", "Workers"]

_READY = b"+"
_MOST_AT_ONCE = 64
_PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a worker is started anew, by how many times it has failed one after the other."""
_LASTING = 30.0
"""Seconds after which a worker that ends has not failed to start: what made it end is something else."""
_GIVEN_UP = 5
"""How often a worker fails one after the other, while none answers, before the parent ends as well."""
_TO_BE_CUT = 1.0
"""Seconds that a worker has to end when it is cut, before it is killed."""

_log = logging.getLogger(__name__)


class Channel:
    """A worker's end of the channel to its parent."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)

    def hear(self, orders: Orders) -> None:
        """Have what the parent says given as orders, and signals to this process alone too."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._heard, orders)
        loop.add_signal_handler(signal.SIGTERM, orders.give, Order.LEAVE)
        loop.add_signal_handler(signal.SIGINT, orders.give, Order.STOP)
        loop.add_signal_handler(signal.SIGHUP, orders.give, Order.RELOAD)

    def _heard(self, orders: Orders) -> None:
        said = _hear(self._socket)
        if not said:
            asyncio.get_running_loop().remove_reader(self._socket)
        for order in map(Order, said.decode("ascii") or Order.STOP):
            orders.give(order)

    def say_ready(self) -> None:
        """Tell the parent that requests are answered here."""
        _say(self._socket, _READY)

    def reload_others(self) -> None:
        """Ask the parent to have all other workers reload."""
        _say(self._socket, Order.RELOAD.encode())


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    """A worker as its parent knows it: its process, the channel to it, whether it is ready, and how it has `ended`."""

    process: Process
    channel: socket.socket
    started: float
    ready: asyncio.Event
    ended: asyncio.Task[int]

    def tell(self, order: Order) -> None:
        _say(self.channel, order.encode())

    @property
    def has_lasted(self) -> bool:
        return self.ready.is_set() and time.monotonic() - self.started > _LASTING


class Workers:
    """Starts `count` workers on the socket, and starts those anew that end. `command` is what starts one: it is given
    the number of the worker, and the descriptor of its end of the channel."""

    def __init__(self, command: Callable[[int, int], Sequence[str]], count: int, listening: socket.socket) -> None:
        self._command, self._count, self._listening = command, count, listening
        self._running: dict[int, _Worker] = {}
        self._ending = asyncio.Event()
        self._has_given_up, self._has_told = False, False

    async def run(self, orders: Orders) -> None:
        """Run them until they are told to stop.

        Raises:
            CommandError: They cannot be started, which they have said themselves.
        """
        orders.take(self._take)
        try:
            first = await self._start(0)
            if await self._is_ready(first):
                async with asyncio.TaskGroup() as group:
                    for number in range(self._count):
                        group.create_task(self._keep(number))
            elif not self._ending.is_set():
                raise CommandError("No worker could be started: what is wrong stands above.")
        finally:
            await self._end_all()
        if self._has_given_up:
            raise CommandError("Workers could not be started anew, and none is left: what is wrong stands above.")

    def _take(self, order: Order) -> None:
        for worker in self._running.values():
            worker.tell(order)
        if order is Order.RELOAD:
            return
        self._ending.set()
        self._listening.close()  # connections are still taken by workers, and by nobody when these are gone
        if order is Order.CUT:
            asyncio.get_running_loop().call_later(_TO_BE_CUT, self._kill)

    async def _keep(self, number: int) -> None:
        """Have this worker run, until all are to end."""
        failures = 0
        while not self._ending.is_set():
            worker = self._running.get(number) or await self._start(number)
            code = await worker.ended
            if self._ending.is_set():
                return
            failures = 0 if worker.has_lasted else failures + 1
            if failures >= _GIVEN_UP and not any(one.ready.is_set() for one in self._running.values()):
                self._has_given_up = True
                self._take(Order.STOP)
                return
            pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
            _log.error("worker %d has ended (%s), and is started anew in %g s", number, _how(code), pause)
            await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

    async def _start(self, number: int) -> _Worker:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            kept = (self._listening.fileno(), theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                *self._command(number, theirs.fileno()), stdin=DEVNULL, pass_fds=kept, start_new_session=True
            )
        ended = asyncio.create_task(self._until_ended(number, process, ours))
        worker = self._running[number] = _Worker(process, ours, time.monotonic(), asyncio.Event(), ended)
        asyncio.get_running_loop().add_reader(ours, self._heard, worker)
        return worker

    async def _until_ended(self, number: int, process: Process, channel: socket.socket) -> int:
        code = await process.wait()
        del self._running[number]
        asyncio.get_running_loop().remove_reader(channel)
        channel.close()
        return code

    async def _is_ready(self, worker: _Worker) -> bool:
        """Return whether a worker has come to answer requests; False: it has ended."""
        ready = asyncio.ensure_future(worker.ready.wait())
        await asyncio.wait({ready, worker.ended}, return_when=asyncio.FIRST_COMPLETED)
        return not ready.cancel()

    def _heard(self, worker: _Worker) -> None:
        said = _hear(worker.channel)
        if not said:  # it is about to end
            asyncio.get_running_loop().remove_reader(worker.channel)
        if _READY in said:
            worker.ready.set()
            self._tell_once()
        if Order.RELOAD.encode() in said:
            for other in self._running.values():
                if other is not worker:
                    other.tell(Order.RELOAD)

    def _tell_once(self) -> None:
        """Have the first worker say where all of them answer, once they do."""
        if not self._has_told and sum(worker.ready.is_set() for worker in self._running.values()) == self._count:
            self._has_told = True
            self._running[0].tell(Order.TELL)

    def _kill(self) -> None:
        for worker in self._running.values():
            worker.process.kill()

    async def _end_all(self) -> None:
        """Return when none runs, whatever has happened."""
        if self._running and not self._ending.is_set():
            self._take(Order.STOP)
        if ended := [worker.ended for worker in self._running.values()]:
            await asyncio.wait(ended)


def _say(channel: socket.socket, said: bytes) -> None:
    with suppress(OSError):  # who has gone need not be told
        channel.send(said)


def _hear(channel: socket.socket) -> bytes:
    """Return what was said, nothing where nobody says anything any more."""
    try:
        return channel.recv(_MOST_AT_ONCE)
    except ConnectionError:  # it has ended before it has heard all
        return b""


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
