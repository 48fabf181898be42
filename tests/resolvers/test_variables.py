"""Variables are read as their types say; a refusal of one holds no value."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from resolvers import RefusalCode, RefusedError
from tests.resolvers.planned import documents


def refused(act: Callable[[], object]) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        act()
    return caught.value


BY = "query ($by: VesselBy!, $since: Date) { vessel(by: $by) { portCalls(since: $since) { on } } }"


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ({"id": "v1", "registry": "R1"}, "exactly one member has to be given"),
        ({}, "exactly one member has to be given"),
        ({"id": None}, "exactly one member has to be given"),
        ({"imo": "R1"}, "has a member that the type does not have"),
        (None, "it may not be null"),
        ({"id": ["v1"]}, "$by' has invalid value at .id: it does not fit the declared type"),
    ],
)
def test_a_look_up_that_names_not_exactly_one_key_is_refused(by: object, message: str) -> None:
    """`@oneOf` in variables."""
    kept = documents()
    document = kept.document(BY)
    operation = document.operation(None)
    error = refused(lambda: kept.variables(document, operation, {"by": by}))
    assert error.code is RefusalCode.BAD_USER_INPUT
    assert message in str(error)
    assert not re.search("v1|R1", str(error)), "the value is repeated"


def test_variables_are_read_as_their_types_say() -> None:
    """A custom scalar's own reading applies, and its refusal holds no value."""
    kept = documents()
    document = kept.document(BY)
    operation = document.operation(None)
    assert kept.variables(document, operation, {"by": {"id": 7}}).coerced == {"by": {"id": "7"}}
    error = refused(lambda: kept.variables(document, operation, {"by": {"id": "v1"}, "since": "yesterday"}))
    assert "Date wants an ISO 8601 day" in str(error)
    assert "yesterday" not in str(error)


@pytest.mark.parametrize("key", [1.5, 1e20])
def test_a_key_that_is_no_longer_exact_is_refused(key: float) -> None:
    """It would be another customer's."""
    kept = documents()
    document = kept.document(BY)
    error = refused(lambda: kept.variables(document, document.operation(None), {"by": {"id": key}}))
    assert error.code is RefusalCode.BAD_USER_INPUT
    assert "Variable '$by' holds a key as a number with a fraction, or of more than 64 bits." in str(error)
    assert str(key) not in str(error)
