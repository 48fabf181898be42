from __future__ import annotations

import pytest

from gateway.operations import is_for_another_operation
from resolvers import Request


@pytest.mark.parametrize(
    ("query", "name", "is_other"),
    [
        ("{ a }", None, False),
        ("query { a }", None, False),
        ("mutation { a }", None, True),
        ("subscription { a }", None, True),
        ("mutation M { a } query Q { a }", "M", True),
        ("mutation M { a } query Q { a }", "Q", False),
        ("mutation M { a } query Q { a }", None, False),
        ("mutation M { a }", "N", False),
        ("fragment F on T { mutation }", None, False),
        ("{", None, False),
        ("mutation { " + "a " * 100 + "}", None, False),
    ],
)
def test_the_operation_that_is_meant_decides(query: str, name: str | None, is_other: bool) -> None:
    """Not what else the document holds; what cannot be read, or is too long, is refused by the engine."""
    assert is_for_another_operation(Request(query, name), most_tokens=50) is is_other
