"""PostgreSQL as a source: a pool of read-only asyncpg connections. The one file that imports asyncpg."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self

import asyncpg
from asyncpg.cursor import Cursor
from asyncpg.pool import PoolConnectionProxy

from adapters.sending import Cause, Ready, SendError
from adapters.sql.columns import Value, Values
from adapters.sql.databases import Rows
from adapters.sql.framing import CursorCheck, FrameCheck
from adapters.sql.statements import Statement
from schema.reasons import Reason

__all__ = ["Connection", "PostgresDatabase", "PostgresRows", "connected"]

Connection = asyncpg.Connection

_PATIENCE = 60.0
"""Seconds that the server gives a statement where the source's declaration sets no limit: the last defence against one
whose cancellation was lost."""

_SLACK, _LEAST_ALLOWED = 4.0, 0.1
"""By how much longer than is left a statement may run that nobody can cancel, and the least seconds that are told."""

_GRACE = 2.0
"""Seconds to wait for the server when a connection is given back in the middle of a statement, and at the end."""

_FOREIGN: tuple[type[Exception], ...] = (
    *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, EOFError),
    *(ArithmeticError, AssertionError, BufferError, LookupError, SystemError, ValueError),
)
"""What asyncpg raises, that of the second line where bytes are not what the protocol says."""

_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Reason, str, Cause], ...] = (
    (
        asyncpg.InvalidAuthorizationSpecificationError,
        Reason.SOURCE_AUTH,
        "the database refused the login",
        Cause.OURS,
    ),
    (
        asyncpg.InsufficientPrivilegeError,
        Reason.SOURCE_AUTH,
        "the database refused access to the table",
        Cause.OURS,
    ),
    (
        asyncpg.TooManyConnectionsError,
        Reason.SOURCE_RATE_LIMITED,
        "the database has no connection left",
        Cause.THROTTLED,
    ),
    # what took too long would do so again, and the database has its work twice
    (asyncpg.QueryCanceledError, Reason.SOURCE_TIMEOUT, "the database did not answer in time", Cause.SICK),
    (TimeoutError, Reason.SOURCE_TIMEOUT, "the database did not answer in time", Cause.FLEETING),
    (
        (
            asyncpg.PostgresConnectionError,
            asyncpg.CannotConnectNowError,
            asyncpg.AdminShutdownError,
            asyncpg.CrashShutdownError,
            OSError,
        ),
        Reason.SOURCE_ERROR,
        "the connection to the database failed",
        Cause.FLEETING,
    ),
    # a standby ends what stands in the way of what it replays (57P01 or 40001), and has it again a moment later
    (
        (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError),
        Reason.SOURCE_ERROR,
        "the database could not run the statement",
        Cause.FLEETING,
    ),
    (
        (asyncpg.DataError, asyncpg.ProgramLimitExceededError),
        Reason.SOURCE_ERROR,
        "the database could not run the statement",
        Cause.OURS,
    ),
    (asyncpg.PostgresError, Reason.SOURCE_ERROR, "the database could not run the statement", Cause.SICK),
    (Exception, Reason.SOURCE_ERROR, "the database's answer was not in its protocol", Cause.SICK),
)
"""The first row that fits says what asyncpg's exception is in the words of `send`."""


class CheckedConnection(asyncpg.Connection):
    """A connection whose server's messages are checked, from the end of the handshake on."""

    _check = FrameCheck

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        transport.set_protocol(self._check(protocol, transport))
        self._allowed: float | None = None

    async def allow(self, seconds: float, most: float) -> None:
        """Have the server end statements by itself after about so many seconds: not before, and `most` at most.

        Cancelling is what ends them at their deadline; this is for when it is lost, or the gateway with it. To say it
        costs a round trip, so what was said holds for as long as it is not more than four times too long.
        """
        wanted = min(seconds, most)
        allowed = most if self._allowed is None else self._allowed
        if wanted <= allowed <= max(_SLACK * wanted, _LEAST_ALLOWED):
            return
        told = min(most, max(_SLACK / 2 * wanted, _LEAST_ALLOWED))
        await self.execute(f"SET statement_timeout = {max(1, math.ceil(told * 1000))}")
        self._allowed = told


class CursorConnection(CheckedConnection):
    """A checked connection on which rows are read by a cursor."""

    _check = CursorCheck


class PostgresDatabase:
    """A PostgreSQL database, connected to when it is first asked.

    `timeout` are the seconds that the server itself gives a statement. At most `connections` are open. `traced` is
    told the text of every statement before it runs.
    """

    def __init__(self, url: str, *, timeout: float | None, connections: int, traced: Callable[[str], None]) -> None:
        self._url = url
        self._timeout = _PATIENCE if timeout is None else timeout
        self._connections = connections
        self._traced = traced
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self._returning: set[asyncio.Task[None]] = set()

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
        text = statement.on_postgres()
        with _translated():
            pool = await self._opened()
            connection: Any = await pool.acquire()  # stands for one of ours
            process = connection.get_server_pid()
            try:
                await connection.allow(seconds, self._timeout)
                if ready is not None:
                    await _parse(connection, text)
                    ready()
                self._traced(text)
                rows = await connection.fetch(text, keys, *map(_as_text, values))
            except BaseException:
                # who was cancelled must not wait until the server has ended the statement
                self._return_later(pool, connection, process)
                raise
            await pool.release(connection)
            return [dict(row) for row in rows]

    async def _opened(self) -> asyncpg.Pool[asyncpg.Record]:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=self._connections,
                    timeout=self._timeout,
                    connection_class=CheckedConnection,
                    reset=_keep,
                    server_settings={
                        "application_name": "customer-view-gateway",
                        "DateStyle": "ISO",
                        "default_transaction_read_only": "on",
                        "statement_timeout": str(max(1, int(self._timeout * 1000))),
                    },
                )
            return self._pool

    def _return_later(
        self, pool: asyncpg.Pool[asyncpg.Record], connection: PoolConnectionProxy[asyncpg.Record], process: int
    ) -> None:
        task = asyncio.create_task(self._return(pool, connection, process))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _return(
        self, pool: asyncpg.Pool[asyncpg.Record], connection: PoolConnectionProxy[asyncpg.Record], process: int
    ) -> None:
        """Give a connection back when the server has ended its statement; asyncpg drops one where that fails.

        A request to cancel that reaches the server just before the statement does is lost: then it is made once more.
        """
        try:
            await pool.release(connection, timeout=_GRACE)
        except _FOREIGN:
            with suppress(*_FOREIGN):
                async with asyncio.timeout(_GRACE), connected(self._url) as other:
                    await other.execute("SELECT pg_cancel_backend($1)", process)

    async def aclose(self) -> None:
        """Wait a little for statements to stop, and close the connections."""
        if self._returning:
            await asyncio.wait(self._returning)
        if self._pool is None:
            return
        try:
            await asyncio.wait_for(self._pool.close(), _GRACE)
        except TimeoutError:
            self._pool.terminate()


class PostgresRows:
    """The rows of one statement that reads, given out some at a time by a cursor of the server. Made by `open`."""

    def __init__(self, connection: Connection[asyncpg.Record], cursor: Cursor[asyncpg.Record], names: list[str]):
        self._connection, self._cursor, self.names = connection, cursor, names

    @classmethod
    async def open(cls, url: str, statement: str) -> Self:
        """Run the statement, or raise SendError."""
        with _translated():
            settings = {"application_name": "customer-view-gateway", "default_transaction_read_only": "on"}
            connection = await asyncpg.connect(url, connection_class=CursorConnection, server_settings=settings)
            try:
                await connection.transaction(readonly=True).start()
                prepared = await connection.prepare(statement)
                cursor = await prepared.cursor()
            except BaseException:
                await connection.close(timeout=_GRACE)
                raise
            return cls(connection, cursor, [column.name for column in prepared.get_attributes()])

    async def fetch(self, most: int) -> Sequence[Sequence[object]]:
        """Return the next rows, none at the end, or raise SendError."""
        with _translated():
            return [tuple(row) for row in await self._cursor.fetch(most)]

    async def aclose(self) -> None:
        """Close the connection."""
        with suppress(*_FOREIGN):
            await self._connection.close(timeout=_GRACE)


def _as_text(value: Value | Sequence[Value]) -> str | list[str]:
    """Return the value as the text that the statement casts to the column's type."""
    return [str(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


async def _parse(connection: Any, text: str) -> None:
    """Have the server parse the statement, unless it has on this connection: a `fetch` that follows sends its keys at
    once, and waits for no lock before.

    asyncpg's own `prepare` would have it parsed and planned anew each time, at twice the price of a small statement.
    """
    await connection._get_statement(text, None)  # noqa: SLF001  what is public keeps no statement


async def _keep(connection: Connection[asyncpg.Record]) -> None:
    """Leave the session as it is: only SELECTs ran in it, and asyncpg's own reset costs a round trip a call."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection[asyncpg.Record]]:
    """Connect with all the rights that the URL gives, for loading and administration. Raises asyncpg's errors.

    A server that has stopped answering is not waited for when the connection is closed: not at all by who is cancelled.
    """
    connection = await asyncpg.connect(url)
    try:
        yield connection
    except asyncio.CancelledError:
        connection.terminate()
        raise
    finally:
        await connection.close(timeout=_GRACE)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what asyncpg raises into SendError. Its texts name tables and hosts, so they are left behind."""
    try:
        yield
    except _FOREIGN as error:
        reason, detail, cause = next(meaning[1:] for meaning in _REASONS if isinstance(error, meaning[0]))
        raise SendError(reason, detail, cause) from None
