"""What a misspelt word probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

__all__ = ["did_you_mean", "nearest"]

# difflib compares in time that grows with the product of the lengths; no name of ours is longer
_LONGEST = 200


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to this one, whatever the case of its letters; None when none is near.

    Of words that differ in case alone it is the one whose letters are most often written likewise.
    """
    if len(word) > _LONGEST:
        return None
    by_lower: dict[str, list[str]] = {}
    for each in sorted(known):
        by_lower.setdefault(each.lower(), []).append(each)
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return max(by_lower[found[0]], key=lambda each: SequenceMatcher(None, word, each).ratio()) if found else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return the advice `did you mean ...?`, or the other advice when no known word is near."""
    found = nearest(word, known)
    return otherwise if found is None else f"did you mean {found!r}?"
