"""What the relay passes on, spoils and counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.relay import Relay, Relayed


@asynccontextmanager
async def echo(path: Path) -> AsyncIterator[Path]:
    """A server that says everything twice."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data * 2)
        writer.close()

    server = await asyncio.start_unix_server(answer, path)
    try:
        yield path
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def dialled(relay: Relay) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(relay.host, relay.port)
    try:
        yield reader, writer
    finally:
        writer.close()


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    async with echo(tmp_path / "echo") as path, Relay(path, delay=0.03) as relay:
        yield relay


async def asked(relay: Relay, text: bytes) -> bytes:
    async with dialled(relay) as (reader, writer):
        writer.write(text)
        return await reader.read(100)


async def test_in_order_it_passes_bytes_and_counts_them(relay: Relay) -> None:
    """Both ways, as they are."""
    assert await asked(relay, b"hello") == b"hellohello"
    assert await asked(relay, b"again") == b"againagain"
    assert relay.relayed == Relayed(connections=2, bytes_asked=10, bytes_answered=20)


@pytest.mark.parametrize("how", [Misbehaviour.ERROR, Misbehaviour.SHUFFLED, Misbehaviour.WRONG_CUSTOMER])
async def test_what_bytes_cannot_do_leaves_it_in_order(relay: Relay, how: Misbehaviour) -> None:
    """That is done in the database."""
    await relay.behave(how)
    assert await asked(relay, b"hello") == b"hellohello"


async def test_it_can_be_slow(relay: Relay) -> None:
    """Each part of an answer is kept back by the delay."""
    await relay.behave(Misbehaviour.SLOW)
    start = asyncio.get_running_loop().time()
    assert await asked(relay, b"hello") == b"hellohello"
    assert asyncio.get_running_loop().time() - start >= 0.03


async def test_it_can_cut_an_answer_on_a_connection_that_stands(relay: Relay) -> None:
    """The first half of the answer comes, then the end."""
    async with dialled(relay) as (reader, writer):
        writer.write(b"hello")
        await reader.readexactly(10)
        await relay.behave(Misbehaviour.CUT)
        writer.write(b"world")
        assert await reader.read() == b"world"


async def test_it_can_reset_a_connection_in_place_of_an_answer(relay: Relay) -> None:
    """As a server does that was killed."""
    await relay.behave(Misbehaviour.RESET)
    with pytest.raises(ConnectionResetError):
        await asked(relay, b"hello")


@pytest.mark.parametrize(("how", "came"), [(Misbehaviour.HANG, 0), (Misbehaviour.DRIP, 2)])
async def test_it_can_keep_an_answer_back(relay: Relay, how: Misbehaviour, came: int) -> None:
    """All of it, or all but a byte now and then."""
    await relay.behave(how)
    async with dialled(relay) as (reader, writer):
        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.readexactly(10)
        assert await reader.readexactly(came) == b"hello"[:came]


async def test_it_can_send_garbage_of_the_same_length(relay: Relay) -> None:
    """No byte is what it was."""
    await relay.behave(Misbehaviour.GARBAGE)
    got = await asked(relay, b"hello")
    assert len(got) == 10
    assert not set(got) & set(b"hello")


async def test_down_it_ends_connections_and_refuses_new_ones_until_it_is_up_again(relay: Relay) -> None:
    """The port stays its own meanwhile."""
    async with dialled(relay) as (reader, writer):
        writer.write(b"hello")
        await reader.readexactly(10)
        await relay.behave(Misbehaviour.DOWN)
        assert await reader.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await asked(relay, b"hello")
    await relay.behave(Misbehaviour.DOWN)
    await relay.behave(Misbehaviour.NONE)
    assert await asked(relay, b"hello") == b"hellohello"


async def test_a_target_that_is_not_there_is_a_connection_that_breaks(tmp_path: Path) -> None:
    """Whoever connects sees the end at once."""
    async with Relay(tmp_path / "nothing") as relay:
        with pytest.raises(ConnectionResetError):
            await asked(relay, b"hello")


async def test_a_relay_may_stand_before_a_relay(relay: Relay) -> None:
    """A target is a host and a port too; who closes twice closes once."""
    async with Relay((relay.host, relay.port)) as first:
        assert await asked(first, b"hello") == b"hellohello"
        await first.aclose()
