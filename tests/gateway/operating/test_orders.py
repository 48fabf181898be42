"""What a process is told by signals, and what it does before and after somebody takes its orders."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import socket
from collections.abc import Sequence

import pytest

from gateway.orders import Order, Orders, reload_later, run_under_orders
from gateway.workers import Channel
from tests.gateway.operating.keeping import until


def told_by(*signals: signal.Signals) -> Sequence[Order]:
    """Return the orders that these signals give, one after the other."""
    told: list[Order] = []

    async def work(orders: Orders) -> None:
        orders.take(told.append)
        for number, signum in enumerate(signals, 1):
            os.kill(os.getpid(), signum)
            await until(lambda: len(told) >= number)  # noqa: B023  it is called in this turn alone

    run_under_orders(work)
    return told


@pytest.mark.parametrize(
    ("signals", "orders"),
    [
        ([signal.SIGTERM], [Order.LEAVE]),
        ([signal.SIGINT], [Order.STOP]),
        ([signal.SIGHUP, signal.SIGHUP], [Order.RELOAD, Order.RELOAD]),
        ([signal.SIGTERM, signal.SIGTERM], [Order.LEAVE, Order.CUT]),
        ([signal.SIGINT, signal.SIGINT], [Order.STOP, Order.CUT]),
        ([signal.SIGTERM, signal.SIGHUP, signal.SIGINT], [Order.LEAVE, Order.RELOAD, Order.CUT]),
    ],
)
def test_a_signal_is_an_order_and_to_be_told_twice_to_end_is_to_be_cut(
    signals: Sequence[signal.Signals], orders: Sequence[Order]
) -> None:
    """A supervisor leaves time, who presses Ctrl-C does not."""
    assert told_by(*signals) == orders


@pytest.mark.parametrize("is_at_terminal", [False, True])
def test_a_hangup_before_orders_are_heard_ends_no_process_but_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, is_at_terminal: bool
) -> None:
    """What it would have read anew was not read yet."""
    monkeypatch.setattr("gateway.orders.os.isatty", lambda _: is_at_terminal)
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        reload_later()
        assert signal.getsignal(signal.SIGHUP) is (signal.SIG_DFL if is_at_terminal else signal.SIG_IGN)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_hangup_of_a_terminal_that_is_gone_is_no_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has closed the window does not want it to go on without one."""
    ours, theirs = pty.openpty()
    monkeypatch.setattr("gateway.orders._STANDARD_ERROR", theirs)
    told: list[Order] = []

    async def work(orders: Orders) -> None:
        orders.take(told.append)
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: told)
        os.close(ours)
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: len(told) == 2)

    try:
        run_under_orders(work)
    finally:
        os.close(theirs)
    assert told == [Order.RELOAD, Order.STOP]


@pytest.mark.parametrize("order", [Order.LEAVE, Order.STOP, Order.CUT])
def test_a_process_that_is_told_to_end_before_it_serves_is_cancelled(order: Order) -> None:
    """Nothing has to be waited for."""

    async def work(orders: Orders) -> str:
        orders.give(order)
        await asyncio.Event().wait()
        return "served"

    assert run_under_orders(work) is None


def test_what_is_changed_while_a_process_starts_is_read_again_once_it_serves() -> None:
    """What it has read by then may be what stood there before."""
    told: list[Order] = []

    async def work(orders: Orders) -> str:
        orders.give(Order.RELOAD)
        orders.give(Order.RELOAD)
        orders.take(told.append)
        return "served"

    assert run_under_orders(work) == "served"
    assert told == [Order.RELOAD]


def test_a_worker_that_is_signalled_beside_its_parent_takes_both_for_one() -> None:
    """Supervisors signal every process of a service: that is no second signal."""
    taken: list[Order] = []

    async def work(orders: Orders) -> None:
        orders.take(taken.append)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.01)

    ours, theirs = socket.socketpair()
    channel = Channel(theirs.detach())
    with ours:
        run_under_orders(work, channel.hear)
    channel._socket.close()
    assert taken == [Order.LEAVE, Order.LEAVE]
