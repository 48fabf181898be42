"""A valid document: its operations, how much each asks for, and what decides on their plans."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from graphql import OperationDefinitionNode

from resolvers import RefusalCode, RefusedError
from tests.resolvers.planned import documents


def refused(act: Callable[[], object]) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        act()
    return caught.value


TWO = 'query A { vessel(by: {id: "v1"}) { name } } query B { vessel(by: {id: "v1"}) { callSign } }'


def name_of(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name else None


def test_the_operation_is_chosen_by_its_name() -> None:
    """One operation needs no name; of several one is named."""
    document = documents().document(TWO)
    assert [name_of(document.operation(name)) for name in "AB"] == ["A", "B"]
    alone = documents().document('{ vessel(by: {id: "v1"}) { name } }')
    assert name_of(alone.operation(None)) is None
    assert name_of(documents().document(TWO[: TWO.index("query B")]).operation(None)) == "A"


@pytest.mark.parametrize(
    ("name", "got"),
    [
        (None, "does not say which operation is meant"),
        ("", "does not say which operation is meant"),
        ("C", "has no operation of this operationName"),
    ],
)
def test_an_operation_that_is_not_there_is_refused(name: str | None, got: str) -> None:
    """The caller is told which ones there are."""
    error = refused(lambda: documents().document(TWO).operation(name))
    assert error.code is RefusalCode.OPERATION_RESOLUTION_FAILURE
    assert f"The request {got}; the document has: A, B." in str(error)
    alone = documents().document('{ vessel(by: {id: "v1"}) { name } }')
    assert "has: none with a name." in str(refused(lambda: alone.operation("C")))


def test_how_much_is_asked_is_known_of_each_operation() -> None:
    """For the variables as they came; a document that is kept is not read again for it."""
    kept = documents()
    text = "query A($by: [VesselBy!]!) { vessels(by: $by) { name size { beam } } } query B { __schema { __typename } }"
    document = kept.document(text)
    one, two = (document.operation(name) for name in "AB")
    assert [document.weight(one, {"by": [{}] * many}) for many in (0, 1, 7)] == [1, 4, 22]
    assert document.weight(two, {}) == 1
    assert [document.measure(each).introspects for each in (one, two)] == [False, True]
    assert kept.document(text) is document


def test_each_operation_has_the_booleans_of_its_own_that_decide() -> None:
    """Those in @skip and @include, also of fragments; other variables of it do not decide, nor do those of others."""
    text = """
        query A($by: VesselBy!, $y: Boolean!, $x: Boolean!, $since: Date) {
            vessel(by: $by) { name @skip(if: $y) portCalls(since: $since) { on } ...F }
        }
        query B($by: VesselBy!, $x: Boolean = true) { vessel(by: $by) { ...F callSign @include(if: true) } }
        query C($by: VesselBy!) { vessel(by: $by) { name } }
        fragment F on Vessel { draught @include(if: $x) }
    """
    assert documents().document(text).deciding == {"A": ("x", "y"), "B": ("x",), "C": ()}


def test_a_document_counts_for_its_text_its_tokens_and_its_sums() -> None:
    """White space, fields, and lists that variables size each take memory."""

    def size(fields: str, space: int = 0, declared: str = "") -> int:
        text = f"query ($by: VesselBy! {declared}) {{ vessel(by: $by) {{ {fields} }} }}{' ' * space}"
        return documents().document(text).size

    plain = size("name callSign")
    assert size("name callSign", space=1_000) == plain + 4_000
    assert size("name callSign kind") > plain + 4 * len(" kind")
    sized = "voyages(first: $n) { nodes { number } }"
    more_text, more_tokens = 4 * len("$n: Int "), 500 * 5
    assert size(sized, declared="$n: Int") > size(sized.replace("$n", "9")) + more_text + more_tokens
