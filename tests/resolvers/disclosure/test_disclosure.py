"""Nothing that a view withholds is asked of anybody, or comes out anywhere: for all rules together, all documents, all
customers. What each rule means is written a second time, in `deciding`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.resolvers.disclosure.cases import made
from tests.resolvers.disclosure.checking import check
from tests.resolvers.disclosure.documents import documents
from tests.resolvers.queries import Query

pytestmark = pytest.mark.no_cover  # it would take twice as long, and the tests of each part cover the same

TOGETHER = 10
"""How many cases are asked with one document: to make a document takes longer than to ask it."""


@settings(max_examples=50, deadline=None)
@given(query=documents(), seeds=st.lists(st.integers(0, 2**32), min_size=TOGETHER, max_size=TOGETHER))
async def test_nothing_that_is_withheld_is_asked_or_told(query: Query, seeds: list[int]) -> None:
    """500 cases."""
    for seed in seeds:
        await check(made(seed), query, is_compiled=bool(seed % 2))


@pytest.mark.long
@settings(max_examples=2_000, deadline=None)
@given(query=documents(), seeds=st.lists(st.integers(0, 2**32), min_size=TOGETHER, max_size=TOGETHER))
async def test_nothing_that_is_withheld_is_asked_or_told_in_many_cases(query: Query, seeds: list[int]) -> None:
    """20,000 cases."""
    for seed in seeds:
        await check(made(seed), query, is_compiled=bool(seed % 2))
