"""Chance that is the same in every run: it depends on the place that it is asked for alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

__all__ = ["SEPARATOR", "Chance"]

SEPARATOR = "\x1f"
"""Stands between the steps of a seed. No key of a customer holds it: it is not printable."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chance:
    """The chance of one place, named by its seed. Labels tell apart what is asked of it.

    A seed is the customer's key and the steps down from it: Python names of fields, and indexes of lists.
    """

    seed: str

    @property
    def customer(self) -> Chance:
        """Return the chance of the customer whose place it is."""
        return Chance(self.seed.partition(SEPARATOR)[0])

    @property
    def whole(self) -> Chance:
        """Return the chance of the customer, or of the entry of a list, whose part this object is."""
        first, *steps = self.seed.split(SEPARATOR)
        while steps and not steps[-1].isdecimal():
            steps.pop()
        return Chance(SEPARATOR.join((first, *steps)))

    @property
    def depth(self) -> int:
        """Return within how many lists the place is."""
        return sum(step.isdecimal() for step in self.seed.split(SEPARATOR)[1:])

    @property
    def outermost(self) -> Chance:
        """Return the chance of the entry of the customer's own list within which the place is, else the customer's."""
        steps = self.seed.split(SEPARATOR)
        end = next((place for place, step in enumerate(steps) if place and step.isdecimal()), 0)
        return Chance(SEPARATOR.join(steps[: end + 1]))

    def number(self, label: str, below: int) -> int:
        """Return a whole number from 0 up to, and not including, `below`."""
        text = f"{self.seed}\n{label}".encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") % below

    def pick(self, label: str, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.number(label, len(choices))]
