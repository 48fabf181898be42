"""A server for tests that speaks HTTP byte by byte, in order or in one of the wrong ways that a kit tells it.

async with HttpWire(answer) as wire:
    ...                        # ask wire.url: `answer` says the status and the JSON of each request
    await wire.go_wrong(wrong)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, Self

from adapters.listening import Line, Listener

__all__ = ["FOLLOWED", "HttpAnswer", "HttpAsked", "HttpLine", "HttpWire", "Playing", "json_head"]

FOLLOWED = "/followed"
"""Where the redirects of the wire lead, on another name of the same server: nobody may come there."""


@dataclass(frozen=True, slots=True)
class HttpAsked:
    """One request as it came. `target` is path and query as written, the names of `headers` are in small letters."""

    method: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the source would answer in order: a status and the bytes of its JSON."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = "application/json"


class Playing(Protocol):
    """What the wire does in place of answering in order."""

    @property
    def is_refusing(self) -> bool:
        """Whether no connection is taken at all."""

    async def play(self, line: HttpLine, answer: HttpAnswer) -> None:
        """Write what comes in place of the answer; the connection is closed afterwards unless `line.keeps` is set."""


class HttpLine(Line):
    """One connection as a wrong answer sees it. `call` counts the wire's calls from 1, `port` is the wire's."""

    def __init__(self, writer: asyncio.StreamWriter, call: int, port: int) -> None:
        super().__init__(writer)
        self.call, self.port = call, port


def json_head(length: int | None, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return the head of an answer; without a length none is told."""
    told = () if length is None else (f"Content-Length: {length}",)
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *told, *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


class HttpWire:
    """Listens on a port of 127.0.0.1 while it is open as an asynchronous context.

    `calls` counts requests, `followed` those that a redirect has led here.
    """

    def __init__(self, answer: Callable[[HttpAsked], Awaitable[HttpAnswer]]) -> None:
        self._answer = answer
        self._wrong: Playing | None = None
        self._listener = Listener(self._converse)
        self.calls = 0
        self.followed = 0

    @property
    def port(self) -> int:
        """The port at which it listens."""
        return self._listener.port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listener.aclose()

    async def go_wrong(self, wrong: Playing | None) -> None:
        """From now on do this in place of answering; None is good order again.

        Connections stand, so that what a wrong answer leaves behind on one is met by the next; a wire that takes none
        ends them.
        """
        self._wrong = wrong
        if wrong is not None and wrong.is_refusing:
            await self._listener.hang_up()
        else:
            await self._listener.listen()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while await self._serve(await _read(reader), writer):
                    pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, asked: HttpAsked, writer: asyncio.StreamWriter) -> bool:
        """Answer one request, and return whether the connection is kept."""
        self.calls += 1
        self.followed += asked.target == FOLLOWED
        line = HttpLine(writer, self.calls, self.port)
        answer, wrong = await self._answer(asked), self._wrong
        if wrong is not None:
            await wrong.play(line, answer)
            return line.keeps
        head = json_head(len(answer.body), status=f"{answer.status} Status", kind=answer.content_type)
        await line.send(head + answer.body)
        return True


async def _read(reader: asyncio.StreamReader) -> HttpAsked:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, target, _ = first.split(" ")
    return HttpAsked(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))
