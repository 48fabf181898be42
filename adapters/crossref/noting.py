"""What is told of identifiers: noted as sources show them, forgotten, and looked up by."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol, Unpack

from adapters.crossref.amending import Amending
from adapters.crossref.database import Database
from adapters.crossref.identifiers.blocking import USUAL_RULES, IdentifierRules
from adapters.crossref.identifiers.identifying import Form, find_customers
from adapters.crossref.identifiers.normalising import normal_identifier
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.operations.linking import Linked
from adapters.crossref.operations.noting_identifiers import forget_identifiers, normal_forms, note_identifiers
from adapters.crossref.operations.rekeying import retire_some, wrap_some
from adapters.crossref.operations.writes import Write, Writing, act_of
from adapters.crossref.port import Lookup, Subject
from schema.identifiers import IdentifierType

__all__ = ["Noting"]

_TRIES = 3


class Resolving(Protocol):
    """What looks customers up by keys and ids."""

    async def resolve_many(
        self, lookups: Sequence[Lookup], *, restricted_keys: bool = False
    ) -> Sequence[Subject | None]:
        """Return who is meant by each look-up, all at one moment of the database."""


class Noting(Amending):
    """One tenant's database, in which identifiers are noted; what may be given besides is told at `Writing`."""

    def __init__(
        self,
        database: Database,
        tenant: str,
        keyring: Keyring,
        clock: Callable[[], datetime],
        rules: IdentifierRules = USUAL_RULES,
    ) -> None:
        super().__init__(database, tenant, keyring, clock)
        self._rules = rules

    async def note_identifiers(
        self,
        customer_id: str,
        source: str,
        identifiers: Mapping[IdentifierType, Sequence[str]],
        *,
        country: str | None = None,
        rules: IdentifierRules | None = None,
        **writing: Unpack[Writing],
    ) -> Linked:
        """Note that the source shows these identifiers of the customer, by whom it has a key: digests alone are kept.

        They come as the source writes them; `country` (DE) is where numbers are from that name none. At most 50 are
        taken. What is blocked by `rules`, or by those of the cross-reference with None, is not kept. Customers who
        share one stay apart, and a candidate tells of them. Raises ConflictError when the customer was erased or
        retired or has another version than is expected; InputError when something cannot be one of its type, customer
        or source is unknown, or the source has no key of theirs; SecretError when no secret was given.
        """
        forms = normal_forms(identifiers, country)
        told = [[form.kind, form.text] for form in forms]
        write = Write.of("note_identifiers", writing, customer=customer_id, source=source, identifiers=told)
        return await self._answer(
            write,
            partial(
                note_identifiers,
                write=write,
                customer=customer_id,
                source=source,
                forms=forms,
                rules=rules or self._rules,
            ),
        )

    async def forget_identifiers(
        self,
        customer_id: str,
        source: str | None = None,
        identifiers: Mapping[IdentifierType, Sequence[str]] | None = None,
        *,
        country: str | None = None,
        **writing: Unpack[Writing],
    ) -> Linked:
        """Forget identifiers of the customer: those that the source has shown, or any with None; these, or all.

        A feed does so with what its source shows no longer: a phone number is somebody else's one day. Raises
        ConflictError when the customer has another version than is expected; InputError as `note_identifiers` does.
        """
        forms = None if identifiers is None else normal_forms(identifiers, country)
        told = None if forms is None else [[form.kind, form.text] for form in forms]
        write = Write.of("forget_identifiers", writing, customer=customer_id, source=source, identifiers=told)
        return await self._answer(
            write, partial(forget_identifiers, write=write, customer=customer_id, source=source, forms=forms)
        )

    async def wrap_identifiers(self, version: int, *, actor: str) -> int:
        """Wrap every digest of this version of the secret under the current one, and return how many were.

        For a secret that was lost: who has it alone can no longer find out by trial which number a digest is of. The
        lost one is still needed for look-ups, until the version is retired. Written some hundreds at a time; called
        again it goes on. Raises InputError for the current version.
        """
        return await self._rekey(wrap_some, version, actor)

    async def retire_identifiers(self, version: int, *, actor: str) -> int:
        """Forget every identifier whose digest was made with this version, and return how many were.

        What was noted since under the current version stays. Written as `wrap_identifiers` does; afterwards the secret
        of this version is not needed for identifiers. Raises InputError for the current version.
        """
        return await self._rekey(retire_some, version, actor)

    async def _resolve_identified(
        self, lookups: Sequence[Lookup], reader: Resolving, *, restricted_keys: bool
    ) -> list[Subject | None]:
        """Return who is meant by each look-up, some of which are by an identifier.

        Whose an identifier is, is read before and after the customers are: a merge undone between the two would answer
        with the wrong one. Who is another each time, however often it is tried, is nobody.
        """
        ids = await self._identified(lookups)
        for _ in range(_TRIES):
            found = [*await reader.resolve_many(ids, restricted_keys=restricted_keys)]
            before, ids = ids, await self._identified(lookups)
            settled = [*map(_is_settled, lookups, before, ids, found)]
            if all(settled):
                break
        return [subject if is_settled else None for subject, is_settled in zip(found, settled, strict=True)]

    async def _identified(self, lookups: Sequence[Lookup]) -> Sequence[Lookup]:
        """Return the look-ups, those by an identifier turned into look-ups of the customer who has it, or of nobody."""
        asked = [lookup for lookup in lookups if lookup.identifier is not None]
        forms = [_form(lookup, self._rules) for lookup in asked]
        work = partial(find_customers, tenant=self._tenant, keyring=self._keyring, forms=forms)
        found = dict(zip(asked, await self._database.read(work), strict=True))
        # who is not found is looked up like everybody else, as nobody
        return [lookup if lookup.identifier is None else Lookup(None, found[lookup] or "") for lookup in lookups]

    async def _rekey(self, some: Callable[..., Coroutine[Any, Any, int]], version: int, actor: str) -> int:
        act, total = act_of(actor), 0
        while done := await self._write(partial(some, act=act, version=version)):
            total += done
        return total


def _is_settled(lookup: Lookup, before: Lookup, after: Lookup, subject: Subject | None) -> bool:
    """Return whether this was the identifier's customer when it was read; one that has been merged since is not."""
    if lookup.identifier is None:
        return True
    return before == after and (subject is None or not subject.redirected)


def _form(lookup: Lookup, rules: IdentifierRules) -> Form | None:
    assert lookup.identifier is not None
    text = normal_identifier(lookup.identifier, lookup.key)
    return None if text is None or rules.blocks(lookup.identifier, text) else Form(lookup.identifier, text)
