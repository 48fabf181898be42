"""Whether a connection keeps its session: behind a pooler, each transaction may be given another one.

Then nothing is heard that is listened to, prepared statements are another's, and settings are lost or left to others.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from adapters.crossref.errors import StoreError

__all__ = ["POOLED", "Session", "check_session"]

POOLED = (
    "is behind a pooler that shares sessions, as PgBouncer does in transaction mode; name the server itself in its "
    "URL, or a pool in session mode"
)
"""What is said of such a database, and how to mend it."""

_BACKEND = "SELECT pg_backend_pid()"


class Session(Protocol):
    """What is asked of a connection."""

    def get_server_pid(self) -> int:
        """Return the number that whoever answers gave for the server's process when the connection was made."""

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Return a transaction."""

    async def fetchval(self, query: str) -> Any:
        """Return the one value of a statement."""


async def check_session(session: Session, beside: Callable[[], AbstractAsyncContextManager[Session]]) -> None:
    """Raise StoreError when the connection's session is shared with others; `beside` opens one to the same place.

    A server that is asked itself names its own process: then that was all. A pooler names something else, and then a
    transaction is held open on a second connection: it and what the first one does meanwhile have to be two processes,
    and the first one's the same as before. Otherwise the first has lost its session to the second.
    """
    before = await session.fetchval(_BACKEND)
    if before == session.get_server_pid():
        return
    async with beside() as other, other.transaction():
        if await other.fetchval(_BACKEND) == before or await session.fetchval(_BACKEND) != before:
            raise StoreError(f"the cross-reference's database {POOLED}")
