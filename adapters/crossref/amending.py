"""What a steward amends: customers are made one and set apart again, restricted and erased."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, Unpack

from adapters.crossref.database import Connection, Database
from adapters.crossref.errors import Conflict, ConflictError
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.ledger import Ledger
from adapters.crossref.operations.erasing import erase
from adapters.crossref.operations.idempotency import answered
from adapters.crossref.operations.lifting import lift, restrict
from adapters.crossref.operations.linking import Linked
from adapters.crossref.operations.merging import MergePreview, merge, merge_oldest, preview_merge
from adapters.crossref.operations.splitting import split
from adapters.crossref.operations.undoing import undo_merge
from adapters.crossref.operations.writes import Write, Writing
from adapters.crossref.port import Restriction
from adapters.crossref.recounting import Recounting
from adapters.crossref.secrets_in_use import check_secrets

__all__ = ["Amending"]

T = TypeVar("T")


class Amending(Recounting):
    """One tenant's database, told from and amended; what may be given to each write besides is told at `Writing`."""

    def __init__(self, database: Database, tenant: str, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        super().__init__(database, tenant, keyring)
        self._clock = clock

    async def merge(
        self,
        loser: str,
        survivor: str,
        *,
        force: bool = False,
        loser_version: int | None = None,
        **writing: Unpack[Writing],
    ) -> Linked:
        """Merge the loser into the survivor, who is returned and whose version is expected.

        With `loser_version` the loser has to have that version too, so that what is done is what a preview has told.
        The loser's id leads there from now on. Two that are one already are left as they are. Raises ConflictError when
        one of them was erased or retired, or has another version than is expected; both have keys that are never one
        person's, or more keys together than a source allows: with `force` they are merged all the same, and a candidate
        tells of it. Raises InputError when one of them is unknown.
        """
        write = Write.of("merge", writing, loser_version=loser_version, loser=loser, survivor=survivor, force=force)
        return await self._answer(write, partial(merge, write=write, loser=loser, survivor=survivor, force=force))

    async def merge_oldest(
        self,
        one: str,
        other: str,
        *,
        force: bool = False,
        loser_version: int | None = None,
        **writing: Unpack[Writing],
    ) -> Linked:
        """Merge two customers as `merge` does; the one created first survives, else the one whose id comes first."""
        write = Write.of("merge_oldest", writing, loser_version=loser_version, one=one, other=other, force=force)
        return await self._answer(write, partial(merge_oldest, write=write, one=one, other=other, force=force))

    async def preview_merge(self, loser: str, survivor: str, *, oldest: bool = False) -> MergePreview:
        """Return what `merge` would do, with `oldest` what `merge_oldest` would, and write nothing.

        What stands in the way is in it, and raises nothing. Raises InputError when one of the two is unknown.
        """
        return await self._look(partial(preview_merge, loser=loser, survivor=survivor, oldest=oldest))

    async def undo_merge(self, seq: int, **writing: Unpack[Writing]) -> Linked:
        """Undo the merge that the event of this number made; its loser is active again, and returned.

        The version expected is that of the customer to whom the loser leads. Keys that the loser brought go back unless
        they were taken from that customer since; so do the ids that were merged into the loser, and candidates that the
        merge has settled are open again. Restrictions made since the merge hold for both. Raises ConflictError when it
        was undone already, or the customer erased since; InputError when the event is no merge.
        """
        write = Write.of("undo_merge", writing, seq=seq)
        return await self._answer(write, partial(undo_merge, write=write, seq=seq))

    async def split(
        self, customer_id: str, keys: Sequence[tuple[str, str]], into: str | None = None, **writing: Unpack[Writing]
    ) -> Linked:
        """Move keys (source and key, at most 1,000) to the customer `into`, None for a new one, who is returned.

        The version expected is that of the customer who is split, whose restrictions hold for whoever gets the keys
        too. Keys that are there already are left so. Raises ConflictError as `link` does; InputError when a key is not
        the customer's, all of them are given, or a customer is unknown.
        """
        pairs = [(source, key) for source, key in keys]
        told = [list(pair) for pair in pairs]
        write = Write.of("split", writing, customer=customer_id, keys=told, into=into)
        work = partial(split, write=write, customer_id=customer_id, keys=pairs, into=into)
        return await self._answer(write, work)

    async def restrict(self, customer_id: str, restriction: Restriction, **writing: Unpack[Writing]) -> Linked:
        """Let a restriction hold for the customer, who is returned; one that stands already is left as it is.

        Raises ConflictError when the customer was erased or retired, or has another version than is expected;
        InputError when the restriction is not in its form, or the customer unknown.
        """
        ground, coordinates = restriction.ground, sorted(restriction.coordinates)
        write = Write.of("restrict", writing, customer=customer_id, ground=ground, coordinates=coordinates)
        work = partial(restrict, write=write, customer_id=customer_id, restriction=restriction)
        return await self._answer(write, work)

    async def lift(self, customer_id: str, ground: str, **writing: Unpack[Writing]) -> Linked:
        """Lift the customer's restrictions of this ground, those of ids merged into it included.

        The customer is returned; without any nothing is written. Raises ConflictError when the customer has another
        version than is expected; InputError when the ground is no short code, or the customer unknown.
        """
        write = Write.of("lift", writing, customer=customer_id, ground=ground)
        return await self._answer(write, partial(lift, write=write, customer_id=customer_id, ground=ground))

    async def erase(self, customer_id: str, **writing: Unpack[Writing]) -> Linked:
        """Erase the customer and every id merged into it for good: none of them is ever found or used again.

        Keys and all that names the customer are deleted; ids and events stay, and the chain still holds. A key that
        somebody else has had since stays theirs. The tombstone is returned, also when it was erased before. Raises
        ConflictError when the customer has another version than is expected; InputError when it is unknown.
        """
        write = Write.of("erase", writing, customer=customer_id)
        linked = await self._answer(write, partial(erase, write=write, customer_id=customer_id))
        await self._database.scrub()
        return linked

    async def _answer(self, write: Write, work: Callable[[Ledger], Coroutine[Any, Any, Linked | Conflict]]) -> Linked:
        """Return what the work of this write returns, or what it was answered before; raises what is a conflict."""
        return _raised(await self._write(partial(answered, write=write, work=work)))

    async def _look(self, work: Callable[[Ledger], Coroutine[Any, Any, T]]) -> T:
        async def in_ledger(connection: Connection) -> T:
            return await work(await self._ledger(connection))

        return await self._database.read(in_ledger)

    async def _write(self, work: Callable[[Ledger], Coroutine[Any, Any, T]]) -> T:
        async def in_ledger(connection: Connection) -> T:
            ledger = await self._ledger(connection)
            done = await work(ledger)
            await ledger.close()
            return done

        return await self._database.write(in_ledger)

    async def _ledger(self, connection: Connection) -> Ledger:
        ledger = await Ledger.open(connection, self._tenant, self._keyring, self._clock())
        if ledger.lacking:
            await check_secrets(connection, self._tenant, self._keyring)
        return ledger


def _raised(outcome: Linked | Conflict) -> Linked:
    if isinstance(outcome, Conflict):
        raise ConflictError(outcome)
    return outcome
