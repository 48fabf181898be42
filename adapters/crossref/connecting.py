"""SQLite connections, opened the way the cross-reference needs them, and its errors in our words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.crossref.errors import StoreError

__all__ = ["BUSY_MS", "FAILURES", "connect_reader", "connect_writer", "database_path", "reading", "store_error"]
__all__ += ["translated", "writing"]

_SCHEME = "sqlite:///"
BUSY_MS = 5000
"""How long a write waits for another process, in milliseconds."""

_ASKING_MS = 3
"""How long SQLite waits by itself for its turn to write, in milliseconds: it asks after one and two, then ever more
seldom. Who writes once would hardly get a turn beside who loads, and leaves off for some milliseconds at a time."""

_READ_BUSY_MS = 100
"""Short, because a read waits on the event loop; in WAL it waits only while the log is recovered after a crash."""


def database_path(place: str | Path) -> Path:
    """Return the file meant by a path or by `sqlite:///path`; raises StoreError for anything else."""
    text = str(place)
    path = text.removeprefix(_SCHEME)
    if not path or path == ":memory:" or "://" in path:
        raise StoreError("got no file for the cross-reference; wanted a path, or sqlite:/// and a path")
    return Path(path).absolute()


def connect_writer(path: Path) -> sqlite3.Connection:
    """Return a connection that writes. A new file is readable by its owner alone, and so are its log and index."""
    with translated():
        path.touch(mode=0o600, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        try:
            _keep_log(connection)
            connection.execute("PRAGMA synchronous = FULL")  # SQLite may be built to lose writes with the power
            connection.execute("PRAGMA foreign_keys = ON")
            # what is erased is overwritten; a load takes 3 % longer so, and an erasure 1.7 ms in place of 1.3
            connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
    return connection


def _keep_log(connection: sqlite3.Connection) -> None:
    # Two processes that change a new file to WAL at once: SQLite fails the second without waiting, against a deadlock.
    for pause in (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            time.sleep(pause)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def connect_reader(path: Path, *, busy_ms: int = _READ_BUSY_MS) -> sqlite3.Connection:
    """Return a connection that can only read; it waits for a writer up to `busy_ms` milliseconds."""
    uri = f"{path.as_uri()}?mode=ro"
    with translated():
        return sqlite3.connect(uri, uri=True, timeout=busy_ms / 1000, isolation_level=None, check_same_thread=False)


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold one moment of the database for several reads."""
    with translated():
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Write everything or, when anything is raised, nothing."""
    with translated():
        _begin(connection)
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _begin(connection: sqlite3.Connection) -> None:
    until = time.monotonic() + BUSY_MS / 1000
    connection.execute(f"PRAGMA busy_timeout = {_ASKING_MS}")
    try:
        while not _has_begun(connection, until):
            pass  # it has waited already
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")


def _has_begun(connection: sqlite3.Connection, until: float) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not _is_busy(error) or time.monotonic() > until:
            raise
        return False
    return True


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreError in place of what SQLite and the file system raise."""
    try:
        yield
    except FAILURES as error:
        raise store_error(error) from None


FAILURES = (sqlite3.Error, OSError)
"""What SQLite and the file system raise."""


_RESTORE = (
    "the file is damaged or cut off: see what `PRAGMA integrity_check` of SQLite says of a copy, restore the file from "
    "its backup, and verify that (`customer-view crossref verify`)"
)


_NO_RIGHT = (
    "got no right to the file of the cross-reference, or to its folder; wanted the right to read and write both: give "
    "it to the user who runs this, or name another file"
)


def store_error(error: sqlite3.Error | OSError) -> StoreError:
    """Return a failure in our words; its own text names files and keeps values."""
    if isinstance(error, sqlite3.OperationalError):
        busy, other = "another process writes for too long; try again", "check the file, its disk and its rights"
        mend = busy if _is_busy(error) else other
        return StoreError(f"the cross-reference's database failed ({error.sqlite_errorname}); {mend}")
    if isinstance(error, PermissionError):
        return StoreError(_NO_RIGHT)
    code = getattr(error, "sqlite_errorcode", 0)  # the driver's own refusals have none, as of what is closed
    if isinstance(error, sqlite3.DatabaseError) and code & 0xFF == sqlite3.SQLITE_CORRUPT:
        return StoreError(f"the cross-reference's database failed ({error.sqlite_errorname}); {_RESTORE}")
    return StoreError(f"the cross-reference's database failed ({type(error).__name__}); check the file")
