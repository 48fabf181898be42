"""Values that are written into a document are looked at without being read."""

from __future__ import annotations

from typing import cast

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse, parse_value

from resolvers.literals import largest_input, size_by, size_of_literal
from resolvers.measures import MOST, Size, Sized


def by(arguments: str) -> Size:
    operation = cast("OperationDefinitionNode", parse(f"{{ list{arguments} }}").definitions[0])
    return size_by(cast("FieldNode", operation.selection_set.selections[0]), "first", 20)


def test_an_argument_gives_a_list_its_size() -> None:
    """Left out or null it gives none; a variable is named, to be asked later."""
    assert by("") == by("(last: 3)") == by("(first: null)") == 20
    assert by("(last: 3, first: 7)") == 7
    assert by("(first: $n)") == Sized("n", 20)


@pytest.mark.parametrize(
    ("written", "size"),
    [("7", 7), ("-7", 0), ("[1, 2]", 2), ("null", 20), ('"7"', 1), ("{a: 1}", 1), ("9" * 9_999, MOST)],
)
def test_a_value_gives_a_list_its_size(written: str, size: int) -> None:
    """A number of more digits than Python reads is a large one."""
    assert size_of_literal(parse_value(written), 20) == size


def test_the_largest_object_is_found_in_one_pass() -> None:
    """With how many values were looked at."""
    values = [parse_value("[{a: 1, b: [2, {c: 3}]}, {d: 4}]"), parse_value("5")]
    assert largest_input(values) == (5, 10)
    assert largest_input([]) == (0, 0)
