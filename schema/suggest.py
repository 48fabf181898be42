"""What a misspelt word probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "nearest"]

# difflib compares in time that grows with the product of the lengths; no name of ours is longer
_LONGEST = 200


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to this one, whatever the case of its letters; None when none is near."""
    if len(word) > _LONGEST:
        return None
    by_lower = {each.lower(): each for each in sorted(known, reverse=True)}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return the advice `did you mean ...?`, or the other advice when no known word is near."""
    found = nearest(word, known)
    return otherwise if found is None else f"did you mean {found!r}?"
