"""Numbers that depend on variables are worked out from sums, without the document."""

from __future__ import annotations

import math

import pytest

from resolvers.measures import MOST, Figure, Sized, Sum, Sums, size_of


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 20),
        (7, 7),
        (0, 0),
        (-7, 0),
        (10**100, MOST),
        (7.0, 7),
        (math.inf, MOST),
        (math.nan, 0),
        (True, 1),
        ([1, 2, 3], 3),
        ((), 0),
        ("7", 1),
        ({"id": "1"}, 1),
    ],
)
def test_every_value_gives_a_list_a_size(value: object, size: int) -> None:
    """What does not fit is refused later; until then it may not break anything."""
    assert size_of(value, 20) == size


def test_what_depends_on_no_variable_is_one_number() -> None:
    """Sums are kept for the others alone."""
    kept: list[Sum] = []
    sums = Sums(kept)
    sums.add(Figure(2), 3)
    sums.add(Figure(0), Sized("n", 1))
    assert (sums.figure(), kept) == (Figure(6), [])


def test_what_depends_on_variables_is_kept_once() -> None:
    """However often it is asked for, and also when more was added in between."""
    kept: list[Sum] = []
    sums = Sums(kept)
    sums.add(Figure(2), Sized("n", 1))
    sums.add(Figure(3))
    assert sums.figure() == sums.figure() == Figure(0, 1)
    assert kept == [Sum(2), Sum(3, ((Sized("n", 1), 0),))]
    sums.add(Figure(4))
    assert sums.figure() == Figure(0, 2)
    assert kept[2] == Sum(7, ((Sized("n", 1), 0),))
