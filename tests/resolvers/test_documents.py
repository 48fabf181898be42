"""Documents are parsed and validated once for a view, and planned once for what decides the plan."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from resolvers import RefusalCode, RefusedError
from resolvers.documents import Documents
from resolvers.kept import Kept
from resolvers.refusals import Excess
from tests.resolvers.planned import documents, limits, told


def refused(act: Callable[[], object]) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        act()
    return caught.value


KEPT = "query ($by: VesselBy!) { vessel(by: $by) { name } }"


def test_a_document_is_kept() -> None:
    """The same text is parsed and validated once."""
    kept = documents()
    assert kept.document(KEPT) is kept.document(KEPT)


def test_a_document_with_texts_in_it_is_not_kept() -> None:
    """A text may be a customer's key; keys belong in variables."""
    kept = documents()
    text = '{ vessel(by: {id: "v1"}) { name } }'
    assert kept.document(text) is not kept.document(text)
    assert kept.document(text).has_keys


@pytest.mark.parametrize(
    "text",
    [
        "query ($id: ID! = 4711) { vessel(by: {id: $id}) { name } }",
        "query ($by: [VesselBy!]! = [{id: 7}]) { vessels(by: $by) { name } }",
        f"# of customer 4711\n{KEPT}",
    ],
)
def test_a_document_with_a_key_in_a_default_or_a_comment_is_not_kept(text: str) -> None:
    """A key may be written as a number, and a comment may hold anything."""
    kept = documents()
    assert kept.document(text) is not kept.document(text)


def test_a_number_that_is_no_key_does_not_keep_a_document_from_being_kept() -> None:
    """The size of a page, for one."""
    kept = documents()
    text = "query ($by: VesselBy!, $m: Int = 5) { vessel(by: $by) { voyages(first: $m) { nodes { number } } } }"
    assert kept.document(text) is kept.document(text)


def test_a_document_that_is_too_large_to_keep_is_answered() -> None:
    """White space is no token: a short document can be long."""
    kept = documents(kept=Kept(most_bytes=50_000))
    text = KEPT + " " * 20_000
    assert kept.document(text) is not kept.document(text)


def test_a_document_that_does_not_parse_is_refused() -> None:
    """The parser's words go to the caller with the place: they name only what the caller sent."""
    error = refused(lambda: documents().document("{ vessel("))
    assert error.code is RefusalCode.GRAPHQL_PARSE_FAILED
    (told,) = error.formatted()
    assert told["message"] == "Syntax Error: Expected Name, found <EOF>."
    assert told["locations"] == [{"line": 1, "column": 10}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{ vessel("canary@example.org") }', "Expected Name, found String."),
        ('{ "canary@example.org" }', "Expected Name, found String."),
        ('{ vessel("""\ncanary\n@example.org""") }', "Expected Name, found BlockString."),
        ("{ vessel(491712345678: 1) }", "Expected Name, found Int."),
        ("{ vessel(4917.12345678: 1) }", "Expected Name, found Float."),
    ],
)
def test_a_value_at_which_a_document_does_not_parse_is_not_told(text: str, said: str) -> None:
    """It may be a person's; where it stands is told."""
    error = refused(lambda: documents().document(text))
    (told,) = error.formatted()
    assert error.code is RefusalCode.GRAPHQL_PARSE_FAILED
    assert told["message"] == f"Syntax Error: {said}"
    assert told["locations"]


def test_too_many_tokens_are_refused_before_anything_else() -> None:
    """The limit is the view's; the document is not parsed to its end."""
    text = "{ vessel { name } }"
    error = refused(lambda: documents(tokens=4).document(text))
    assert error.formatted() == [
        {
            "message": "The document has more than 4 tokens, the most that this view allows.",
            "extensions": {
                "code": "QUERY_BUDGET",
                "remedy": "Ask for less in one document.",
                "limit": "tokens",
                "allowed": 4,
            },
        }
    ]
    assert refused(lambda: documents(tokens=7).document(text)).code is RefusalCode.GRAPHQL_VALIDATION_FAILED


def test_a_document_of_endless_depth_is_refused() -> None:
    """Neither the parser nor validation runs out of stack."""
    deep = "{" * 5_000
    assert refused(lambda: documents(tokens=20_000).document(deep)).code is RefusalCode.GRAPHQL_PARSE_FAILED
    chain = " ".join(f"fragment F{n} on Vessel {{ ...F{n + 1} }}" for n in range(2_000))
    text = f'{{ vessel(by: {{id: "v1"}}) {{ ...F0 }} }} {chain} fragment F2000 on Vessel {{ name }}'
    assert refused(lambda: documents(tokens=20_000).document(text)).code is RefusalCode.QUERY_BUDGET


def test_what_does_not_fit_the_view_is_refused() -> None:
    """Every error is told, twenty at most."""
    error = refused(lambda: documents().document('{ vessel(by: {id: "v1"}) { nam tonnage } }'))
    assert error.code is RefusalCode.GRAPHQL_VALIDATION_FAILED
    assert [one["message"] for one in error.formatted()] == [
        "Cannot query field 'nam' on type 'Vessel'. Did you mean 'name'?",
        "Cannot query field 'tonnage' on type 'Vessel'.",
    ]
    many = " ".join(f"x{n}" for n in range(100))
    error = refused(lambda: documents().document(f'{{ vessel(by: {{id: "v1"}}) {{ {many} }} }}'))
    assert len(error.formatted()) == 21, "twenty, and one that says that there are more"


def test_limits_come_before_validation() -> None:
    """What is refused for its size is not looked at further: the field does not exist."""
    error = refused(
        lambda: documents(within=limits(depth=2)).document('{ vessel(by: {id: "v1"}) { hull { colour } } }')
    )
    assert error.excess == Excess("depth", 2, 3)
    assert (
        refused(
            lambda: documents(within=limits(depth=3)).document('{ vessel(by: {id: "v1"}) { hull { colour } } }')
        ).excess
        is None
    )


def test_what_is_perhaps_meant_is_not_told_to_those_who_may_not_see_the_schema() -> None:
    """A suggestion names a field of the view."""
    text = '{ vessel(by: {id: "v1"}) { nam } }'
    error = refused(lambda: documents().document(text, suggests=False))
    assert str(error) == "GRAPHQL_VALIDATION_FAILED: Cannot query field 'nam' on type 'Vessel'."


@pytest.mark.parametrize("text", ["mutation { x }", "subscription { x }", "type Vessel { name: String }"])
def test_only_queries_are_taken(text: str) -> None:
    """A view is read from, and nothing else."""
    assert refused(lambda: documents().document(text)).code is RefusalCode.GRAPHQL_VALIDATION_FAILED


@pytest.mark.parametrize("by", ['{id: "v1", registry: "R1"}', "{}", "{id: null}", '{imo: "R1"}', "null", '"v1"'])
def test_a_look_up_written_wrongly_is_refused(by: str) -> None:
    """`@oneOf` in the document itself."""
    error = refused(lambda: documents().document(f"{{ vessel(by: {by}) {{ name }} }}"))
    assert error.code is RefusalCode.GRAPHQL_VALIDATION_FAILED


V1 = {"id": "v1"}
SWITCHED = (
    "query ($a: Boolean!, $since: Date, $by: VesselBy!) {"
    " vessel(by: $by) { name @include(if: $a) portCalls(since: $since) @skip(if: $a) { on } } }"
)


def planned(kept: Documents, text: str, **variables: object) -> list[str]:
    document = kept.document(text)
    operation = document.operation(None)
    plan = kept.plan(document, operation, kept.variables(document, operation, variables)).plan
    return [told(step) for step in plan.steps]


def test_a_plan_is_made_for_what_decides_the_selection() -> None:
    """The booleans of @skip and @include decide; other variables do not."""
    memory = Kept()
    kept = documents(kept=memory)
    document = kept.document(SWITCHED)
    assert document.deciding == {"": ("a",)}
    assert planned(kept, SWITCHED, a=True, by=V1) == ["registry.vessels@1 name <- registry"]
    assert planned(kept, SWITCHED, a=False, by=V1, since="2026-01-01") == ["registry.calls@1 on <- registry"]
    assert planned(kept, SWITCHED, a=False, by=V1, since="2026-02-01") == ["registry.calls@1 on <- registry"]
    assert len(memory.plans) == 2


def test_no_plan_of_a_document_with_keys_is_kept() -> None:
    """Nor is a plan that is larger than the memory for all of them."""
    memory = Kept()
    text = '{ vessel(by: {id: "v1"}) { name } }'
    assert planned(documents(kept=memory), text) == ["registry.vessels@1 name <- registry"]
    small = Kept(most_bytes=100)
    assert planned(documents(kept=small), "query ($by: VesselBy!) { vessel(by: $by) { name } }", by=V1)
    assert [len(one) for one in (memory.documents, memory.plans, small.documents, small.plans)] == [0, 0, 0, 0]


def test_plans_of_many_booleans_are_made_anew() -> None:
    """More than six would make too many plans to keep; the answer is the same."""
    text = (
        "query ($by: VesselBy! " + " ".join(f"$b{n}: Boolean!" for n in range(7)) + ") {"
        " vessel(by: $by) { " + " ".join(f"n{n}: name @include(if: $b{n})" for n in range(7)) + " } }"
    )
    memory = Kept()
    kept = documents(kept=memory)
    assert planned(kept, text, by=V1, **{f"b{n}": n == 3 for n in range(7)}) == ["registry.vessels@1 name <- registry"]
    assert len(memory.plans) == 0


def test_a_null_that_decides_is_refused() -> None:
    """A boolean with a default can be given null; nothing is guessed."""
    text = 'query ($a: Boolean = true) { vessel(by: {id: "v1"}) { name @include(if: $a) } }'
    kept = documents()
    assert planned(kept, text) == ["registry.vessels@1 name <- registry"]
    error = refused(lambda: planned(kept, text, a=None))
    assert error.code is RefusalCode.BAD_USER_INPUT
    assert "'if'" in str(error)
