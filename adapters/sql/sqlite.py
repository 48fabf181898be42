"""SQLite as a source: read-only connections, each with a thread of its own.

Statements run in threads, not in the event loop. In the loop a small one would cost 2 to 4 microseconds instead of
some 50; but a source is not ours: one missing index there would stop every request here, deadlines included. A
statement that nobody waits for any more is stopped by SQLite's progress handler.
"""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from adapters.sending import Cause, Ready, SendError
from adapters.sql.columns import Value, Values
from adapters.sql.databases import Rows
from adapters.sql.statements import Statement
from schema.reasons import Reason

__all__ = ["SqliteDatabase", "SqliteRows"]

_STEPS = 10_000
"""Steps of SQLite's machine between two looks at whether the answer is still wanted: about 0.1 ms."""

_LONGEST_VALUE = 16 * 2**20
"""Bytes of the largest row or value that is read."""

_LONGEST_ANSWER = 16 * 2**20
"""Characters and bytes of all the rows of a statement together."""

_BUSY_SECONDS = 1.0
"""How long a statement waits for a writer."""

_NOT_RUN = "the database could not run the statement"

_OF_VALUES = (0, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE)
"""Codes of what is wrong with the values that were given; 0 is of the module itself, which could not bind one."""

_REASONS = {
    sqlite3.SQLITE_BUSY: (Reason.SOURCE_TIMEOUT, "the database is locked by a writer", Cause.FLEETING),
    sqlite3.SQLITE_LOCKED: (Reason.SOURCE_TIMEOUT, "the table is locked by a writer", Cause.FLEETING),
    sqlite3.SQLITE_PERM: (Reason.SOURCE_AUTH, "the database refused access", Cause.OURS),
    sqlite3.SQLITE_AUTH: (Reason.SOURCE_AUTH, "the database refused access", Cause.OURS),
    sqlite3.SQLITE_CANTOPEN: (Reason.SOURCE_ERROR, "the database file could not be opened", Cause.SICK),
    sqlite3.SQLITE_NOTADB: (Reason.SOURCE_ERROR, "the file is not a database", Cause.SICK),
    **dict.fromkeys(_OF_VALUES, (Reason.SOURCE_ERROR, _NOT_RUN, Cause.OURS)),
    sqlite3.SQLITE_CORRUPT: (Reason.SOURCE_ERROR, "the database file is damaged", Cause.SICK),
}
_OTHER = (Reason.SOURCE_ERROR, _NOT_RUN, Cause.SICK)
_TOO_LONG = (Reason.SOURCE_ERROR, "the answer is longer than allowed", Cause.SICK)
_TOO_LONG_A_VALUE = (Reason.SOURCE_ERROR, _NOT_RUN, Cause.OURS)


class SqliteDatabase:
    """A database file, opened when it is first asked and never written.

    `path` is the file's path. At most `connections` statements run together. `traced` is told the text of every
    statement before it runs, in the event loop's thread.
    """

    def __init__(self, path: str, *, connections: int, traced: Callable[[str], None]) -> None:
        self._uri = _uri(path)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="sqlite")
        self._free = asyncio.Semaphore(connections)
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._traced = traced

    async def rows(
        self,
        statement: Statement,
        keys: Sequence[str | int],
        values: Values,
        ready: Ready | None = None,
        *,
        seconds: float = math.inf,
    ) -> Rows:
        """Return the rows of these keys, or raise SendError."""
        text, unwanted = statement.on_sqlite(len(keys)), threading.Event()
        bound = [*keys, *map(_bound, values)]
        await self._free.acquire()  # a thread, which is free: a statement that waits for one in its queue is not ready
        running: Future[Rows] | None = None
        try:
            if ready is not None:
                ready()
            self._traced(text)
            running = self._threads.submit(self._read, text, bound, unwanted)
            return await asyncio.wrap_future(running)
        finally:
            unwanted.set()
            self._give_back(running)

    def _give_back(self, running: Future[Rows] | None) -> None:
        """Let the next statement have the thread once it is free: one that nobody waits for any more takes a moment."""
        if running is None or running.done():
            self._free.release()
            return
        loop = asyncio.get_running_loop()

        def release(_: Future[Rows]) -> None:
            try:
                loop.call_soon_threadsafe(self._free.release)
            except RuntimeError:  # the loop is closed: nobody waits in it any more
                self._free.release()

        running.add_done_callback(release)

    async def aclose(self) -> None:
        """Wait for statements to stop and close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        while self._opened:
            self._opened.pop().close()

    def _read(self, text: str, bound: Sequence[Value], unwanted: threading.Event) -> Rows:
        try:
            return self._run(text, bound, unwanted)
        except SendError as error:
            raise error.with_traceback(None) from None  # a traceback would keep the rows that were read

    def _run(self, text: str, bound: Sequence[Value], unwanted: threading.Event) -> Rows:
        with _translated(bound):
            connection = self._connection()
            connection.set_progress_handler(unwanted.is_set, _STEPS)
            cursor = connection.execute(text, bound)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in _bounded(cursor)]

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self._uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._opened.append(connection)
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            connection.text_factory = _text
            self._own.connection = connection
        return connection


class SqliteRows:
    """The rows of one statement that reads, given out some at a time, in whatever thread: one at a time."""

    def __init__(self, path: str, statement: str) -> None:
        """Run the statement, or raise SendError."""
        with _translated():
            self._connection = sqlite3.connect(_uri(path), uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)
        try:
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            self._connection.text_factory = _escaped
            with _translated():
                self._cursor = self._connection.execute(statement)
        except BaseException:
            self._connection.close()
            raise
        self.names = [column[0] for column in self._cursor.description or ()]

    def fetch(self, most: int) -> Sequence[Sequence[object]]:
        """Return the next rows, none at the end, or raise SendError."""
        with _translated():
            return self._cursor.fetchmany(most)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _bounded(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    """Yield rows, or raise SendError where they come to more than is read."""
    length = 0
    for row in rows:
        length += sum([len(value) for value in row if isinstance(value, (str, bytes))])
        if length > _LONGEST_ANSWER:
            raise SendError(*_TOO_LONG)
        yield row


def _uri(path: str) -> str:
    return Path(path).absolute().as_uri() + "?mode=ro"


def _bound(value: Value | Sequence[Value]) -> Value:
    """Return the value; several are one text of JSON, as the statement takes them."""
    return json.dumps(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _text(value: bytes) -> str | bytes:
    """Return the text, or the bytes of one that is not UTF-8: then the value costs itself, not the whole answer."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _escaped(value: bytes) -> str:
    """Return the text; what is not UTF-8 in it becomes what no key can have."""
    return value.decode("utf-8", "surrogateescape")


@contextmanager
def _translated(bound: Sequence[Value] = ()) -> Iterator[None]:
    """Turn what sqlite3 raises into SendError. Its texts name columns and files, so they are left behind.

    What is too large is one of the values that were given, if one is; else it is what the database answers.
    """
    try:
        yield
    except sqlite3.Error as error:
        # the low byte is the primary code; errors of the module's own (too many parameters, say) carry none
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if primary == sqlite3.SQLITE_TOOBIG:
            raise SendError(*(_TOO_LONG_A_VALUE if any(map(_is_too_long, bound)) else _TOO_LONG)) from None
        raise SendError(*_REASONS.get(primary, _OTHER)) from None


def _is_too_long(value: Value) -> bool:
    return isinstance(value, str) and len(value.encode("utf-8", "surrogatepass")) > _LONGEST_VALUE
