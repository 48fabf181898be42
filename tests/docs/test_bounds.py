"""The fixed bounds that a page names are those of the code."""

from __future__ import annotations

import re

from adapters.decoding import MOST_ITEMS
from adapters.offers import Offer
from resolvers import assembly, limits, selection, validation
from tests.docs.pages import section


def test_the_bounds_of_every_view_are_documented() -> None:
    """In the order of the table."""
    part = section("http.md", "## Status codes").partition("Bounds that hold in every view:")[2]
    figures = [int(figure) for figure in re.findall(r"^\|.*\| (\d+)(?: for each token)? \|$", part, re.MULTILINE)]
    max_items = Offer.__dataclass_fields__["max_items"].default
    assert max_items == MOST_ITEMS
    assert figures == [
        *limits.BOUNDS.values(),
        validation.MOST_COMPARISONS,
        selection._WORK_PER_TOKEN,
        MOST_ITEMS,
        assembly.MOST_VALUES,
    ]
