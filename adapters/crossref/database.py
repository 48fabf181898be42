"""What the cross-reference asks of a database, and no more: its operations are written once, over this.

Statements are written in the words that SQLite and PostgreSQL share, with `?` for each value. Times go in and come out
as the text that `moment` makes, JSON as text.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.sources import SourceSystem

__all__ = ["Asked", "Connection", "Database", "Finder", "Found", "LinkRow", "Row", "Work", "finished"]

T = TypeVar("T")


class Row(Protocol):
    """One row: its values in the order of the columns asked for."""

    def __getitem__(self, place: Any, /) -> Any:
        """Return the value at a place, or those of a slice."""

    def __iter__(self) -> Iterator[Any]:
        """Return the values."""


class Connection(Protocol):
    """A connection inside a transaction that somebody else begins and ends."""

    async def fetch(self, statement: str, *values: object) -> Sequence[Row]:
        """Return the rows."""

    async def fetch_one(self, statement: str, *values: object) -> Row | None:
        """Return the first row, None when there is none."""

    async def execute(self, statement: str, *values: object) -> None:
        """Run a statement that returns nothing."""

    async def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Run it once with the values of each row."""


Work = Callable[[Connection], Coroutine[Any, Any, T]]
"""What is done inside one transaction. It awaits nothing but the connection, and may be run again from its start."""


class Database(Protocol):
    """One tenant's database. Every method raises StoreError when the database fails."""

    async def read(self, work: Work[T]) -> T:
        """Return what the work returns; all that it reads is of one moment."""

    async def write(self, work: Work[T]) -> T:
        """Do the work wholly or, when it raises, not at all, while nobody else writes for the tenant.

        Work that has begun is finished even when its caller is cancelled.
        """

    def filling(self) -> AbstractAsyncContextManager[None]:
        """Be ready for many large writes, one after the other, for as long as the context lasts."""

    async def analyse(self) -> None:
        """Gather the statistics by which statements are planned: after a bulk load those at hand are of before."""

    async def scrub(self) -> None:
        """Let what was deleted be nowhere in the database's own files, as far as that can be done from here."""

    async def aclose(self) -> None:
        """Give the database back, after the write that is under way. Afterwards everything raises StoreError."""


Asked = tuple[int, str | None, str | None]
"""The position of a look-up; the source, None for a canonical id; the key in one of the forms in which it may be kept,
None where it cannot be one: the database is asked all the same, so that the time taken tells nothing."""

LinkRow = Row
"""A number of the database's own, the customer, and one link's source, key, sealed key, id, whether it came by merge,
and event; source None: there is no link. What follows is the database's own."""


class Found(Struct, frozen=True):
    """Who was found, at one moment: the rows of each position that is somebody's, one a live key, and customer, ground
    and coordinates (as JSON) of each restriction in force, those of ids that were merged into the customer included.

    `state` tells the tables' states apart, of which each has a number of its own: it is that in which they were read,
    or a later one. None where nobody has to know. `written` is version -> mark of each secret with which the tenant was
    written, as JSON; None where that is told by the finder's `check` alone.
    """

    links: Mapping[int, Sequence[LinkRow]]
    restrictions: Sequence[Row]
    state: int | None = None
    written: str | None = None

    def __repr__(self) -> str:
        return f"Found({len(self.links)} of those asked for)"  # rows hold keys

    def __rich_repr__(self) -> list[tuple[str, int]]:
        return [("links", len(self.links))]


class Finder(Protocol):
    """The hot look-ups of one tenant."""

    async def find(self, asked: Sequence[Asked], *, restricted_keys: bool = False) -> Found:
        """Return who is found, and what is restricted.

        The keys of whoever is restricted from everything need not be told without `restricted_keys`.
        """

    async def sources(self) -> Mapping[str, SourceSystem]:
        """Return the tenant's sources by name."""

    async def check(self, keyring: Keyring) -> None:
        """Raise SecretError when another process has written with a secret that is not at hand and that is needed."""


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns that never waits, as none does whose connection answers at once."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("got work that waits for something; wanted work that awaits its connection alone")
