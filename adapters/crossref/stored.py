"""What every store of the cross-reference does, whatever its database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar, Unpack

from adapters.crossref.database import Connection, Database
from adapters.crossref.errors import Conflict, InputError, RefusalCode, StoreError
from adapters.crossref.filling import Filling
from adapters.crossref.identifiers.blocking import USUAL_RULES, IdentifierRules
from adapters.crossref.kept_lookups import KeptLookups
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import Ledger
from adapters.crossref.operations.deciding import accept, reject
from adapters.crossref.operations.hearing import Heard, hear
from adapters.crossref.operations.linking import Linked, Method, Wish, assign
from adapters.crossref.operations.non_matching import assert_non_match, clear_non_match
from adapters.crossref.operations.registering import Registered, count_over, register
from adapters.crossref.operations.relinking import relink
from adapters.crossref.operations.replacing import replace_key
from adapters.crossref.operations.unlinking import unlink
from adapters.crossref.operations.writes import Write, Writing, act_of
from adapters.crossref.past.as_of import resolve_as_of
from adapters.crossref.port import KeyNews, Lookup, Subject
from adapters.crossref.reading import Reader
from adapters.crossref.verification.verifying import (
    ChainReport,
    Progress,
    damage_report,
    verify,
    verify_chain,
)
from schema.identifiers import IdentifierType

__all__ = ["Now", "StoredCrossReference", "utc_now"]

Now = Callable[[], datetime]
"""A clock on the wall, with a zone. Injected, so that tests own the time."""

T = TypeVar("T")


def utc_now() -> datetime:
    """Return the time by the machine's clock."""
    return datetime.now(UTC)


class StoredCrossReference(Filling):
    """One tenant's cross-reference in a database. Every method raises StoreError when the database fails.

    Writes are made one at a time, each wholly or not at all; one that has begun is finished even when its caller is
    cancelled.
    """

    def __init__(
        self,
        database: Database,
        reader: Reader | KeptLookups,
        tenant: str,
        keyring: Keyring,
        clock: Now,
        rules: IdentifierRules = USUAL_RULES,
    ) -> None:
        super().__init__(database, tenant, keyring, clock, rules)
        self._reader = reader

    async def aclose(self) -> None:
        """Give the database back, after the write that is under way. What is asked afterwards raises StoreError."""
        await self._database.aclose()

    async def resolve(
        self, lookup: Lookup, as_of: datetime | None = None, *, restricted_keys: bool = False
    ) -> Subject | None:
        """Return who is meant: `resolve_many` of one."""
        return (await self.resolve_many((lookup,), as_of, restricted_keys=restricted_keys))[0]

    async def resolve_many(
        self, lookups: Sequence[Lookup], as_of: datetime | None = None, *, restricted_keys: bool = False
    ) -> Sequence[Subject | None]:
        """Return who is meant by each look-up, in the order asked; None for unknown, erased and retired alike.

        So it is for an identifier that several customers have. Raises SecretError for one when no secret was given.
        With `as_of`, a time of the past, it is told who was meant then, with the keys and restrictions of then: nothing
        that happens later changes it but an erasure. Do not ask sources by it. Raises InputError when the time has no
        zone or has not come.

        Restrictions hold from when they are written until they are lifted, whatever a clock says; as of a time, by the
        clocks of those who wrote them. Whoever is restricted from `EVERYTHING` comes without keys, which are not even
        read: sources are not to be asked. With `restricted_keys` they come too, for those who tend the table.
        """
        if as_of is not None:
            now, keys = self._clock(), restricted_keys
            return await resolve_as_of(
                self._database, self._tenant, self._keyring, lookups, as_of, now, restricted_keys=keys
            )
        if any(lookup.identifier for lookup in lookups):
            return await self._resolve_identified(lookups, self._reader, restricted_keys=restricted_keys)
        return await self._reader.resolve_many(lookups, restricted_keys=restricted_keys)

    async def resolve_identifier(self, kind: IdentifierType, value: str) -> Subject | None:
        """Return the customer who alone has this identifier, which is in no source's keys: see `resolve_many`."""
        return await self.resolve(Lookup(None, value, kind))

    async def register_source(self, source: SourceSystem, *, actor: str) -> Registered:
        """Make a source known, or change its `max_live` and `priority`; registering it again as it is writes nothing.

        A limit holds for what is written from then on: who has more already keeps it, and no candidate tells of it.
        How many these are is returned when a limit is lowered. Raises InputError when its key format or mode would
        change, for its links are kept in the old one, and SecretError when it is sealed and no secret was given.
        """
        is_lowered = await self._write(partial(register, source=source, act=act_of(actor)))
        return Registered(await self._count_over(source) if is_lowered else 0)

    async def _count_over(self, source: SourceSystem) -> int | None:
        try:
            return await self._database.read(partial(count_over, tenant=self._tenant, source=source))
        except StoreError:  # the limit stands: it is not to look as if it did not
            return None

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
        idempotency_key: str | None = None,
        expected_version: int | None = None,
    ) -> Linked:
        """Link a source's key to the customer; without `customer_id` to whoever has the key, else to a new customer.

        A link that stands already is left as it is. Raises ConflictError when the key is another's, or never the same
        person's as one that the customer has, or when the customer has as many keys as the source allows, was erased or
        retired, or has another version than is expected; InputError when source, key or customer cannot be. What may be
        given besides is told at `Writing`.
        """
        act = act_of(asserted_by, reason_code, reason_ref)
        _check_claim(method, confidence)
        arguments = {"source": source, "key": key, "customer": customer_id, "method": method, "confidence": confidence}
        write = Write("link", arguments, act, expected_version, idempotency_key)

        async def work(ledger: Ledger) -> Linked | Conflict:
            entry = ledger.entry(source, key)
            # + 0.0: a JSON column of PostgreSQL gives a negative zero back as zero, which its event would not tell
            claim = Wish((entry,), act, customer_id, method=method, confidence=confidence + 0.0)
            done = await assign(ledger, replace(claim, expected_version=expected_version))
            return done.conflicts[0] if done.linked is None or done.conflicts else done.linked

        return await self._answer(write, work)

    async def unlink(self, source: str, key: str, **writing: Unpack[Writing]) -> Linked:
        """Take a source's key from its customer, who is returned and stays, even without any key.

        A key that was unlinked already is left so. Raises ConflictError when the customer has another version than is
        expected; InputError when the key was never linked.
        """
        write = Write.of("unlink", writing, source=source, key=key)
        return await self._answer(write, partial(unlink, write=write, source=source, key=key))

    async def relink(self, source: str, key: str, customer_id: str, **writing: Unpack[Writing]) -> Linked:
        """Move a source's key from the customer who has it to this one, who is returned and whose version is expected.

        A key that is theirs is left as it is. Restrictions stay with the customer who had it. Raises ConflictError as
        `link` does; InputError when the key is linked to nobody, or there is no such customer.
        """
        write = Write.of("relink", writing, source=source, key=key, customer=customer_id)
        return await self._answer(write, partial(relink, write=write, source=source, key=key, customer_id=customer_id))

    async def replace_key(self, source: str, old: str, new: str, **writing: Unpack[Writing]) -> Linked:
        """Let a source's new key take the place of its old one, as when the source has merged two of its records.

        The old key still leads to the customer, who is returned, and is asked for no more. Raises ConflictError as
        `link` does; InputError when the old key is linked to nobody.
        """
        write = Write.of("replace_key", writing, source=source, old=old, new=new)
        return await self._answer(write, partial(replace_key, write=write, source=source, old=old, new=new))

    async def assert_non_match(self, first: Lookup, second: Lookup, **writing: Unpack[Writing]) -> Linked:
        """Say of two keys, linked or not, that they are never one person's: nothing brings them together from then on.

        Returns where the owner of the first key stands, else that of the second; with neither linked, the customer is
        empty and its version 0. `seq` is the number of the event that says it. Raises ConflictError when that customer
        has another version than is expected; InputError for two keys of one customer, and for a canonical id.
        """
        write = Write.of("assert_non_match", writing, pair=[_told(first), _told(second)])
        return await self._answer(write, partial(assert_non_match, write=write, first=first, second=second))

    async def clear_non_match(self, first: Lookup, second: Lookup, **writing: Unpack[Writing]) -> Linked:
        """Take back what was said of two keys, if it was, and return as `assert_non_match` does."""
        write = Write.of("clear_non_match", writing, pair=[_told(first), _told(second)])
        return await self._answer(write, partial(clear_non_match, write=write, first=first, second=second))

    async def accept(
        self,
        candidate_id: str,
        *,
        force: bool = False,
        loser_version: int | None = None,
        **writing: Unpack[Writing],
    ) -> Linked:
        """Merge the two customers of a candidate; the oldest survives, and is returned.

        `force` and `loser_version` are those of `merge`. One for what a source says of a key is accepted by unlinking
        or replacing the key, and its customer is returned, whose version is expected. A candidate that was accepted is
        left so. Raises ConflictError as `merge` and `replace_key` do, and then the candidate stays open; InputError
        when there is no such candidate, it has one customer only, or it was decided otherwise.
        """
        write = Write.of("accept", writing, loser_version=loser_version, candidate=candidate_id, force=force)
        return await self._answer(write, partial(accept, write=write, candidate_id=candidate_id, force=force))

    async def reject(self, candidate_id: str, *, non_match: bool = False, **writing: Unpack[Writing]) -> Linked:
        """Decide that nothing is done about a candidate; its first customer is returned, and its version expected.

        With `non_match` the keys of the two are said never to be one person's: each of the one's with each of the
        other's, the first ten of both. `seq` is the number of the event that decided it. Raises ConflictError when the
        customer has another version than is expected; InputError when there is no such candidate, it was decided
        otherwise, or one of the two has no key.
        """
        write = Write.of("reject", writing, candidate=candidate_id, non_match=non_match)
        return await self._answer(write, partial(reject, write=write, candidate_id=candidate_id, non_match=non_match))

    async def hear(self, news: Sequence[KeyNews], *, actor: str) -> Heard:
        """Open a candidate for each key of which a source says that it is gone or replaced; nothing else is changed.

        None is opened where it is asked already, by whichever process, or was rejected by a steward, nor for a link
        that has ended since. What is no key of the source is left out, as is what comes while 1,000 such candidates of
        the source are open.
        """
        return await self._write(partial(hear, act=act_of(actor), several=list(news)))

    async def verify_chain(self) -> ChainReport:
        """Check every event: none missing, none changed, each commitment true. Reads all of them."""

        async def work(connection: Connection) -> ChainReport:
            return await verify_chain(connection, self._tenant, self._keyring)

        return await self._database.read(work)

    async def verify(self, progress: Progress | None = None) -> ChainReport:
        """Check the events as `verify_chain` does, and that they tell every row of the tables as it stands.

        The database looks at its own pages and indexes first, where it can, as SQLite does. Of a database that is
        damaged nothing else is told: what would be read of it could be anything.

        They are folded into a temporary file, which holds no key. Reads everything: 5,000 events a second of customers
        with two keys each, in 40 MB of memory however many they are (200,000 events and 600,000 rows in 39 s of a
        processor; SQLite, two cores, November 2026). `progress` is told how far it is, perhaps in another thread.
        """

        async def work(connection: Connection) -> ChainReport:
            return await verify(connection, self._tenant, self._keyring, progress)

        damage = await self._damage(progress)
        return damage_report(damage) if damage else await self._database.read(work)

    async def _damage(self, _progress: Progress | None) -> Sequence[str]:
        """Return what is wrong with the database's own pages and indexes, by its own words without any value."""
        return ()


def _told(lookup: Lookup) -> list[str | None]:
    return [lookup.source, lookup.key]


def _check_claim(method: Method, confidence: float) -> None:
    if method in (Method.MERGE, Method.SPLIT, Method.IMPORT):
        raise InputError(
            RefusalCode.VALUE_INVALID, f"got method {method}, which only the operation of that name writes"
        )
    if not 0 <= confidence <= 1:
        raise InputError(RefusalCode.VALUE_INVALID, "confidence is from 0 to 1")
