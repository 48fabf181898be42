"""What a misspelt word probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

__all__ = ["did_you_mean", "nearest"]

# difflib compares in time that grows with the product of the lengths; no name of ours is longer
_LONGEST = 200
_FEW = 10
"""Among how many near words one with two letters swapped is looked for."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to this one, whatever the case of its letters; None when none is near.

    One with two neighbouring letters swapped comes first: nobody means anything else by it. Of words that differ in
    case alone it is the one whose letters are most often written likewise.
    """
    if len(word) > _LONGEST:
        return None
    by_lower: dict[str, list[str]] = {}
    for each in sorted(known):
        by_lower.setdefault(each.lower(), []).append(each)
    found = get_close_matches(word.lower(), by_lower, n=_FEW, cutoff=0.6)
    if not found:
        return None
    meant = next((each for each in found if _is_swapped(word.lower(), each)), found[0])
    return max(by_lower[meant], key=lambda each: SequenceMatcher(None, word, each).ratio())


def _is_swapped(word: str, other: str) -> bool:
    """Return whether the words differ in the order of two neighbouring letters alone."""
    if len(word) != len(other):
        return False
    apart = [place for place, (one, its) in enumerate(zip(word, other, strict=True)) if one != its]
    if len(apart) != 2 or apart[1] != apart[0] + 1:
        return False
    first, second = apart
    return (word[first], word[second]) == (other[second], other[first])


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return the advice `did you mean ...?`, or the other advice when no known word is near."""
    found = nearest(word, known)
    return otherwise if found is None else f"did you mean {found!r}?"
