"""What is compiled is our own text: it is made again alike, and holds nothing of the caller's but as literals."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from random import Random

import pytest
from graphql import DocumentNode
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from resolvers.shapes import compile_shape
from tests.resolvers.differential.both_ways import Both, Compiled, both_ways
from tests.resolvers.differential.documents import documents
from tests.resolvers.differential.mutating import mutated
from tests.resolvers.differential.scripted import Script
from tests.resolvers.differential.worlds import WORLDS, world

MARK = "theCallers"
"""Begins every name that a document makes up: aliases, fragments, variables."""

FEW = settings(max_examples=10, deadline=None, phases=[Phase.generate])


def compiled(both: Both, document: DocumentNode, seed: int) -> Compiled | None:
    """The shape of one operation that is made of a document, as the engine asked for it."""
    operation = mutated(both.world.schema, document, Random(seed), mark=MARK)
    both.speak(Script(str(seed)))
    both.ask(operation, Random(seed))
    return both.compiled


def words(code: str) -> Iterator[str]:
    """What stands in code as a name or in a comment."""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type in (tokenize.NAME, tokenize.COMMENT):
            yield token.string


@pytest.mark.parametrize("name", WORLDS)
def test_no_text_of_a_caller_stands_outside_of_literals(name: str) -> None:
    """Not as a name, and not in a comment; and a plan is compiled to the same code each time."""
    with both_ways(world(name)) as both:

        @FEW
        @given(document=documents(name), seed=st.integers(0, 2**32))
        def holds(document: DocumentNode, seed: int) -> None:
            made = compiled(both, document, seed)
            assert made is not None
            assert not [one for one in words(made.shape.code) if MARK in one]
            again = [compile_shape(made.schema, made.plan, made.rules) for _ in range(2)]
            assert again[0] is not None
            assert again[1] is not None
            assert again[0].code == again[1].code
            ast.parse(again[0].code)

        holds()


ALIASES = ["None", "self", "lambda", "_", "__class__", "__import__", "x0", "data", "dict", "async", "errors", "place"]


@pytest.mark.parametrize("name", WORLDS)
def test_an_alias_may_be_any_name(name: str) -> None:
    """Also one that Python reads in its own way."""
    with both_ways(world(name)) as both:
        root, many = both.world.model.singular, both.world.model.plural
        for alias in ALIASES:
            body = f"{{ id {alias}: __typename }} {alias}1: __typename"
            both.look(f'{{ {alias}: {root}(by: {{id: "1"}}) {{ {alias}: id }} }}')
            both.look(f'{{ {alias}: {many}(by: [{{id: "1"}}, {{id: "2"}}]) {body} }}')
            assert both.compiled is not None
        assert both.tally.handed_on.total() == both.tally.uncovered.total() == 0
