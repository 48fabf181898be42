"""Numbers that look like chance and are the same on every machine and in every run."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

__all__ = ["digest", "number", "ranks"]


def digest(label: str, index: int) -> str:
    """Return 64 hexadecimal digits that depend on the label and the index alone."""
    return sha256(f"{label}:{index}".encode()).hexdigest()


def number(label: str, index: int, below: int) -> int:
    """Return a whole number from 0 up to, and not including, `below`."""
    return int(digest(label, index), 16) % below


def ranks(label: str, count: int) -> Sequence[int]:
    """Return for each index from 0 its place in a shuffled order: every place once."""
    order = sorted(range(count), key=lambda index: digest(label, index))
    places = [0] * count
    for place, index in enumerate(order):
        places[index] = place
    return places
