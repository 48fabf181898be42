"""What a document may ask for: each limit takes what it says and refuses one more, in words."""

from __future__ import annotations

import pytest
from graphql import get_introspection_query

from resolvers import RefusalCode, RefusedError
from resolvers.limits import BOUNDS, check_weight
from resolvers.measures import Count
from resolvers.refusals import Excess
from schema.views import Limits
from tests.resolvers.planned import documents, limits

V = 'vessel(by: {id: "v1"})'


def of_vessel(selections: str) -> str:
    return f"{{ {V} {{ {selections} }} }}"


AT_THE_LIMIT = [
    ("depth", 3, of_vessel("size { beam }"), of_vessel("flag { a: state { b } }")),
    ("aliases", 2, of_vessel("a: name b: name"), of_vessel("a: name b: name c: name")),
    ("fields", 4, of_vessel("name name name"), of_vessel("name name name name")),
]

OF_EVERY_VIEW = [
    (Count.NESTING, of_vessel("... { " * 98 + "name" + " }" * 98), of_vessel("... { " * 99 + "name" + " }" * 99)),
    (
        Count.DIRECTIVES,
        of_vessel("name @include(if: true) " * 200),
        of_vessel("name @include(if: true) " * 201),
    ),
    (
        Count.INPUTS,
        of_vessel(f"portCalls(of: {{leastDays: 1, x: [{'1 ' * 198}]}}) {{ on }}"),
        of_vessel(f"portCalls(of: {{leastDays: 1, x: [{'1 ' * 199}]}}) {{ on }}"),
    ),
    (
        Count.INTROSPECTION_DEPTH,
        '{ __type(name: "Vessel") { ' + "ofType { " * 18 + "name" + " }" * 18 + " } }",
        '{ __type(name: "Vessel") { ' + "ofType { " * 19 + "name" + " }" * 19 + " } }",
    ),
    (
        Count.INTROSPECTION_ALIASES,
        '{ a: __type(name: "Vessel") { b: name c: name d: name e: name } }',
        '{ a: __type(name: "Vessel") { b: name c: name d: name e: name f: name } }',
    ),
    (
        Count.INTROSPECTION_LISTS,
        '{ __type(name: "Vessel") { fields { type { name } } } }',
        '{ __type(name: "Vessel") { fields { type { interfaces { name } } } } }',
    ),
]


def refusal(text: str, **changes: int) -> RefusedError | None:
    """The refusal of a document, if it is refused for its size."""
    try:
        documents(within=limits(tokens=4_000, **changes)).document(text)
    except RefusedError as error:
        return error if error.code is RefusalCode.QUERY_BUDGET else None
    return None


@pytest.mark.parametrize(("name", "most", "within", "over"), AT_THE_LIMIT)
def test_a_limit_of_the_view_takes_what_it_says_and_no_more(name: str, most: int, within: str, over: str) -> None:
    """The refusal says which limit, how much was asked, how much is allowed, and how to stay under it."""
    assert refusal(within, **{name: most}) is None
    error = refusal(over, **{name: most})
    assert error is not None
    assert error.excess == Excess(name, most, most + 1)
    (told,) = error.formatted()
    assert f"The query has {most + 1} " in str(told["message"])
    assert f"this view allows {most}." in str(told["message"])
    assert told["extensions"] == {
        "code": "QUERY_BUDGET",
        "remedy": error.remedy,
        "limit": name,
        "asked": most + 1,
        "allowed": most,
    }
    assert error.remedy.endswith(".")


@pytest.mark.parametrize(("count", "within", "over"), OF_EVERY_VIEW)
def test_a_bound_of_every_view_takes_what_it_says_and_no_more(count: Count, within: str, over: str) -> None:
    """No view can raise these."""
    generous = {"depth": 50, "aliases": 1_000, "fields": 5_000}
    assert refusal(within, **generous) is None
    error = refusal(over, **generous)
    assert error is not None
    assert error.excess == Excess(str(count), BOUNDS[count], BOUNDS[count] + 1)
    assert f"every view allows {BOUNDS[count]}." in str(error)
    assert error.remedy.endswith(".")


def test_every_bound_is_tested_at_its_edge() -> None:
    """A bound that is added is added here."""
    assert [count for count, _, _ in OF_EVERY_VIEW] == list(BOUNDS)


def test_a_weight_is_refused_with_its_figures() -> None:
    """The limit itself is allowed."""
    check_weight(limits(weight=7), 7)
    with pytest.raises(RefusedError, match=r"can come to 8 values.*; this view allows 7\.") as caught:
        check_weight(limits(weight=7), 8)
    assert caught.value.excess == Excess("weight", 7, 8)


def test_what_is_not_counted_to_its_end_is_told_so() -> None:
    """A bomb's true number would take longer to print than to refuse."""
    parts = " ".join(f"fragment F{n} on Vessel {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    error = refusal(of_vessel("...F0") + parts + " fragment F60 on Vessel { name }")
    assert error is not None
    assert "The query has 1000000000 or more fields" in str(error)


def test_what_tools_send_stays_within_the_defaults() -> None:
    """The introspection queries of GraphiQL and of code generators, with everything that they can ask for."""
    everything = get_introspection_query(
        descriptions=True,
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    for text in (get_introspection_query(), everything):
        assert documents(within=limits(tokens=1_000, **_defaults())).document(text)


def _defaults() -> dict[str, int]:
    return {name: of.default for name, of in Limits.model_fields.items() if not of.is_required()}
