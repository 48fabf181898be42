"""Which keys are said never to be one person's."""

from __future__ import annotations

from gateway.crossref.answers import NonMatchesTold
from gateway.crossref.asking import Asked
from gateway.crossref.parameters import NonMatchesQuery
from gateway.crossref.roles import READERS
from gateway.crossref.routes import Operation

__all__ = ["NON_MATCHES"]


async def list_non_matches(asked: NonMatchesQuery, asking: Asked) -> NonMatchesTold:
    """List pairs of keys that are never one person's, those said first before the others.

    With their keys, which `first` and `second` of a body that takes one back name likewise. What was taken back is not
    listed; the histories tell of it.
    """
    found = await asking.crossref.non_matches(after=asked.after, limit=asked.limit)
    return NonMatchesTold.of(found, asked.limit)


NON_MATCHES = (Operation("GET", "/non-matches", list_non_matches, READERS),)
