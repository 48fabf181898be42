"""How much a document asks for: what the pass over it counts, and the arithmetic of what variables decide.

A weight is kept as sums: each is a number and, for each list, its size times an earlier sum. So it is worked out for
the variables of a request without walking the document again, however its fragments are spread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

__all__ = ["MOST", "Count", "Figure", "Measure", "Measured", "Part", "Size", "Sized", "Sum", "Sums", "size_of"]

MOST = 1_000_000_000
"""Where counting ends: a document of 30 lines can ask for more fields than there are atoms."""


class Count(StrEnum):
    """What is counted of a definition; a fragment counts wherever it is spread, and so does what may be skipped."""

    DEPTH = "depth"
    """Levels of fields, those of introspection left out."""
    NESTING = "nesting"
    """Levels of braces, with those of fragments."""
    ALIASES = "aliases"
    FIELDS = "fields"
    DIRECTIVES = "directives"
    INPUTS = "inputs"
    """Values in the largest input object that is written in the document."""
    INTROSPECTION_DEPTH = "introspection_depth"
    """Levels of fields from `__schema` or `__type` on."""
    INTROSPECTION_ALIASES = "introspection_aliases"
    INTROSPECTION_LISTS = "introspection_lists"
    """Lists of what types hold, within each other: `fields { type { fields` has two."""


_ADDED = (Count.ALIASES, Count.FIELDS, Count.DIRECTIVES, Count.INTROSPECTION_ALIASES)
_LARGEST = (Count.INPUTS, Count.INTROSPECTION_DEPTH, Count.INTROSPECTION_LISTS)


class Sized(NamedTuple):
    """The size of a list that a variable decides; `otherwise` when neither request nor operation gives a value."""

    variable: str
    otherwise: int


Size = int | Sized


class Figure(NamedTuple):
    """A number, or the place of a sum."""

    number: int
    place: int | None = None


class Sum(NamedTuple):
    """A number and sizes of lists, each times the sum at an earlier place."""

    number: int
    terms: tuple[tuple[Size, int], ...] = ()


class Sums:
    """A weight that is being added up, over the sums that were kept before."""

    def __init__(self, kept: list[Sum]) -> None:
        self._kept = kept
        self._number = 0
        self._terms: list[tuple[Size, int]] = []
        self._figure: Figure | None = None

    def add(self, figure: Figure, times: Size = 1) -> None:
        """Add a figure as often as a list is long."""
        self._figure = None
        if figure.place is None and isinstance(times, int):
            self._number = min(self._number + times * figure.number, MOST)
        elif figure.place is not None or figure.number:
            self._terms.append((times, self._place(figure)))

    def figure(self) -> Figure:
        """Return what was added up; what depends on variables is kept as a sum, once."""
        if self._figure is None:
            terms = tuple(self._terms)
            self._figure = Figure(0, self._keep(Sum(self._number, terms))) if terms else Figure(self._number)
        return self._figure

    def _place(self, figure: Figure) -> int:
        return self._keep(Sum(figure.number)) if figure.place is None else figure.place

    def _keep(self, one: Sum) -> int:
        self._kept.append(one)
        return len(self._kept) - 1


class Part:
    """What a selection set holds, while it is added up.

    `paged` weighs as often as the connection has entries. `listed` names the variables that hold lists of look-ups.
    """

    def __init__(self, kept: list[Sum]) -> None:
        self.own, self.paged = Sums(kept), Sums(kept)
        self.counts = dict.fromkeys(Count, 0)
        self.listed: set[str] = set()

    def add(self, count: Count, number: int) -> None:
        """Count so many more."""
        self.counts[count] = min(self.counts[count] + number, MOST)

    def reach(self, count: Count, number: int) -> None:
        """Count at least so many."""
        self.counts[count] = max(self.counts[count], number)

    def hold(self, below: Part, level: int) -> None:
        """Count what a field or a spread at a level of braces brings along, but for its depth and weight."""
        for count in _ADDED:
            self.add(count, below.counts[count])
        for count in _LARGEST:
            self.reach(count, below.counts[count])
        self.listed |= below.listed
        self.reach(Count.NESTING, level + below.counts[Count.NESTING])


@dataclass(frozen=True, slots=True)
class Measure:
    """How much one operation or fragment asks for.

    `defaults` are the sizes that an operation's variables have, `listed` those of them that hold lists of look-ups.
    """

    counts: Mapping[Count, int]
    weight: Figure
    defaults: Mapping[str, int]
    listed: frozenset[str] = frozenset()

    @property
    def introspects(self) -> bool:
        """Return whether `__schema` or `__type` is asked for."""
        return self.counts[Count.INTROSPECTION_DEPTH] > 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What the pass over a document found: the measures of all definitions, and of the operations by their names.

    `work` is what the pass did: tokens read, and selections, directives and values visited.
    """

    definitions: Sequence[Measure]
    operations: Mapping[str, Measure]
    sums: Sequence[Sum]
    work: int

    def weight(self, operation: str, variables: Mapping[str, object]) -> int:
        """Return the weight of the operation of this name, `""` where it has none, for variables as they came.

        A value of another type than is wanted counts as one: it is refused when the variables are read.
        """
        measure = self.operations[operation]
        if measure.weight.place is None:
            return measure.weight.number
        weights: list[int] = []
        for one in self.sums[: measure.weight.place + 1]:
            found = sum(_size(size, variables, measure.defaults) * weights[place] for size, place in one.terms)
            weights.append(min(one.number + found, MOST))
        return weights[-1]

    def longest(self, operation: str, variables: Mapping[str, object]) -> int:
        """Return how many look-ups the longest list of the operation of this name holds in the variables."""
        listed = self.operations[operation].listed
        return max((size_of(variables.get(name), 0) for name in listed), default=0)


def size_of(value: object, otherwise: int) -> int:
    """Return the size that a variable's value gives to a list: a number is one, a list has one, null has none."""
    match value:
        case None:
            return otherwise
        case bool():
            return 1
        case int() | float():
            return int(min(max(0, value), MOST))
        case list() | tuple():
            return min(len(value), MOST)
        case _:
            return 1


def _size(size: Size, variables: Mapping[str, object], defaults: Mapping[str, int]) -> int:
    if isinstance(size, int):
        return size
    return size_of(variables.get(size.variable), defaults.get(size.variable, size.otherwise))
