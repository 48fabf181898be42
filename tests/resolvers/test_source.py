"""Lines are found as graphql-core finds them, and without reading the text again."""

from __future__ import annotations

import pytest
from graphql import GraphQLError, Source, parse
from hypothesis import given
from hypothesis import strategies as st

from resolvers.source import DocumentSource, locations


@given(text=st.text(st.sampled_from("ab \n\r"), max_size=30), position=st.integers(0, 30))
def test_a_place_is_that_of_graphql_core(text: str, position: int) -> None:
    """Whichever line ends stand in the text, and also when it is forgotten."""
    source = DocumentSource(text)
    source.forget_text()
    assert source.get_location(position) == Source(text).get_location(position)
    assert source.body == ""


def test_an_error_is_told_with_all_its_places() -> None:
    """Of several nodes, each; of none, nothing."""
    source = DocumentSource("{\n a\n  b }")
    document = parse(source)
    source.forget_text()
    nodes = list(document.definitions[0].selection_set.selections)  # type: ignore[attr-defined]
    assert locations(GraphQLError("x", nodes)) == [{"line": 2, "column": 2}, {"line": 3, "column": 3}]
    assert locations(GraphQLError("x")) == []


@pytest.mark.parametrize("nodes", [1, 2])
def test_many_errors_in_a_long_document_read_it_once(nodes: int) -> None:
    """The text is gone: there is nothing to count through."""
    source = DocumentSource("{" + "\n" * 100_000 + "a b }")
    document = parse(source)
    source.forget_text()
    found = list(document.definitions[0].selection_set.selections)[:nodes]  # type: ignore[attr-defined]
    for _ in range(2_000):
        assert locations(GraphQLError("x", found))[0] == {"line": 100_001, "column": 1}
