"""Whatever a key contains: host, path and the number and names of parameters stay, and the key arrives as itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from aiohttp.client_proto import ResponseHandler

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, SourceError
from adapters.http import AsBody, AsQuery, ByCursor, HttpAdapter, HttpOffer, InBody, InQuery
from adapters.records import Record
from schema.deadline import Deadline
from tests.adapters.hostile import counted, generated, hostile_keys, is_sayable, printed
from tests.adapters.http.ways import take_the_long_way, transport_of
from tests.adapters.raw_server import Request, json_answer, serving


class Thing(Record):
    name: str | None = None


@dataclass(frozen=True)
class Seen:
    """One call: what was asked of which host, with which headers, and the body."""

    method: str
    host: str
    path: str
    query: str
    headers: tuple[str, ...]
    body: bytes


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")


def _segment(seen: Seen) -> list[str]:
    before, between, after = seen.path.split("/")[2:]
    assert (before, after) == ("things", "parts")
    assert _pairs(seen.query) == [("v", "1&2"), ("fields", "name")]
    return [unquote(between, errors="strict")]


def _parameters(*names: str) -> Callable[[Seen], list[tuple[str, str]]]:
    """Return what reads the parameters of these names, which stand behind those that never change."""

    def read(seen: Seen) -> list[tuple[str, str]]:
        fixed, *others = _pairs(seen.query)
        assert (seen.path, fixed) == ("/api/things", ("v", "1&2"))
        assert {name for name, _ in others} <= {*names}
        return others

    return read


def _joined(seen: Seen) -> list[str]:
    keys, fields = _parameters("filter[id]", "fields")(seen)
    assert fields == ("fields", "id,name")
    return keys[1].split(",")


def _repeated(seen: Seen) -> list[str]:
    *keys, one, other = _parameters("ids", "fields")(seen)
    assert [one, other] == [("fields", "id"), ("fields", "name")]
    assert {name for name, _ in keys} == {"ids"}
    return [value for _, value in keys]


def _body(seen: Seen) -> list[str]:
    assert (seen.path, seen.query) == ("/api/things", "v=1%262")
    said = json.loads(seen.body)
    assert list(said) == ["inputs", "properties"]
    assert said["properties"] == ["id", "name"]
    assert all(list(each) == ["id"] for each in said["inputs"])
    return [each["id"] for each in said["inputs"]]


def _argument(seen: Seen) -> list[str]:
    owner, *values = _parameters("owner", "q[x]")(seen)
    assert owner == ("owner", "7")
    return [value for _, value in values]


def _argument_joined(seen: Seen) -> list[str]:
    (text,) = _argument(seen)
    return text.split(",")


def _argument_body(seen: Seen) -> list[str]:
    owner = _parameters("owner")(seen)
    said = json.loads(seen.body)
    assert (owner, list(said)) == ([("owner", "7")], ["q"])
    return list(said["q"])


def _cursor(seen: Seen) -> list[str]:
    owner, size, after = _parameters("owner", "page[size]", "page[after]")(seen)
    assert (owner, size, after[0]) == (("owner", "7"), ("page[size]", "5"), "page[after]")
    return [after[1]]


def _offer(serves: str = "Thing", **declared: Any) -> HttpOffer:
    ordinary: dict[str, Any] = {"key": "id", "path": "/things", "params": (("v", "1&2"),)}
    return HttpOffer(name="things", serves=serves, record=Thing, **ordinary | declared)


def _listing(**declared: Any) -> HttpOffer:
    return _offer("Owner.things", keys=InQuery("owner", separator=None), **declared)


@dataclass(frozen=True)
class Placement:
    """One place in which a caller's text goes out, how a source reads it there, and what has no form there."""

    offer: HttpOffer
    read: Callable[[Seen], Sequence[str]]
    refuses: Callable[[str], bool] = lambda text: False
    is_key: bool = True
    is_cursor: bool = False
    method: str = "GET"

    def batches(self, texts: Sequence[str]) -> Iterable[tuple[Batch, Sequence[str]]]:
        """Yield the texts as the engine asks them: keys together, arguments and cursors one by one."""
        if self.is_key:
            yield Batch(self.offer, ("name",), tuple(texts)), texts
        elif self.is_cursor:
            yield from ((Batch(self.offer, ("name",), ("7",), (), Slice(5, text)), (text,)) for text in texts)
        else:
            yield from ((Batch(self.offer, ("name",), ("7",), (("q", self._value(text)),)), (text,)) for text in texts)

    def _value(self, text: str) -> object:
        return text if self.read is _argument else (text,)

    def cannot_say(self, text: str) -> bool:
        """Return whether a text has no form here; said anew, apart from the code that is tested."""
        is_blank = (self.is_key or self.is_cursor) and not text.strip()
        return not is_sayable(text, 1024) or is_blank or self.refuses(text)


PLACEMENTS = {
    "path": Placement(
        _offer(path="/things/{key}/parts", key=None, fields=InQuery("fields")), _segment, lambda key: key in (".", "..")
    ),
    "joined": Placement(
        _offer(keys=InQuery("filter[id]"), fields=InQuery("fields"), max_batch=100), _joined, lambda key: "," in key
    ),
    "repeated": Placement(
        _offer(keys=InQuery("ids", separator=None), fields=InQuery("fields", separator=None), max_batch=100), _repeated
    ),
    "body": Placement(
        _offer(keys=InBody("inputs", each="id"), fields=InBody("properties"), max_batch=100), _body, method="POST"
    ),
    "argument": Placement(_listing(arguments={"q": AsQuery("q[x]")}), _argument, is_key=False),
    "argument_joined": Placement(
        _listing(arguments={"q": AsQuery("q[x]")}), _argument_joined, lambda text: "," in text, is_key=False
    ),
    "argument_body": Placement(_listing(arguments={"q": AsBody("q")}), _argument_body, is_key=False, method="POST"),
    "cursor": Placement(
        _listing(paging=ByCursor(size="page[size]", cursor="page[after]", next="next"), max_page=10),
        _cursor,
        is_key=False,
        is_cursor=True,
    ),
}


NASTIEST = [key for _, key in hostile_keys(400)]


class Caught:
    """Stands where aiohttp's connections come from; keeps the bytes of every request that is written on one."""

    def __init__(self, adapter: HttpAdapter) -> None:
        self.written: list[bytes] = []
        exchange = transport_of(adapter).exchange
        exchange._loop, exchange._connector = asyncio.get_running_loop(), self  # type: ignore[assignment]

    async def connect(self, *_: object) -> Connected:
        return Connected(self.written)

    async def close(self) -> None:
        """Be closed, as a connector is."""


class Connected(asyncio.Transport):
    """A connection whose other end answers every request with an empty list."""

    def __init__(self, written: list[bytes]) -> None:
        super().__init__()
        self._written, self.protocol = written, ResponseHandler(asyncio.get_running_loop())
        self.protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._written.append(bytes(data))
        asyncio.get_running_loop().call_soon(self.protocol.data_received, json_answer())

    def is_closing(self) -> bool:
        return False

    def release(self) -> None:
        """Be kept, as a connection is."""


def _seen(data: bytes) -> Seen:
    """Return what a server makes of the bytes of a request: each header is one line, as is the first one."""
    head, _, body = data.partition(b"\r\n\r\n")
    line, *headers = head.decode("ascii").split("\r\n")
    method, target, version = line.split(" ")
    assert version == "HTTP/1.1"
    assert target.isprintable()
    assert head.count(b"\n") == head.count(b"\r") == len(headers)
    path, _, query = target.partition("?")
    (host,) = [header.removeprefix("Host: ") for header in headers if header.startswith("Host: ")]
    rest = tuple(header.lower() for header in headers if not header.startswith(("Host: ", "Content-Length: ")))
    return Seen(method, host, path, query, tuple(sorted(rest)), body)


def _headers(method: str) -> tuple[str, ...]:
    own = ("accept: application/json", "accept-encoding: gzip")
    rest = ("connection: keep-alive", "user-agent: customer-view-gateway")
    return tuple(sorted((*own, *rest, *(("content-type: application/json",) if method == "POST" else ()))))


async def _asked(
    placement: Placement, texts: Sequence[str], *, is_long: bool = False
) -> list[tuple[Sequence[str], list[Seen], Mapping[str, Answer]]]:
    """Ask all texts either way; return for each batch its texts, the requests that were written, and the answers."""
    adapter = HttpAdapter("crm", "https://crm.example:8443/api", [placement.offer])
    caught, done = Caught(adapter), []
    passing = take_the_long_way(adapter) if is_long else None
    for batch, asked in placement.batches(texts):
        answers = await adapter.fetch(batch, Call(Deadline.after(60), "dpv:ServiceProvision"))
        done.append((asked, [_seen(data) for data in caught.written], answers))
        assert passing is None or passing.requests == sum(len(seen) for _, seen, _ in done)
        caught.written.clear()
    await adapter.aclose()
    return done


async def _checked(placement: Placement, texts: Sequence[str]) -> list[str]:
    """Ask all texts in one placement, check every call that was made, and return those that were refused."""
    refused = []
    for asked, calls, answers in await _asked(placement, texts):
        wanted = [text for text in asked if not placement.cannot_say(text)]
        refused += [text for text in asked if placement.cannot_say(text)]
        assert sorted(text for seen in calls for text in placement.read(seen)) == sorted(wanted)
        assert {type(answers[text]) for text in set(asked) - set(wanted) if placement.is_key} <= {SourceError}
        for seen in calls:
            assert (seen.method, seen.host) == (placement.method, "crm.example:8443")
            assert seen.headers == _headers(placement.method)
    return refused


@pytest.mark.parametrize("name", PLACEMENTS)
async def test_httpx_would_write_the_same(name: str) -> None:
    """A call past httpx's client and one through it are the same bytes, whatever the key."""
    short, long = [
        [seen for _, seen, _ in await _asked(PLACEMENTS[name], NASTIEST, is_long=way)] for way in (False, True)
    ]
    assert [set(seen) for seen in short] == [set(seen) for seen in long]
    assert any(short)


async def test_hostile_keys_change_nothing_of_a_request_but_themselves() -> None:
    """In every placement; a key that has no form there is refused without a call."""
    assert generated(await counted(2_000, PLACEMENTS, _checked)) == 2_000


@pytest.mark.long
async def test_a_hundred_thousand_hostile_keys_change_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The same, and the table of what was generated and how much of it each placement refused."""
    told = await counted(100_000, PLACEMENTS, _checked)
    title = "Hostile keys over HTTP, and how many each placement refused without a call"
    assert generated(printed(capsys, title, told)) == 100_000


def _read(request: Request) -> Seen:
    """Return a request as it came, bytes and all."""
    method, target, version = request.line.split(" ")
    assert version == "HTTP/1.1"
    assert target.isascii()
    assert target.isprintable()
    path, _, query = target.partition("?")
    names = [line.split(b":")[0].decode().lower() for line in request.head.rstrip(b"\r\n").split(b"\r\n")[1:]]
    return Seen(method, request.header("Host") or "", path, query, tuple(sorted(names)), request.body)


@pytest.mark.parametrize("name", PLACEMENTS)
async def test_hostile_keys_change_nothing_on_the_wire(name: str) -> None:
    """A real server receives one request line a call, the fixed headers, and the very key."""
    placement, said = PLACEMENTS[name], set[str]()

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(json_answer(b"[]"))

    async with serving(answer) as server:
        adapter = HttpAdapter("crm", server.url + "/api", [placement.offer])
        for batch, _ in placement.batches(NASTIEST):
            await adapter.fetch(batch, Call(Deadline.after(60), "dpv:ServiceProvision"))
        await adapter.aclose()
    posted: Mapping[str, Any] = {"POST": ("content-length", "content-type"), "GET": ()}
    headers = ("accept", "accept-encoding", "connection", "host", "user-agent", *posted[placement.method])
    for seen in map(_read, server.requests):
        assert (seen.method, seen.host) == (placement.method, f"localhost:{server.port}")
        assert seen.headers == tuple(sorted(headers))
        said.update(placement.read(seen))
    assert said == {key for key in NASTIEST if not placement.cannot_say(key)}
