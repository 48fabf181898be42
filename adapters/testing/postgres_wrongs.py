"""What a PostgreSQL server can do wrong on the wire: each kind by its name, with what it means and what it may cost.

A kind exchanges messages of a real server, from the first row of an answer on, so it fits every table. The states of
errors are those of appendix A of PostgreSQL's manual.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from adapters.testing.postgres_wire import PostgresLine, message
from adapters.testing.wrongs import AUTH, ERROR, LATE, LIMITED, RIGHT, WireWrong, close, hang, reset
from schema.reasons import Reason

__all__ = ["POSTGRES_WRONGS", "PostgresWrong"]

_Play = Callable[[PostgresLine, bytes], Awaitable[None]]

_BIG = 24 * 2**20
"""Bytes of what is too long: half as much again as an adapter takes of one answer."""

_PIECE = 256 * 1024

_CANCELLED: frozenset[Reason | None] = frozenset({Reason.SOURCE_TIMEOUT})


@dataclass(frozen=True, slots=True)
class PostgresWrong(WireWrong[PostgresLine, bytes]):
    """One kind of wrong answer of a PostgreSQL server, from its first message or the first row on."""

    is_at_login: bool = False


async def _drip(line: PostgresLine, first: bytes) -> None:
    await line.drip(first, 0.05)
    await line.hang()


async def _cut(line: PostgresLine, first: bytes) -> None:
    await line.send(first[: len(first) // 2])


async def _cut_between(line: PostgresLine, first: bytes) -> None:
    await line.send(first)


async def _no_ready(line: PostgresLine, first: bytes) -> None:
    await line.send(first)
    while not (told := await line.next()).startswith(b"Z"):
        await line.send(told)
    await line.hang()


async def _only_ready(line: PostgresLine, first: bytes) -> None:
    await line.send(first + await line.skip_to_ready())
    line.keeps = True


async def _flap(line: PostgresLine, first: bytes) -> None:
    if line.answers % 2:
        await _fail("40001")(line, first)
    else:
        await line.send(first)
        line.keeps = True


def _told(state: str, words: str) -> bytes:
    fields = (b"SERROR", b"VERROR", b"C" + state.encode(), b"M" + words.encode(), b"")
    return b"\0".join(fields) + b"\0"


def _error(state: str) -> bytes:
    return message(b"E", _told(state, "svc_billing at db-07.internal may not"))


def _fail(state: str) -> _Play:
    """Answer with an error of this state in place of the rows, and be ready again."""

    async def fail(line: PostgresLine, first: bytes) -> None:
        await line.send(_error(state) + await line.skip_to_ready())
        line.keeps = True

    return fail


def _fail_and_end(state: str) -> _Play:
    """Say this, and end the connection."""

    async def fail(line: PostgresLine, first: bytes) -> None:
        await line.send(_error(state))

    return fail


async def _fail_behind_a_row(line: PostgresLine, first: bytes) -> None:
    await line.send(first)
    await _fail("XX001")(line, first)


def _raw(make: Callable[[bytes], bytes]) -> _Play:
    """Send these bytes in place of the first row, and go on."""

    async def write(line: PostgresLine, first: bytes) -> None:
        await line.send(make(first))
        line.keeps = True
        await line.send(await line.skip_to_ready())

    return write


def _changed(make: Callable[[bytes], bytes]) -> _Play:
    """Send this in place of the first row, and the rest as it is."""

    async def write(line: PostgresLine, first: bytes) -> None:
        await line.send(make(first))
        while not (told := await line.next()).startswith(b"Z"):
            await line.send(told)
        await line.send(told)
        line.keeps = True

    return write


def _flood(piece: Callable[[bytes], bytes], size: int = _BIG) -> _Play:
    """Send one message over and over before the first row."""

    async def write(line: PostgresLine, first: bytes) -> None:
        one = piece(first)
        many = one * max(1, _PIECE // len(one))
        for _ in range(0, size, len(many)):
            await line.send(many)
        await line.send(first)
        line.keeps = True

    return write


def _cells(row: bytes) -> list[bytes | None]:
    """Return what stands in the columns of a row."""
    cells: list[bytes | None] = []
    place = 7
    for _ in range(struct.unpack_from(">H", row, 5)[0]):
        length: int = struct.unpack_from(">i", row, place)[0]
        place += 4
        cells.append(None if length < 0 else row[place : place + length])
        place += max(0, length)
    return cells


def _row(cells: list[bytes | None], columns: int | None = None) -> bytes:
    told = [struct.pack(">i", -1) if one is None else struct.pack(">i", len(one)) + one for one in cells]
    return message(b"D", struct.pack(">H", len(cells) if columns is None else columns) + b"".join(told))


def _each(change: Callable[[bytes | None], bytes | None]) -> Callable[[bytes], bytes]:
    return lambda row: _row([change(cell) for cell in _cells(row)])


def _first_cell(content: bytes) -> Callable[[bytes], bytes]:
    return lambda row: _row([content, *_cells(row)[1:]])


_NOTICE = message(b"N", b"SNOTICE\0C00000\0M" + b"x" * 500 + b"\0\0")
_STATUS = message(b"S", b"application_name\0customer-view-gateway\0")
_NOTIFICATION = message(b"A", b"\0\0\0\1channel\0payload\0")

_CONNECTIONS = (
    PostgresWrong("refused", "takes no connection", ERROR, None),
    PostgresWrong("closed at login", "closes the connection at the login", ERROR, close, is_at_login=True),
    PostgresWrong("hang at login", "answers nothing at the login", LATE, hang, is_at_login=True),
    PostgresWrong(
        "garbage at login",
        "answers no message at the login",
        ERROR | LATE,
        _raw(lambda _: b"HTTP/1.1 400 \r\n\r\n"),
        is_at_login=True,
    ),
    PostgresWrong("starting", "says that it is starting", ERROR, _fail_and_end("57P03"), is_at_login=True),
    PostgresWrong("full", "has no connection left", LIMITED, _fail_and_end("53300"), is_at_login=True),
    PostgresWrong("login refused", "refuses the login", AUTH, _fail_and_end("28P01"), is_at_login=True),
    PostgresWrong("closed", "closes the connection in place of rows", ERROR, close),
    PostgresWrong("reset", "resets the connection in place of rows", ERROR, reset),
    PostgresWrong("hang", "takes the statement and answers nothing", LATE, hang),
    PostgresWrong("drip", "sends a row a byte at a time", LATE, _drip),
    PostgresWrong("cut row", "breaks off in a row", ERROR, _cut),
    PostgresWrong("cut", "breaks off behind a row", ERROR, _cut_between),
    PostgresWrong("no end", "never says that it is ready again", LATE, _no_ready),
    PostgresWrong("flapping", "fails at every second statement", ERROR | RIGHT, _flap),
)

_STATES = (
    PostgresWrong("cancelled", "cancels the statement", _CANCELLED, _fail("57014")),
    PostgresWrong("shut down", "is shut down by its administrator", ERROR, _fail_and_end("57P01")),
    PostgresWrong("crash", "crashes", ERROR, _fail_and_end("57P02")),
    PostgresWrong("replica", "is a replica that cancels for what it has to replay", ERROR, _fail("40001")),
    PostgresWrong("deadlock", "finds a deadlock", ERROR, _fail("40P01")),
    PostgresWrong("locked", "cannot have a lock", ERROR, _fail("55P03")),
    PostgresWrong("out of memory", "has no memory left", ERROR, _fail("53200")),
    PostgresWrong("no table", "has no such table any more", ERROR, _fail("42P01")),
    PostgresWrong("no right", "gives no right to the table any more", AUTH, _fail("42501")),
    PostgresWrong("damaged", "finds its data damaged", ERROR, _fail("XX001")),
    PostgresWrong("error behind a row", "fails behind the first row", ERROR, _fail_behind_a_row),
    PostgresWrong("unknown state", "fails in a state that nobody knows", ERROR, _fail("QQ999")),
)

_MESSAGES = (
    PostgresWrong("garbage", "answers with what is no message", ERROR, _raw(lambda _: b"<html>it works</html>" * 10)),
    PostgresWrong("short length", "tells a length of three bytes", ERROR, _raw(lambda _: b"D\0\0\0\3\0\0")),
    PostgresWrong("long length", "tells a length of 1.5 GB", ERROR, _raw(lambda _: b"D\x59\0\0\0" + b"x" * 1_000)),
    PostgresWrong(
        "unknown message",
        "sends a message of a type that there is not",
        ERROR,
        _changed(lambda row: message(b"?", b"what") + row),
    ),
    PostgresWrong("few columns", "sends a row of too few columns", ERROR, _changed(lambda row: _row(_cells(row)[:-1]))),
    PostgresWrong(
        "many columns", "sends a row of too many columns", ERROR, _changed(lambda row: _row([*_cells(row), b"more"]))
    ),
    PostgresWrong(
        "false count",
        "tells more columns than it sends",
        ERROR,
        _changed(lambda row: _row(_cells(row)[:1], len(_cells(row)))),
    ),
    PostgresWrong(
        "cell beyond",
        "tells a cell that is longer than its row",
        ERROR,
        _changed(lambda row: row[:7] + b"\x7f\xff\xff\xff" + row[11:]),
    ),
    PostgresWrong(
        "negative cell",
        "tells a cell of a negative length",
        ERROR,
        _changed(lambda row: row[:7] + b"\xff\xff\xff\x00" + row[11:]),
    ),
    PostgresWrong(
        "no UTF-8", "sends text that is no UTF-8", ERROR, _changed(_each(lambda cell: cell and b"\xff" * len(cell)))
    ),
    PostgresWrong("early ready", "is ready before it has ended its answer", ERROR, _only_ready),
    PostgresWrong("copy", "begins to copy in place of answering", ERROR, _raw(lambda _: message(b"H", b"\0\0\0"))),
    PostgresWrong("login again", "asks for the password again", ERROR, _raw(lambda _: message(b"R", b"\0\0\0\3"))),
    PostgresWrong("huge cell", "sends a cell of 24 MiB", ERROR, _changed(lambda row: _first_cell(b"x" * _BIG)(row))),
    PostgresWrong("large cells", "sends cells that come to 24 MiB", ERROR, _flood(_first_cell(b"x" * 100_000))),
    PostgresWrong("rows without end", "sends the first row a million times", ERROR, _flood(lambda row: row)),
    PostgresWrong("notices", "sends notices without end", ERROR, _flood(lambda _: _NOTICE)),
    PostgresWrong("settings", "tells its settings without end", ERROR, _flood(lambda _: _STATUS)),
    PostgresWrong(
        "notifications", "notifies of what nobody listens to, without end", ERROR, _flood(lambda _: _NOTIFICATION)
    ),
    PostgresWrong("some notices", "sends a few notices", RIGHT, _flood(lambda _: _NOTICE, 1)),
)

POSTGRES_WRONGS: Mapping[str, PostgresWrong] = {wrong.name: wrong for wrong in (*_CONNECTIONS, *_STATES, *_MESSAGES)}
"""Every kind by its name."""
