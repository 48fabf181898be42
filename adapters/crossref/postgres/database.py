"""PostgreSQL as the cross-reference's database: connections of asyncpg, which is imported here alone."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import count
from typing import Any, Generic, Self, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from adapters.crossref.database import Row, Work
from adapters.crossref.deferring import deferred
from adapters.crossref.errors import StoreError
from adapters.crossref.events import moment
from adapters.crossref.postgres.inserting import FEWEST, insert_together, inserts_rows
from adapters.crossref.postgres.pooling import POOLED

__all__ = ["PostgresConnection", "PostgresDatabase", "connected"]

T = TypeVar("T")
_Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
_Connect: TypeAlias = "Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]"

_CONNECTING = 5.0
"""Seconds to wait for a connection, a new one or one that others use."""

_PATIENCE = 15.0
"""Seconds to wait for an answer: longer than the server gives a statement, for a server that went without a word."""

_GRACE = 2.0
"""Seconds to wait for the server when a connection is given back in the middle of a statement, and at the end."""

_SILENCE = 0.75
"""Seconds after which a listening connection that does not answer counts as lost."""

_SESSION = {
    "application_name": "customer-view-crossref",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    # who stalls in the middle of a write must not keep the tenant's other writers out for long
    "idle_in_transaction_session_timeout": "10s",
    # By index, one row after the other, whatever the statistics say or lack: no statement of the cross-reference is
    # better off otherwise. It is planned once for some minutes (asyncpg's five), for planning costs more than running.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}

_LONG = 600.0
"""Seconds for gathering statistics, which takes a sample of each table, and for changing tables."""

_TABLES = "tenant, source_system, customer, link, restriction, match_candidate, xref_event, event_secret"

_GIVE_NOTICE = """
SELECT next_seq, head_hash, pg_notify($2, next_seq::text)
FROM tenant WHERE tenant_id = $1 AND next_seq IS DISTINCT FROM $3
"""

_STANDS = "SELECT EXISTS (SELECT 1 FROM xref_event WHERE tenant_id = $1 AND seq = $2 AND hash = $3)"

_PAUSES = (0.0, 0.05, 0.2)
"""Seconds before each further attempt."""

_GONE = (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, ConnectionError)
_RACES = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError)
_CHANGED = (asyncpg.InvalidCachedStatementError,)
_AGAIN = (*_GONE, *_RACES, *_CHANGED)
"""What another attempt may mend. A write begins it by looking whether the one before stands: a connection can be lost
before the server has said so."""

_FOREIGN = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, EOFError)

_UNUSABLE = "the cross-reference's database has a URL that cannot be used; correct its options"

_MENDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (asyncpg.InvalidAuthorizationSpecificationError, "refused the login; correct user and password in its URL"),
    (asyncpg.InvalidCatalogNameError, "is not there; make it, or correct its name in the URL"),
    (asyncpg.ReadOnlySQLTransactionError, "can only be read; name the primary server in its URL"),
    (asyncpg.InsufficientPrivilegeError, "refused access to a table; give the user the right to it"),
    ((asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError), POOLED),
    (asyncpg.TooManyConnectionsError, "has no connection left; allow it more, or open fewer"),
    (asyncpg.LockNotAvailableError, "was kept by another process, which writes for too long; try again"),
    (_RACES, "was written by others at the same time; try again"),
    ((asyncpg.QueryCanceledError, TimeoutError), "did not answer in time; try again"),
    ((*_GONE, asyncpg.CannotConnectNowError, OSError, EOFError), "cannot be reached; see that it runs, and try again"),
    (asyncpg.InterfaceError, "is closed, or its connection is; open it again"),
)

_NO_SETTINGS = "unsupported startup parameter"
"""What PgBouncer says to a session's settings that it does not know, unless it is told to ignore them."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_HINT = re.compile(r" INDEXED BY \w+")


@cache
def _spelled(statement: str) -> str:
    """Return a statement as PostgreSQL has it: its values numbered, without the hints to SQLite's planner."""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", _HINT.sub("", statement))


class PostgresConnection:
    """A connection to whose server each statement is a round trip, values and times in the form of the port."""

    def __init__(self, driver: _Driver, together: dict[str, str] | None = None) -> None:
        """`together` keeps, by statement, the one that inserts many rows in its place."""
        self._driver, self._together = driver, {} if together is None else together

    async def fetch(self, statement: str, *values: object) -> Sequence[Row]:
        """Return the rows."""
        return await self._driver.fetch(_spelled(statement), *values)

    async def fetch_one(self, statement: str, *values: object) -> Row | None:
        """Return the first row, None when there is none."""
        return await self._driver.fetchrow(_spelled(statement), *values)

    async def execute(self, statement: str, *values: object) -> None:
        """Run a statement that returns nothing."""
        await self._driver.execute(_spelled(statement), *values)

    async def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Run it once with the values of each row, in one round trip."""
        if len(rows) >= FEWEST and inserts_rows(statement):
            await self._driver.execute(await self._inserting(statement), *map(list, zip(*rows, strict=True)))
        elif rows:
            await self._driver.executemany(_spelled(statement), rows)

    async def _inserting(self, statement: str) -> str:
        if statement not in self._together:
            parameters = (await self._driver.prepare(_spelled(statement))).get_parameters()
            self._together[statement] = insert_together(statement, [parameter.name for parameter in parameters])
        return self._together[statement]


class PostgresDatabase:
    """One tenant's database, by a pool of connections. Made by `open`.

    Writes take turns: in this process by a lock, among processes by one on the tenant's row, so that what a write has
    read stays as it is until it stands. Work whose connection is lost is done once more on another. With every write
    goes a notice, by NOTIFY, to whoever is listening; `written` is the number of the event that follows this process's
    own last one. A write whose connection was lost is looked for by its last event, and made again where it is not.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], tenant: str, connect: _Connect) -> None:
        self._pool, self._tenant, self._connect = pool, tenant, connect
        self._channel = f"customer_view_crossref_{hashlib.sha256(tenant.encode()).hexdigest()[:16]}"
        self.written = 0
        self._turn = asyncio.Lock()
        self._inserts: dict[str, str] = {}  # as many as there are statements
        self._under_way: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, url: str, *, tenant: str, connections: int) -> Self:
        """Make a pool that connects when it is first asked, with at most so many connections."""
        with _translated():
            pool = await asyncpg.create_pool(
                url,
                min_size=0,
                max_size=connections,
                timeout=_CONNECTING,
                command_timeout=_PATIENCE,
                init=_speak,
                reset=_keep,
                server_settings=_SESSION,
            )

        def connect() -> Awaitable[asyncpg.Connection[asyncpg.Record]]:
            return asyncpg.connect(url, timeout=_CONNECTING, command_timeout=_SILENCE, server_settings=_SESSION)

        return cls(pool, tenant, connect)  # a function, for a URL that is kept would be printed some day

    async def fetch(self, statement: str, *values: object) -> Sequence[Row]:
        """Return the rows of a statement that only reads, spelled as PostgreSQL has it; it is of one moment."""
        with _translated():
            return await _retried(partial(self._fetch, statement, values))

    async def read(self, work: Work[T]) -> T:
        """Return what the work returns; all that it reads is of one moment."""
        with _translated():
            return await _retried(partial(self._read, work))

    async def write(self, work: Work[T]) -> T:
        """Do the work wholly or not at all, one at a time; other processes wait."""
        await self._turn.acquire()
        task = self._started(self._write(work))
        task.add_done_callback(lambda _: self._turn.release())
        return await asyncio.shield(task)

    @asynccontextmanager
    async def listening(self, heard: Callable[[], None]) -> AsyncIterator[Callable[..., Awaitable[Sequence[Row]]]]:
        """Call `heard` after each write for the tenant, of whichever process, for as long as the context lasts.

        What it gives is a `fetch` over the connection that listens, which is none of the pool's: it raises StoreError,
        out of the context, when the server is silent for 0.75 seconds.
        """
        with _translated():
            driver = await self._connect()
            try:
                await driver.add_listener(self._channel, lambda *_: heard())
                yield driver.fetch
            finally:
                with suppress(*_FOREIGN):
                    await driver.close(timeout=_SILENCE)

    @asynccontextmanager
    async def filling(self) -> AsyncIterator[None]:
        """Leave it to the server, whose own settings say how much it holds."""
        yield

    async def analyse(self) -> None:
        """Gather statistics, but of tables of which somebody else does it now."""
        with _translated():
            async with self._acquired() as driver, driver.transaction():
                await driver.execute("SET LOCAL statement_timeout = 0")
                await driver.execute(f"ANALYZE (SKIP_LOCKED) {_TABLES}", timeout=_LONG)

    async def scrub(self) -> None:
        """Leave it to the server, which removes deleted rows when it next vacuums their tables."""

    async def aclose(self) -> None:
        """Close the connections, after the write that is under way; reads are given a little time."""
        async with self._turn:
            if self._under_way:
                await asyncio.wait(self._under_way)
            try:
                await asyncio.wait_for(self._pool.close(), _GRACE)
            except TimeoutError:
                self._pool.terminate()

    async def _fetch(self, statement: str, values: Sequence[object]) -> Sequence[Row]:
        # as `_acquired` does, which would cost a tenth of the look-up
        driver = await self._pool.acquire(timeout=_CONNECTING)
        try:
            rows = await driver.fetch(statement, *values)
        except BaseException as error:
            self._give_up(driver, error)
            raise
        await self._pool.release(driver)
        return rows

    async def _read(self, work: Work[T]) -> T:
        async with self._acquired() as driver, driver.transaction(isolation="repeatable_read", readonly=True):
            return await work(PostgresConnection(driver))

    async def _write(self, work: Work[T]) -> T:
        with _translated():
            return await _retried(partial(self._transact, work, []))

    async def _transact(self, work: Work[T], attempts: list[_Attempt[T]]) -> T:
        """Return what the work returns, now or in the last of the attempts before, to which this one is added."""
        # read_committed: what is read after the lock was waited for is what its last holder has left
        async with self._acquired() as driver, driver.transaction(isolation="read_committed"):
            before = await driver.fetchval("SELECT next_seq FROM tenant WHERE tenant_id = $1 FOR UPDATE", self._tenant)
            if not await self._stands(driver, attempts):
                done = await deferred(PostgresConnection(driver, self._inserts), work)
                written = await driver.fetchrow(_GIVE_NOTICE, self._tenant, self._channel, before)
                attempts.append(_Attempt(done, *written[:2]) if written is not None else _Attempt(done))
        self.written = attempts[-1].written or self.written
        return attempts[-1].done

    async def _stands(self, driver: _Driver, attempts: Sequence[_Attempt[T]]) -> bool:
        if not attempts:
            return False
        last = attempts[-1]
        return bool(await driver.fetchval(_STANDS, self._tenant, last.written - 1, last.head))

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
        driver = await self._pool.acquire(timeout=_CONNECTING)
        try:
            yield driver
        except BaseException as error:
            self._give_up(driver, error)
            raise
        await self._pool.release(driver)

    def _give_up(self, driver: PoolConnectionProxy[asyncpg.Record], error: BaseException) -> None:
        """Give a connection back without waiting. Raises ConnectionResetError when it is lost, whatever was said."""
        is_lost = _is_closed(driver)
        self._started(self._return(driver))
        if is_lost and isinstance(error, _FOREIGN):
            raise ConnectionResetError from None

    async def _return(self, driver: PoolConnectionProxy[asyncpg.Record]) -> None:
        """Give a connection back when the server has ended its statement; asyncpg drops one where that fails."""
        with suppress(*_FOREIGN):
            await self._pool.release(driver, timeout=_GRACE)

    def _started(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task


@dataclass(frozen=True, slots=True)
class _Attempt(Generic[T]):
    """An attempt at a write: what it returns, the number of the event that follows its last one, and that one's hash.

    0 and None where it wrote no event: then it can be made again as often as one likes.
    """

    done: T
    written: int = 0
    head: bytes | None = None


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Connect for as long as the context lasts, to look at tables or to change them. Raises StoreError."""
    with _translated():
        driver = await _connect(url)
        try:
            yield driver
        finally:
            await driver.close(timeout=_GRACE)


async def _connect(url: str) -> asyncpg.Connection[asyncpg.Record]:
    settings = {"application_name": _SESSION["application_name"], "lock_timeout": "60s"}
    try:
        return await asyncpg.connect(url, timeout=_CONNECTING, command_timeout=_LONG, server_settings=settings)
    except (ValueError, asyncpg.ClientConfigurationError):
        raise StoreError(_UNUSABLE) from None  # its text may hold what stands in the URL


async def _speak(driver: asyncpg.Connection[asyncpg.Record]) -> None:
    """Let times be texts, as the port has them, exact to the microsecond."""
    await driver.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        format="tuple",
        encoder=lambda text: ((datetime.fromisoformat(text) - _EPOCH) // _TICK,),
        decoder=lambda ticks: moment(_EPOCH + ticks[0] * _TICK),
    )


def _is_closed(driver: PoolConnectionProxy[asyncpg.Record]) -> bool:
    try:
        return driver.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken it back already
        return True


async def _keep(driver: asyncpg.Connection[asyncpg.Record]) -> None:
    """Leave the session as it is: nothing changes it, and asyncpg's own reset costs a round trip a look-up."""


async def _retried(attempt: Callable[[], Awaitable[T]]) -> T:
    for pause in _PAUSES:
        try:
            return await attempt()
        except _AGAIN:
            await asyncio.sleep(pause)
    return await attempt()


@contextmanager
def _translated() -> Iterator[None]:
    """Raise StoreError in place of what asyncpg raises; its texts name hosts and users and hold values."""
    try:
        yield
    except _FOREIGN as error:
        state = getattr(error, "sqlstate", None) or type(error).__name__
        mend = next((mend for kind, mend in _MENDS if isinstance(error, kind)), "failed; see its log")
        if isinstance(error, asyncpg.ProtocolViolationError) and _NO_SETTINGS in str(error):
            mend = f"{POOLED}: this one takes no settings of a session either"
        raise StoreError(f"the cross-reference's database {mend} ({state})") from None
