"""The load that comes at random moments: the moments, and what is counted of the answers."""

from __future__ import annotations

import asyncio
import statistics

import pytest

from tests.bench.peers.open_loop import Arrivals, Told, arrivals, quantile, run

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def load(answer: bytes, *, count: int = 20, pieces: int = 1, connections: int = 4, rate: float = 2_000.0) -> Told:
    """Send requests to a server that gives this answer in so many pieces, and none at all for an empty one."""
    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])
                bodies.append(await reader.readexactly(length))
                for start in range(0, len(answer), -(-len(answer) // pieces) or 1):
                    writer.write(answer[start : start + -(-len(answer) // pieces)])
                    await writer.drain()
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        sent = [f'{{"id": {place}}}' for place in range(count)]
        told = await run(Arrivals(port, "/graphql", {"X-A": "b"}, sent, rate, connections))
        assert sorted(bodies) == sorted(body.encode() for body in sent)
    await asyncio.sleep(0.01)
    return told


def test_moments_are_independent_and_as_many_as_was_said() -> None:
    """A Poisson process: the times between have the mean 1/rate, and a spread as large as it."""
    moments = arrivals(20_000, 1_000.0, seed=1)
    between = [later - earlier for earlier, later in zip([0.0, *moments], moments, strict=False)]
    assert moments == sorted(moments)
    assert statistics.mean(between) == pytest.approx(0.001, rel=0.03)
    assert statistics.stdev(between) == pytest.approx(0.001, rel=0.05)
    assert arrivals(5, 1_000.0, seed=1) == moments[:5]
    assert arrivals(5, 1_000.0, seed=2) != moments[:5]


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize(
    "answer",
    [HEAD, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
    ids=["length", "chunks"],
)
async def test_every_answer_is_counted_once(answer: bytes, pieces: int) -> None:
    """However it is sent, and in however many pieces it comes."""
    told = await load(answer, pieces=pieces)
    assert (told.answered, told.refused, told.late) == (20, 0, 0)
    assert 0 < told.p50 <= told.p99


async def test_another_status_is_counted_as_refused() -> None:
    """It is no answer to what was asked."""
    told = await load(HEAD.replace(b"200 OK", b"503 Busy"))
    assert (told.answered, told.refused) == (20, 20)


async def test_waiting_for_a_free_connection_counts_as_latency() -> None:
    """Requests that were due while the only connection was taken were late from then on."""
    one, many = [await load(HEAD, count=200, connections=each, rate=100_000.0) for each in (1, 50)]
    assert one.answered == many.answered == 200
    assert one.p99 > 3.0  # milliseconds: 200 requests, one behind the other


async def test_what_is_not_answered_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that loses requests is not the quickest."""
    monkeypatch.setattr("tests.bench.peers.open_loop._WAIT", 0.1)
    told = await load(b"", count=3)
    assert (told.answered, told.late, told.p50) == (0, 3, 0.0)


def test_quantiles_are_values_that_occurred() -> None:
    """Of an empty list it is nought."""
    values = [float(number) for number in range(100)]
    assert [quantile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 99.0]
    assert quantile([], 0.5) == 0.0
