"""A key is looked up exactly as it was written, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers import RefusalCode, RefusedError
from tests.resolvers.harbour import harbour, subject

ONE = "query ($by: VesselBy!) { vessel(by: $by) { name } }"
MANY = "query ($by: [VesselBy!]!) { vessels(by: $by) { name } }"
BARE = "query ($id: ID!) { vessel(by: {id: $id}) { name } }"
BIG = 89490200001234567890.0  # what a reader of JSON makes of 89490200001234567890


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (ONE, {"by": {"id": BIG}}),
        (ONE, {"by": {"registry": 7.0}}),
        (ONE, {"by": {"id": 1e20}}),
        (MANY, {"by": [{"id": "v1"}, {"sonar": 7.5}]}),
        (MANY, {"by": {"id": BIG}}),
        (BARE, {"id": BIG}),
    ],
)
async def test_a_key_that_is_no_exact_number_is_refused(query: str, variables: dict[str, Any]) -> None:
    """Another customer would be shown; nothing is read."""
    h = harbour([subject("89490200001234567168"), subject("7"), subject("100000000000000000000")])
    with pytest.raises(RefusedError, match="holds a key as a number with a fraction, or of more than 64 bits") as got:
        await h.ask(query, variables)
    assert got.value.code is RefusalCode.BAD_USER_INPUT
    assert (h.calls, h.crossref.reads) == ({}, 0)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (ONE, {"by": {"id": 7}}),
        (MANY, {"by": [{"id": "7"}]}),
        (BARE, {"id": 7}),
        (ONE, {"by": {"id": "7"}, "more": 7.5}),
    ],
)
async def test_a_key_that_is_exact_is_taken(query: str, variables: dict[str, Any]) -> None:
    """A whole number of at most 64 bits, or a text; what the operation does not declare says nothing."""
    h = harbour([subject("7", registry="R1")])
    assert "Anna" in str((await h.ask(query, variables))["data"])


@pytest.mark.parametrize("by", [{"id": {"x": 1.0}}, {"nothing": 1.0}, [[1.0]], 1.0, {"id": [1.0]}])
async def test_what_has_another_shape_is_refused_as_such(by: Any) -> None:
    """Whatever stands in the place of a look-up."""
    with pytest.raises(RefusedError):
        await harbour().ask(ONE, {"by": by})
