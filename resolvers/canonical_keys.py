"""The canonical id as a key like any other, for offers that are asked by it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.crossref import CrossReference, LinkedKey, Lookup, Subject
from adapters.offers import CANONICAL_ID

__all__ = ["CanonicalKeys"]


class CanonicalKeys:
    """A cross-reference in which every customer has its canonical id among its keys, in a keyspace of its own."""

    def __init__(self, inner: CrossReference) -> None:
        self._inner = inner

    async def resolve(self, lookup: Lookup) -> Subject | None:
        """Return who is meant: `resolve_many` of one."""
        return (await self.resolve_many((lookup,)))[0]

    async def resolve_many(self, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        """Return who is meant by each look-up, as the cross-reference does."""
        return [None if one is None else _with_id(one) for one in await self._inner.resolve_many(lookups)]


def _with_id(subject: Subject) -> Subject:
    key = LinkedKey(subject.customer_id, "")  # no link says so: no source is to be heard of it
    keys = {**subject.keys, CANONICAL_ID: (key,)}
    return Subject(subject.customer_id, subject.redirected, keys, subject.restrictions)
