"""What a cross-reference tells besides look-ups: histories, exports, changes and candidates, read from its database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial

from adapters.crossref.asking import MAX_PAGE
from adapters.crossref.database import Database
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.non_matches import NonMatch, read_non_matches
from adapters.crossref.operations.deciding import Candidate, read_candidate, read_candidates
from adapters.crossref.outlining import Outline, outline
from adapters.crossref.past.exporting import Export, export
from adapters.crossref.past.feed import Change, follow, read_changes
from adapters.crossref.past.history import HistoryEntry, read_history
from adapters.crossref.past.names import KnownAs, read_erased, read_names
from adapters.crossref.port import Lookup
from adapters.crossref.standing import Standing, standing

__all__ = ["Recounting"]

_PAUSE = 0.25
"""Seconds between two looks at a feed that has come to its end."""


class Recounting:
    """One tenant's database, told from. Each answer is of one moment; every method raises StoreError when it fails.

    Customers are named by a canonical id, as a text or a Lookup, or by the key of a source; one merged before means the
    survivor. Who has an identifier is found by `resolve` first.
    """

    def __init__(self, database: Database, tenant: str, keyring: Keyring) -> None:
        self._database, self._tenant, self._keyring = database, tenant, keyring

    async def history(self, customer: Lookup | str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[HistoryEntry]:
        """Return what happened to the customer and to those merged into it, in order: at most 1,000 events a time.

        The next page begins `after` the number of the last event of this one. A key means whoever has it or, when
        nobody has, had it last. Of who was erased all but the keys is told, and of who is unknown nothing. Raises
        InputError when `after` or `limit` cannot be.
        """
        work = partial(read_history, tenant=self._tenant, keyring=self._keyring, lookup=_lookup(customer))
        return await self._database.read(partial(work, after=after, limit=limit))

    async def known_as(self, customer: Lookup | str) -> Sequence[KnownAs]:
        """Return the ids under which the customer is and was known, the one in use first, as merges led and lead.

        Who was erased is told too. A key means whoever has it or, when nobody has, had it last; of who is unknown there
        is none.
        """
        work = partial(read_names, tenant=self._tenant, keyring=self._keyring, lookup=_lookup(customer))
        return await self._database.read(work)

    async def erased(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of some canonical ids whose customers were erased: for records, and never for who asks."""
        return await self._database.read(partial(read_erased, tenant=self._tenant, ids=ids))

    async def export(self, customer: Lookup | str) -> Export | None:
        """Return all that is kept of the customer, its keys included: for the person who asks for it (GDPR art. 15).

        None stands for unknown, erased and retired alike; a key means whoever has it now. Raises SecretError when a
        sealed key does not open.
        """
        work = partial(export, tenant=self._tenant, keyring=self._keyring, lookup=_lookup(customer))
        return await self._database.read(work)

    async def outline(self, customer: Lookup | str) -> Outline | None:
        """Return what is known of the customer but for its keys: its sources, version, restrictions and merged ids.

        None stands for unknown, erased and retired alike; a key means whoever has it now.
        """
        work = partial(outline, tenant=self._tenant, keyring=self._keyring, lookup=_lookup(customer))
        return await self._database.read(work)

    async def standing(self, customer: Lookup | str) -> Standing | None:
        """Return where the customer stands: the id in use, its status, its version, and the number of its last event.

        Who was erased or retired is told as that; so it is not for everybody. None stands for who never was there. A
        key means whoever has it now.
        """
        work = partial(standing, tenant=self._tenant, keyring=self._keyring, lookup=_lookup(customer))
        return await self._database.read(work)

    async def changes(self, after: int, *, limit: int = MAX_PAGE) -> Sequence[Change]:
        """Return what has changed after the event of this number (0: from the beginning), at most 1,000 events a time.

        Numbers have no gaps, and none comes later that is lower. Raises InputError when `after` or `limit` cannot be,
        or `after` is beyond the last event: then what was read is another log, and has to be read from its beginning.
        """
        return await self._database.read(partial(read_changes, tenant=self._tenant, after=after, limit=limit))

    def follow(self, after: int) -> AsyncIterator[Change]:
        """Return what has changed after the event of this number, and go on with what changes, until it is cancelled.

        A change is seen within a quarter of a second. Raises as `changes` does.
        """
        return follow(self.changes, after, partial(asyncio.sleep, _PAUSE))

    async def candidates(self, status: str = "open", *, after: int = 0, limit: int = 100) -> Sequence[Candidate]:
        """Return candidates of a status (open, accepted, rejected, superseded), the oldest first, at most 1,000 a time.

        The next page begins `after` the `opened_seq` of the last one. Raises InputError when something cannot be.
        """
        work = partial(read_candidates, tenant=self._tenant, status=status, after=after, limit=limit)
        return await self._database.read(work)

    async def candidate(self, candidate_id: str) -> Candidate | None:
        """Return the candidate of this id, None when there is none."""
        return await self._database.read(partial(read_candidate, tenant=self._tenant, candidate_id=candidate_id))

    async def non_matches(self, *, after: str | None = None, limit: int = 100) -> Sequence[NonMatch]:
        """Return the pairs of keys that are never one person's, those said first before the others, at most 1,000 a
        time: what was taken back is not among them.

        The next page begins `after` the `non_match_id` of the last one. Raises InputError when something cannot be, and
        SecretError when a sealed key does not open.
        """
        work = partial(read_non_matches, tenant=self._tenant, keyring=self._keyring, after=after, limit=limit)
        return await self._database.read(work)


def _lookup(customer: Lookup | str) -> Lookup:
    return Lookup(None, customer) if isinstance(customer, str) else customer
