"""What a process that serves is told, by signals or by the process that started it: to reload, to leave, to stop.

    SIGTERM    leave: say that it is not ready, answer on for a while, then stop
    SIGINT     stop: take no more connections, finish the requests under way
    SIGHUP     reload
    either of the first two again: cut: end at once

A supervisor that ends a process waits for it, and sends SIGTERM; who presses Ctrl-C does not wait.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, TypeVar

import uvloop

__all__ = ["Order", "Orders", "hear_signals", "reload_later", "run_under_orders"]

_STANDARD_ERROR = 2

T = TypeVar("T")


class Order(StrEnum):
    """What a process is told. Each is a letter: so processes tell each other."""

    RELOAD = "r"
    """Read anew what operators change."""
    LEAVE = "l"
    """Say that it is not ready, answer on for a while, then stop. Told twice it is the same."""
    STOP = "s"
    """Take no more connections, finish the requests under way, and end. Told twice it is the same."""
    TELL = "t"
    """Say where it serves: all workers are ready."""
    CUT = "c"
    """End every request and every connection now."""


class Orders:
    """Hands orders to what is done. Until somebody takes them, whoever is told to end is cancelled."""

    def __init__(self, cancel: Callable[[], object]) -> None:
        self._cancel = cancel
        self._take: Callable[[Order], None] | None = None
        self._is_behind = False

    def give(self, order: Order) -> None:
        """Tell an order to who takes them."""
        if self._take is not None:
            self._take(order)
        elif order is Order.RELOAD:
            self._is_behind = True  # what was read already may be what stood there before
        elif order is not Order.TELL:
            self._cancel()

    def take(self, take: Callable[[Order], None]) -> None:
        """Have orders told to this function, from now on and until the process ends: what is cleaned up at the end is
        not broken off."""
        self._take = take
        if self._is_behind:
            take(Order.RELOAD)


def run_under_orders(
    work: Callable[[Orders], Coroutine[Any, Any, T]], hear: Callable[[Orders], None] | None = None
) -> T | None:
    """Run the work to its end and return its result, None where it was cancelled. `hear` begins to hear orders, once
    the event loop runs; by default those of signals."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_under_orders(work, hear or hear_signals))


async def _under_orders(work: Callable[[Orders], Coroutine[Any, Any, T]], hear: Callable[[Orders], None]) -> T | None:
    orders = Orders(lambda: running.cancel())
    running = asyncio.ensure_future(work(orders))
    hear(orders)
    try:
        return await running
    except asyncio.CancelledError:
        return None


def hear_signals(orders: Orders) -> None:
    """Have signals of this process given as orders.

    Handlers are set explicitly: a process that a shell starts in the background has SIGINT ignored.
    """
    heard, loop = _Signals(orders), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, heard.end, Order.LEAVE)
    loop.add_signal_handler(signal.SIGINT, heard.end, Order.STOP)
    loop.add_signal_handler(signal.SIGHUP, heard.hang_up)


def reload_later() -> None:
    """Take no notice of SIGHUP until orders are heard: it would end the process, and nothing was read that is to be
    read anew. At a terminal it says that this is gone."""
    if not os.isatty(_STANDARD_ERROR):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


class _Signals:
    def __init__(self, orders: Orders) -> None:
        self._orders, self._is_ending = orders, False
        self._is_at_terminal = os.isatty(_STANDARD_ERROR)

    def end(self, order: Order) -> None:
        self._orders.give(Order.CUT if self._is_ending else order)
        self._is_ending = True

    def hang_up(self) -> None:
        """Reload, but where the terminal is gone at which it was started: that is what the signal says then."""
        if self._is_at_terminal and not os.isatty(_STANDARD_ERROR):
            self.end(Order.STOP)
        else:
            self._orders.give(Order.RELOAD)
