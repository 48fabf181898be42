"""The transport on real sockets: bodies, compressed, broken and too long."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import httpx
import pytest

from adapters.http.transport import AiohttpTransport, BodyTooLarge
from tests.adapters.http.ways import Way, failure, httpx_client, says_nothing
from tests.adapters.raw_server import Request, json_answer, serving

Writer = asyncio.StreamWriter


def chunked(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"


def zipped(size: int) -> bytes:
    return gzip.compress(b" " * size)


async def test_a_compressed_body_is_inflated(client: Way) -> None:
    """gzip and deflate, in one piece or over several chunks."""
    text = b"[" + b"1," * 200_000 + b"1]"
    for coding, body in (("gzip", gzip.compress(text)), ("deflate", zlib.compress(text)), ("identity", text)):
        for answer in (json_answer(body, f"Content-Encoding: {coding}"), chunked(body, f"Content-Encoding: {coding}")):
            async with serving(answer) as server, client() as http:
                assert (await http.get(server.url)).content == text


async def test_headers_speak_of_the_body_as_it_is_read() -> None:
    """httpx would inflate a second time, and count the wrong bytes."""
    async with serving(json_answer(zipped(1000), "Content-Encoding: gzip")) as server, httpx_client() as http:
        response = await http.get(server.url)
    assert response.headers.keys() == {"content-type"}
    assert response.content == b" " * 1000


async def test_a_compressed_body_may_come_in_any_pieces(client: Way) -> None:
    """Its ten bytes of header alone, for one."""

    async def slowly(request: Request, writer: Writer) -> None:
        whole = json_answer(zipped(1000), "Content-Encoding: gzip")
        cut = whole.index(b"\r\n\r\n") + 14
        writer.write(whole[:cut])
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(whole[cut:])

    async with serving(slowly) as server, client() as http:
        assert (await http.get(server.url)).content == b" " * 1000


async def test_a_compressed_body_without_bytes_is_empty(client: Way) -> None:
    """An answer to HEAD, or a 204, announces what does not come."""
    async with serving(json_answer(b"", "Content-Encoding: gzip")) as server, client() as http:
        assert (await http.get(server.url)).content == b""


async def test_an_inflated_body_is_bounded() -> None:
    """50 MB that stand in 48 KB on the wire are given up at the limit, in pieces of 64 KiB."""
    bomb, small = json_answer(zipped(50_000_000), "Content-Encoding: gzip"), AiohttpTransport(max_body=1_000_000)
    pieces: list[int] = []

    async def read(response: httpx.Response) -> None:
        async for piece in response.aiter_raw():
            pieces.append(len(piece))  # noqa: PERF401  it raises on its way

    async with serving(bomb) as server, httpx_client(small) as http:
        response = await http.send(http.build_request("GET", server.url), stream=True)
        with pytest.raises(BodyTooLarge) as caught:
            await read(response)
        await response.aclose()
    assert max(pieces) <= 65_536
    assert sum(pieces) <= 1_000_000
    assert says_nothing(caught.value)


@pytest.mark.parametrize("answer", [json_answer(b"x" * 5_000_000), chunked(b"x" * 5_000_000)], ids=["announced", "not"])
async def test_a_raw_body_is_bounded(client: Way, answer: bytes) -> None:
    """Announced or not; the rest of it is not waited for."""
    async with serving(answer) as server, client(AiohttpTransport(max_body=1000)) as http:
        assert type(await failure(http, server.url)) is BodyTooLarge
        await server.until(lambda: server.open == 0)


async def test_a_compressed_body_is_bounded_before_it_is_inflated(client: Way) -> None:
    """Bytes that inflate to nothing count too."""
    body = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"c" * 5000  # a gzip header with an endless comment
    endless, small = chunked(body, "Content-Encoding: gzip"), AiohttpTransport(max_body=1000)
    async with serving(endless) as server, client(small) as http:
        assert type(await failure(http, server.url)) is BodyTooLarge


@pytest.mark.parametrize(
    "body",
    [b"no gzip at all", zipped(1000)[:-6], zipped(10) + zipped(10), zipped(10) + b"tail"],
    ids=["other", "cut", "two", "tail"],
)
async def test_a_broken_compressed_body_is_a_decoding_error(client: Way, body: bytes) -> None:
    """Other bytes, an early end, and something after the end."""
    async with serving(json_answer(body, "Content-Encoding: gzip")) as server, client() as http:
        assert type(await failure(http, server.url)) is httpx.DecodingError


async def test_a_compression_that_was_not_asked_for_is_refused(client: Way) -> None:
    """br, zstd, or gzip in gzip."""
    for coding in ("br", "zstd", "gzip, gzip"):
        async with serving(json_answer(b"..", f"Content-Encoding: {coding}")) as server, client() as http:
            assert type(await failure(http, server.url)) is httpx.DecodingError
