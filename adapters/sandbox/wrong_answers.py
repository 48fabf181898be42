"""What a sandbox source with an HTTP interface answers when it misbehaves in more than its records."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Mapping

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from adapters.sandbox.misbehaviour import Misbehaviour

__all__ = ["CUT", "RESET", "WRONG_ANSWERS"]

CUT, RESET = "cut", "reset"
"""Where a connection's scope state holds the functions that end the connection at once: in order, and with RST."""

_JSON = "application/json"
_PAUSE = 0.05
"""Seconds between two bytes that drip."""

_PIECE = 64 * 1024
_PIECES = 1_024
"""Of blanks in what is huge: 64 MiB."""

_NESTED = 100_000
_MANY = 1_000
"""Headers: more than anybody needs, and no more than a server is able to send."""


class EndedResponse(Response):
    """An answer that breaks off: with a body after half of it, without one before the first byte."""

    def __init__(self, how: str, content: bytes = b"") -> None:
        super().__init__(content, media_type=_JSON)
        self._how = how

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is to be sent and end the connection."""
        if self.body:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            half = bytes(self.body[: len(self.body) // 2])
            await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"][self._how]()
        await _until_gone(receive)


class PouredResponse(Response):
    """An answer that comes in pieces, and never to its end; one without pieces is no answer."""

    def __init__(self, pieces: Callable[[], AsyncIterator[bytes]] | None) -> None:
        super().__init__(b"", media_type=_JSON)
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send pieces until whoever asked has gone."""
        gone = asyncio.ensure_future(_until_gone(receive))
        pouring = asyncio.ensure_future(self._pour(send))
        try:
            await asyncio.wait({gone, pouring}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, pouring):
                task.cancel()
            await asyncio.gather(gone, pouring, return_exceptions=True)

    async def _pour(self, send: Send) -> None:
        if self._pieces is not None:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for piece in self._pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.Event().wait()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # a request body that had arrived before


def _dripping(body: bytes) -> Response:
    async def drops() -> AsyncIterator[bytes]:
        for place in range(len(body)):
            yield body[place : place + 1]
            await asyncio.sleep(_PAUSE)

    return PouredResponse(drops)


async def _blanks() -> AsyncIterator[bytes]:
    for _ in range(_PIECES):
        yield b" " * _PIECE


def _bomb(_: bytes) -> Response:
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(engine.compress(b" " * _PIECE) for _ in range(_PIECES)) + engine.flush()
    return Response(packed, media_type=_JSON, headers={"Content-Encoding": "gzip"})


def _with_headers(body: bytes) -> Response:
    response = Response(body, media_type=_JSON)
    response.raw_headers += [(b"x-header", b"of many")] * _MANY
    return response


def _later(status: int) -> Callable[[bytes], Response]:
    return lambda _: JSONResponse({"error": "later"}, status, headers={"Retry-After": "1"})


_ERROR = "Traceback: NullPointer at db-07.internal:5432, user svc_crm"

WRONG_ANSWERS: Mapping[Misbehaviour, Callable[[bytes], Response]] = {
    Misbehaviour.HANG: lambda _: PouredResponse(None),
    Misbehaviour.DRIP: _dripping,
    Misbehaviour.DOWN: lambda _: EndedResponse(CUT),
    Misbehaviour.RESET: lambda _: EndedResponse(RESET),
    Misbehaviour.ERROR: lambda _: Response(_ERROR, 500),
    Misbehaviour.THROTTLED: _later(429),
    Misbehaviour.BUSY: _later(503),
    Misbehaviour.REDIRECT: lambda _: Response(status_code=302, headers={"Location": "http://elsewhere.invalid/"}),
    Misbehaviour.GARBAGE: lambda _: Response(b'\x00\xff{"data": [<html>\xfe', media_type=_JSON),
    Misbehaviour.WRONG_TYPE: lambda body: Response(body, media_type="text/html"),
    Misbehaviour.TRUNCATED: lambda body: Response(body[: len(body) // 2], media_type=_JSON),
    Misbehaviour.DEEP: lambda _: Response(b"[" * _NESTED + b"]" * _NESTED, media_type=_JSON),
    Misbehaviour.HEADERS: _with_headers,
    Misbehaviour.HUGE: lambda _: PouredResponse(_blanks),
    Misbehaviour.BOMB: _bomb,
    Misbehaviour.CUT: lambda body: EndedResponse(CUT, body),
}
"""What makes the answer, from the JSON of the one in order."""
