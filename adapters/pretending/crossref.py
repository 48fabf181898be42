"""A cross-reference that knows everybody: whatever key is looked up, there is a customer behind it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.crossref import KeyFormat, LinkedKey, Lookup, Restriction, Subject
from adapters.pretending.wishes import Wishing

__all__ = ["PretendingCrossReference"]

_GROUND = "pretended"


class PretendingCrossReference:
    """Knows every key as one of `source`, the source that answers.

    One key is one customer, by whatever source it is looked up, and is the canonical id too. A key that no
    cross-reference takes is unknown here as well.
    """

    def __init__(self, source: str, wishing: Wishing) -> None:
        self._source, self._wishing = source, wishing

    async def resolve(self, lookup: Lookup) -> Subject | None:
        """Return who is meant."""
        return self._subject(lookup.key)

    async def resolve_many(self, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        """Return who is meant by each look-up, in the order asked."""
        return [self._subject(lookup.key) for lookup in lookups]

    def _subject(self, key: str) -> Subject | None:
        wishes = self._wishing.of(key)
        if wishes.is_unknown or KeyFormat.OPAQUE.normal(key) is None:
            return None
        restrictions = (Restriction(_GROUND, wishes.withheld),) if wishes.withheld else ()
        return Subject(key, False, {self._source: (LinkedKey(key, "pretended"),)}, restrictions)
