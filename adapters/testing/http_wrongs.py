"""What an HTTP source can do wrong on the wire: each kind by its name, with what it means and what it may cost.

A kind spoils whatever the source would have answered in order, so it fits every source that answers JSON over HTTP.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache

from adapters.testing.http_wire import FOLLOWED, HttpAnswer, HttpLine, json_head
from adapters.testing.wrongs import AUTH, ERROR, LATE, LIMITED, RIGHT, WireWrong, close, hang, reset

__all__ = ["HTTP_WRONGS", "HttpWrong"]

_Play = Callable[[HttpLine, HttpAnswer], Awaitable[None]]
_MANY = 20_000
"""How often what comes in a flood comes."""

_BIG = 64 * 2**20
"""Bytes of what is far too long: eight times what an adapter takes by default."""

_PIECE = 64 * 1024
_GZIP_WINDOW = 31  # zlib's own number: 15 bits of window, in gzip


class HttpWrong(WireWrong[HttpLine, HttpAnswer]):
    """One kind of wrong answer over HTTP."""

    __slots__ = ()


async def _hang_after_head(line: HttpLine, answer: HttpAnswer) -> None:
    await line.send(_head(answer))
    await line.hang()


async def _drip_head(line: HttpLine, answer: HttpAnswer) -> None:
    await line.drip(_head(answer), 0.05)
    await line.hang()


async def _drip_body(line: HttpLine, answer: HttpAnswer) -> None:
    await line.send(_head(answer))
    await line.drip(answer.body, 0.05)
    await line.hang()


async def _cut_head(line: HttpLine, answer: HttpAnswer) -> None:
    await line.send(_head(answer)[:30])


async def _cut_body(line: HttpLine, answer: HttpAnswer) -> None:
    await line.send(_head(answer) + answer.body[: len(answer.body) // 2])


async def _cut_chunks(line: HttpLine, answer: HttpAnswer) -> None:
    await line.send(_chunked_head(answer) + _chunk(answer.body))


async def _flap(line: HttpLine, answer: HttpAnswer) -> None:
    line.keeps = True
    if line.call % 2:
        await line.send(json_head(2, status="500 Internal Server Error") + b"{}")
    else:
        await line.send(_head(answer) + answer.body)


def _status(status: str, *headers: str) -> _Play:
    async def answer_with(line: HttpLine, answer: HttpAnswer) -> None:
        line.keeps = True
        bare = status.startswith(("204", "304"))
        await line.send(json_head(None if bare else 2, *headers, status=status) + (b"" if bare else b"{}"))

    return answer_with


def _redirect(status: str) -> _Play:
    async def lead_away(line: HttpLine, answer: HttpAnswer) -> None:
        line.keeps = True
        where = f"Location: http://localhost:{line.port}{FOLLOWED}"
        await line.send(json_head(len(answer.body), where, status=status) + answer.body)

    return lead_away


def _raw(make: Callable[[HttpAnswer], bytes]) -> _Play:
    """Send these bytes, and close."""

    async def write(line: HttpLine, answer: HttpAnswer) -> None:
        await line.send(make(answer))

    return write


def _body(make: Callable[[bytes], bytes], *headers: str, kind: str | None = None) -> _Play:
    """Send a whole and well-formed answer with this body."""

    async def write(line: HttpLine, answer: HttpAnswer) -> None:
        line.keeps = True
        body = make(answer.body)
        await line.send(json_head(len(body), *headers, kind=kind or answer.content_type) + body)

    return write


def _repeated(head: Callable[[HttpAnswer], bytes], piece: bytes, times: int, end: bytes = b"") -> _Play:
    """Send a beginning, then one piece many times over."""

    async def write(line: HttpLine, answer: HttpAnswer) -> None:
        await line.send(head(answer))
        together = max(1, _PIECE // len(piece))
        for _ in range(0, times, together):
            await line.send(piece * together)
        await line.send(end)

    return write


async def _crumbs(line: HttpLine, answer: HttpAnswer) -> None:
    line.keeps = True
    crumbs = b"".join(_chunk(answer.body[place : place + 1]) for place in range(len(answer.body)))
    await line.send(_chunked_head(answer) + crumbs + b"0\r\n\r\n")


async def _surplus(line: HttpLine, answer: HttpAnswer) -> None:
    line.keeps = True
    await line.send(2 * (_head(answer) + answer.body))


def _words_between(times: int) -> _Play:
    async def answer_late(line: HttpLine, answer: HttpAnswer) -> None:
        line.keeps = True
        await line.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * times + _head(answer) + answer.body)

    return answer_late


def _head(answer: HttpAnswer) -> bytes:
    return json_head(len(answer.body), kind=answer.content_type)


def _chunked_head(answer: HttpAnswer) -> bytes:
    return json_head(None, "Transfer-Encoding: chunked", kind=answer.content_type)


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _with(*headers: str) -> Callable[[HttpAnswer], bytes]:
    return lambda answer: json_head(len(answer.body), *headers, kind=answer.content_type) + answer.body


def _lengths(*lengths: str) -> Callable[[HttpAnswer], bytes]:
    return lambda answer: json_head(None, *(f"Content-Length: {one}" for one in lengths)) + answer.body


def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, 1)


def _bomb(_: bytes) -> bytes:
    return _packed()


@cache
def _packed() -> bytes:
    """Return what is made of one piece, many times: to pack it whole would take longer than a call is given.

    Its check sum is wrong, which is behind what anybody reads.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP_WINDOW)
    begun = packer.compress(b"[") + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(b" " * _PIECE) + packer.flush(zlib.Z_FULL_FLUSH)
    return begun + piece * (_BIG // _PIECE) + packer.flush()


def _as(body: bytes) -> Callable[[bytes], bytes]:
    return lambda _: body


_GZIP = "Content-Encoding: gzip"

_CONNECTIONS = (
    HttpWrong("refused", "takes no connection", ERROR, None),
    HttpWrong("reset", "resets the connection in place of an answer", ERROR, reset),
    HttpWrong("closed", "closes the connection in place of an answer", ERROR, close),
    HttpWrong("hang", "takes the request and answers nothing", LATE, hang),
    HttpWrong("hang after head", "sends a head and no body", LATE, _hang_after_head),
    HttpWrong("drip head", "sends its head a byte at a time", LATE, _drip_head),
    HttpWrong("drip body", "sends its body a byte at a time", LATE, _drip_body),
    HttpWrong("cut head", "breaks off in its head", ERROR, _cut_head),
    HttpWrong("cut body", "breaks off in its body", ERROR, _cut_body),
    HttpWrong("cut chunks", "breaks off before its last chunk", ERROR, _cut_chunks),
    HttpWrong("flapping", "fails at every second call", ERROR | RIGHT, _flap),
)

_STATUSES = (
    HttpWrong("unauthorized", "answers 401", AUTH, _status("401 Unauthorized")),
    HttpWrong("forbidden", "answers 403", AUTH, _status("403 Forbidden")),
    HttpWrong("throttled", "answers 429 with Retry-After", LIMITED, _status("429 Slow", "Retry-After: 1")),
    HttpWrong("throttled bare", "answers 429 without Retry-After", LIMITED, _status("429 Slow")),
    HttpWrong("error", "answers 500", ERROR, _status("500 Internal Server Error")),
    HttpWrong("bad gateway", "answers 502", ERROR, _status("502 Bad Gateway")),
    HttpWrong("busy", "answers 503 with Retry-After", ERROR | LIMITED, _status("503 Busy", "Retry-After: 1")),
    HttpWrong("gateway timeout", "answers 504", ERROR | LATE, _status("504 Gateway Timeout")),
    HttpWrong("no content", "answers 204", ERROR, _status("204 No Content")),
    HttpWrong("reset content", "answers 205", ERROR, _status("205 Reset Content")),
    HttpWrong("partial content", "answers 206", ERROR, _status("206 Partial Content", "Content-Range: bytes 0-1/9")),
    HttpWrong("not modified", "answers 304", ERROR, _status("304 Not Modified")),
    HttpWrong("moved", "redirects with 301 to another host", ERROR, _redirect("301 Moved Permanently")),
    HttpWrong("found", "redirects with 302 to another host", ERROR, _redirect("302 Found")),
    HttpWrong("redirected", "redirects with 307 to another host", ERROR, _redirect("307 Temporary Redirect")),
    HttpWrong("moved for good", "redirects with 308 to another host", ERROR, _redirect("308 Permanent Redirect")),
    HttpWrong("upgraded", "changes to another protocol", ERROR, _status("101 Switching", "Upgrade: websocket")),
    HttpWrong("words between", "sends three 103 before its answer", RIGHT, _words_between(3)),
    HttpWrong("flood of words between", "sends 20,000 times 103 before its answer", ERROR, _words_between(_MANY)),
)

_FRAMES = (
    HttpWrong("no HTTP", "answers in another protocol", ERROR, _raw(lambda _: b"SSH-2.0-OpenSSH_9.2\r\n")),
    HttpWrong("HTTP/0.9", "answers with a body alone", ERROR, _raw(lambda answer: answer.body)),
    HttpWrong("bad status", "answers with a status that is no number", ERROR, _raw(lambda _: b"HTTP/1.1 OK\r\n\r\n")),
    HttpWrong("two lengths", "tells two lengths of its body", ERROR, _raw(_lengths("5", "7"))),
    HttpWrong("negative length", "tells a negative length", ERROR, _raw(_lengths("-5"))),
    HttpWrong("length too long", "tells a greater length than it sends", ERROR, _raw(_lengths("5000"))),
    HttpWrong("length too short", "tells a smaller length than it sends", ERROR, _raw(_lengths("5"))),
    HttpWrong(
        "length of digits",
        "tells a length of 5,000 digits",
        ERROR,
        _raw(_lengths("9" * 5_000)),
    ),
    HttpWrong(
        "length and chunks",
        "tells a length and sends chunks",
        ERROR,
        _raw(
            lambda answer: json_head(5, "Transfer-Encoding: chunked") + _chunk(answer.body) + b"0\r\n\r\n",
        ),
    ),
    HttpWrong(
        "bad chunk",
        "sends a chunk whose size is no number",
        ERROR,
        _raw(lambda answer: _chunked_head(answer) + b"zz\r\n"),
    ),
    HttpWrong("crumbs", "sends a chunk for every byte", RIGHT, _crumbs),
    HttpWrong("surplus", "sends its answer twice", RIGHT, _surplus),
    HttpWrong(
        "many headers", "sends 20,000 headers", ERROR, _repeated(lambda _: b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", _MANY)
    ),
    HttpWrong(
        "long header", "sends a header of 64 MiB", ERROR, _repeated(lambda _: b"HTTP/1.1 200 OK\r\nA: ", b"b", _BIG)
    ),
    HttpWrong(
        "wide headers",
        "sends 120 headers of 15 KiB",
        ERROR,
        _raw(_with(*[f"A-{n}: {'b' * 15_000}" for n in range(120)])),
    ),
    HttpWrong("NUL in header", "sends a NUL in a header", ERROR, _raw(_with("A: b\0c"))),
    HttpWrong(
        "chunk extension",
        "sends 64 MiB as a chunk's extension",
        ERROR,
        _repeated(lambda answer: _chunked_head(answer) + b"1;", b"b", _BIG),
    ),
    HttpWrong(
        "trailers",
        "sends trailers without end",
        ERROR,
        _repeated(lambda answer: _chunked_head(answer) + _chunk(answer.body) + b"0\r\n", b"A: b\r\n", 2_000_000),
    ),
)

_TYPES = (
    HttpWrong("HTML", "answers with a page for people", ERROR, _body(_as(b"<html>it works</html>"), kind="text/html")),
    HttpWrong("other type", "says that its JSON is plain text", ERROR, _body(bytes, kind="text/plain")),
    HttpWrong("two types", "tells two types of its body", ERROR, _body(bytes, "Content-Type: text/html")),
    HttpWrong("UTF-16", "answers in UTF-16", ERROR, _body(lambda body: body.decode().encode("utf-16"))),
    HttpWrong("no UTF-8", "holds a byte that is no UTF-8", ERROR, _body(lambda body: body.replace(b'"', b'"\xff', 1))),
    HttpWrong("byte order mark", "begins with a byte order mark", RIGHT, _body(lambda body: b"\xef\xbb\xbf" + body)),
)

_UNENDED = b"[" * 200 + b'"' + b'\\"' * 1_000_000
"""Who looks for the end of the text from each of its quotes anew takes hours."""

_BODIES = (
    HttpWrong("empty", "answers with an empty body", ERROR, _body(_as(b""))),
    HttpWrong("truncated", "answers with half of its JSON", ERROR, _body(lambda body: body[: len(body) // 2])),
    HttpWrong("trailing garbage", "has more behind its JSON", ERROR, _body(lambda body: body + b"]")),
    HttpWrong("two documents", "answers with its JSON twice", ERROR, _body(lambda body: body + b"\n" + body)),
    HttpWrong("NUL", "has a NUL behind its JSON", ERROR, _body(lambda body: body + b"\0")),
    HttpWrong("deep", "nests 100,000 lists", ERROR, _body(_as(b"[" * 100_000 + b"]" * 100_000))),
    HttpWrong("text without end", "nests lists and begins a text that never ends", ERROR, _body(_as(_UNENDED))),
    HttpWrong("deep objects", "nests 500 objects", ERROR, _body(_as(b'{"data":' * 500 + b"1" + b"}" * 500))),
    HttpWrong("NaN", "answers NaN, which is no JSON", ERROR, _body(_as(b"[NaN]"))),
    HttpWrong("huge number", "answers a number of a million digits", ERROR, _body(_as(b"9" * 1_000_000))),
    HttpWrong("text", "answers a text in place of records", ERROR, _body(_as(b'"it works"'))),
    HttpWrong("half a character", "answers half of a surrogate pair", ERROR, _body(_as(b'"\\ud800"'))),
    HttpWrong("null", "answers null in place of records", ERROR, _body(_as(b"null"))),
    HttpWrong("number", "answers a number in place of records", ERROR, _body(_as(b"7"))),
    HttpWrong("dense", "answers 2.7 million empty lists", ERROR, _body(_as(b"[" + b"[]," * 2_700_000 + b"0]"))),
)

_COMPRESSED = (
    HttpWrong("gzip", "compresses, as it was allowed to", RIGHT, _body(_gzipped, _GZIP)),
    HttpWrong("bomb", "sends 64 MiB of blanks in 84 KiB of gzip", ERROR, _body(_bomb, _GZIP)),
    HttpWrong(
        "gzip in gzip",
        "compresses twice",
        ERROR,
        _body(lambda body: _gzipped(_gzipped(body)), "Content-Encoding: gzip, gzip"),
    ),
    HttpWrong("gzip untold", "compresses and does not say so", ERROR, _body(_gzipped)),
    HttpWrong("gzip that is none", "says that it compresses, and does not", ERROR, _body(bytes, _GZIP)),
    HttpWrong("cut gzip", "breaks off in what it compresses", ERROR, _body(lambda body: _gzipped(body)[:-9], _GZIP)),
    HttpWrong(
        "gzip and more",
        "has more behind what it compresses",
        ERROR,
        _body(lambda body: _gzipped(body) + b"more", _GZIP),
    ),
    HttpWrong(
        "other compression", "compresses in a way that was not asked for", ERROR, _body(bytes, "Content-Encoding: br")
    ),
    HttpWrong("announced too long", "announces a gigabyte", ERROR, _raw(_lengths(str(2**30)))),
    HttpWrong("endless", "sends a body without end", ERROR, _repeated(lambda answer: json_head(None), b" ", _BIG)),
    HttpWrong(
        "endless chunks",
        "sends chunks without end",
        ERROR,
        _repeated(_chunked_head, _chunk(b" " * 1_000), _BIG // 1_000),
    ),
)

HTTP_WRONGS: Mapping[str, HttpWrong] = {
    wrong.name: wrong for wrong in (*_CONNECTIONS, *_STATUSES, *_FRAMES, *_TYPES, *_BODIES, *_COMPRESSED)
}
"""Every kind by its name."""
