"""Sockets, signals and the server of commands that serve."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress

import httpx
import pytest
from starlette.applications import Starlette

from gateway.command_error import CommandError
from gateway.serving import bind, run_until_told, serving


def test_port_0_takes_a_free_one() -> None:
    """The socket listens at once, so nothing has to be polled."""
    with bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        assert listening.getsockname()[1] > 0


def test_an_address_of_ipv6_can_be_bound() -> None:
    """The family is the address's."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("does not apply: this machine has no IPv6")
    with bind("::1", 0) as listening:
        assert listening.family == socket.AF_INET6


def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    """The message holds the address and the options."""
    with bind("127.0.0.1", 0) as other, pytest.raises(CommandError, match="with --host or --port"):
        bind(*other.getsockname())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_answer_in_two_pieces_waits_for_no_acknowledgement(host: str) -> None:
    """By Nagle's algorithm (RFC 896) a body would wait 40 ms for the acknowledgement of its head, on asyncio's loop."""
    if host == "::1" and not socket.has_dualstack_ipv6():
        pytest.skip("does not apply: this machine has no IPv6")
    taken: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        taken.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with bind(host, 0) as listening:
        async with await asyncio.start_server(serve, sock=listening):
            with socket.create_connection(listening.getsockname()[:2]):
                assert await taken == 1


async def test_a_server_serves_inside_its_context_and_is_gone_after() -> None:
    """The application is asked over a real socket."""
    with bind("127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        async with httpx.AsyncClient(trust_env=False) as client:
            async with serving(Starlette(), listening):
                assert (await client.get(url)).status_code == 404
            with pytest.raises(httpx.ConnectError):
                await client.get(url)


def test_work_that_ends_gives_its_result() -> None:
    """Signals are not needed for that."""

    async def work() -> int:
        return 7

    assert run_until_told(work()) == 7


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_work_once_and_what_it_cleans_up_is_finished(signum: signal.Signals) -> None:
    """A second signal does not break the cleaning off."""
    cleaned: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signum)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signum)
            await asyncio.sleep(0.02)
            cleaned.append("all")

    assert run_until_told(work()) is None
    assert cleaned == ["all"]


def test_work_can_give_a_result_when_it_is_told_to_stop() -> None:
    """Being told is no failure."""

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "stopped"

    assert run_until_told(work()) == "stopped"


def test_an_error_of_the_work_is_raised() -> None:
    """As it is."""

    async def work() -> None:
        raise CommandError("no")

    with pytest.raises(CommandError, match="no"):
        run_until_told(work())
