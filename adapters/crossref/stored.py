"""What every store of the cross-reference does, whatever its database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from adapters.crossref.database import Connection, Database
from adapters.crossref.errors import Conflict, ConflictError, InputError, RefusalCode
from adapters.crossref.events import Act
from adapters.crossref.ledger import Ledger
from adapters.crossref.linking import Linked, Method, SourceKey, Wish, assign
from adapters.crossref.loading import Load, LoadReport, LoadRow, chunks
from adapters.crossref.merging import merge
from adapters.crossref.port import Lookup, Restriction, Subject
from adapters.crossref.reading import Reader
from adapters.crossref.registering import register
from adapters.crossref.sealing import Keyring
from adapters.crossref.sources import SourceSystem
from adapters.crossref.verifying import ChainReport, verify_chain

__all__ = ["Now", "StoredCrossReference", "utc_now"]

Now = Callable[[], datetime]
"""A clock on the wall, with a zone. Injected, so that tests own the time."""

T = TypeVar("T")


def utc_now() -> datetime:
    """Return the time by the machine's clock."""
    return datetime.now(UTC)


class StoredCrossReference:
    """One tenant's cross-reference in a database. Every method raises StoreError when the database fails.

    Writes are made one at a time, each wholly or not at all; one that has begun is finished even when its caller is
    cancelled.
    """

    def __init__(self, database: Database, reader: Reader, tenant: str, keyring: Keyring, clock: Now) -> None:
        self._database, self._reader = database, reader
        self._tenant, self._keyring, self._clock = tenant, keyring, clock

    async def aclose(self) -> None:
        """Give the database back, after the write that is under way. What is asked afterwards raises StoreError."""
        await self._database.aclose()

    async def resolve(self, lookup: Lookup) -> Subject | None:
        """Return who is meant: `resolve_many` of one."""
        return (await self._reader.resolve_many((lookup,)))[0]

    async def resolve_many(self, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        """Return who is meant by each look-up, in the order asked; None for unknown, erased and retired alike."""
        return await self._reader.resolve_many(lookups)

    async def register_source(self, source: SourceSystem, *, actor: str) -> None:
        """Make a source known, or change its `max_live` and `priority`; registering it again as it is writes nothing.

        Raises InputError when its key format or mode would change, for its links are kept in the old one, and
        SecretError when it is sealed and no secret was given.
        """
        await self._write(partial(register, source=source, act=Act(actor)))

    async def link(
        self,
        source: str,
        key: str,
        customer_id: str | None = None,
        *,
        asserted_by: str,
        method: Method = Method.MANUAL,
        confidence: float = 1.0,
        reason_code: str | None = None,
        reason_ref: str | None = None,
    ) -> Linked:
        """Link a source's key to the customer; without `customer_id` to whoever has the key, else to a new customer.

        A link that stands already is left as it is. Raises ConflictError when the key is another's, the customer has as
        many keys as the source allows, or was erased or retired; InputError when source, key or customer cannot be.
        """
        act = Act(asserted_by, reason_code, reason_ref)
        _check_claim(method, confidence)

        async def work(ledger: Ledger) -> Linked | Conflict:
            known = ledger.source(source)
            entry = SourceKey(known, known.normal(key))
            # + 0.0: a JSON column of PostgreSQL gives a negative zero back as zero, which its event would not tell
            wish = Wish((entry,), act, customer_id, method=method, confidence=confidence + 0.0)
            done = await assign(ledger, wish)
            return done.conflicts[0] if done.linked is None or done.conflicts else done.linked

        return _raised(await self._write(work))

    async def merge(
        self, loser: str, survivor: str, *, actor: str, reason_code: str | None = None, reason_ref: str | None = None
    ) -> Linked:
        """Merge the loser into the survivor, whose state is returned; the loser's id leads there from now on.

        Two that are one already are left as they are. Raises ConflictError when one of them was erased or retired, or
        both together have more keys than a source allows; InputError when one of them is unknown.
        """
        act = Act(actor, reason_code, reason_ref)
        return _raised(await self._write(partial(merge, loser=loser, survivor=survivor, act=act)))

    async def load(
        self,
        rows: Iterable[LoadRow],
        *,
        actor: str,
        restrictions: Mapping[Lookup, Sequence[Restriction]] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load many customers with their keys, and restrictions by who they are for; loading them again adds nothing.

        Conflicts and rows that cannot be are left out and counted, the rest is written in transactions of 500 rows. The
        rows are read in another thread, as is `progress` called, with the rows done so far.
        """
        load = Load(Act(actor), restrictions or {})
        await self._write(load.normalise)
        load.take(await self._write(load.restrict_known))
        thread = ThreadPoolExecutor(1, thread_name_prefix="crossref-load")
        try:
            await self._load(load, rows, progress, partial(asyncio.get_running_loop().run_in_executor, thread))
        finally:
            thread.shutdown(wait=False)
        load.take(await self._write(load.restrict_known))
        await self._database.analyse()
        return load.report()

    async def verify_chain(self) -> ChainReport:
        """Check every event: none missing, none changed, each commitment true. Reads all of them."""

        async def work(connection: Connection) -> ChainReport:
            return await verify_chain(connection, self._tenant, self._keyring)

        return await self._database.read(work)

    async def _load(
        self,
        load: Load,
        rows: Iterable[LoadRow],
        progress: Callable[[int], None] | None,
        in_thread: Callable[..., asyncio.Future[Any]],
    ) -> None:
        # one thread for all rows: what gives them may be bound to the thread in which it began
        rest = chunks(rows)
        while chunk := await in_thread(next, rest, None):
            load.take(await self._write(partial(load.write, chunk=chunk)))
            if load.is_first_of_all:
                await self._database.analyse()  # what was planned for empty tables is slow for full ones
            if progress is not None:
                await in_thread(progress, load.rows)

    async def _write(self, work: Callable[[Ledger], Coroutine[Any, Any, T]]) -> T:
        async def in_ledger(connection: Connection) -> T:
            ledger = await Ledger.open(connection, self._tenant, self._keyring, self._clock())
            done = await work(ledger)
            await ledger.close()
            return done

        return await self._database.write(in_ledger)


def _check_claim(method: Method, confidence: float) -> None:
    if method in (Method.MERGE, Method.SPLIT, Method.IMPORT):
        raise InputError(
            RefusalCode.VALUE_INVALID, f"got method {method}, which only the operation of that name writes"
        )
    if not 0 <= confidence <= 1:
        raise InputError(RefusalCode.VALUE_INVALID, "confidence is from 0 to 1")


def _raised(outcome: Linked | Conflict) -> Linked:
    if isinstance(outcome, Conflict):
        raise ConflictError(outcome)
    return outcome
