"""The compiled shape answers what is ordinary, hands on what it doubts, and is equal to the executor."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from adapters.answers import Answer, Denied, Fault, Found, Gone, Key, Missing, Page, SourceError
from resolvers.handed_on import DoubtError
from resolvers.shapes import Shape
from schema.reasons import Reason
from tests.resolvers.harbour import FETCHED_AT, Harbour, harbour, known, subject
from tests.resolvers.planned import plan
from tests.resolvers.shapes.ways import Ways
from tests.resolvers.test_masks import masking

ONE = '{ vessel(by: {id: "v1"}) { %s } }'
ALL = '{ vessels(by: [{id: "v1"}, {id: "x"}, {id: "v3"}, {id: "v4"}]) { %s } }'
EVERYTHING = """
__typename id name callSign kind size { length beam } flag { code state __typename }
owners { name share home { state } }
portCalls { on port { name flag { state } } } draught heardUnder { code } log { line }
cargo { __typename ... on Container { label home { code } } ... on Tank { litres } } track
sightings { on ... on RadarSighting { range } ... on PhotoSighting { seenUnder { state } } }
voyages(first: 2) { nodes { number isRough notes(first: 1) { edges { cursor node { text } } pageInfo { endCursor } } }
edges { node { number } } pageInfo { hasNextPage endCursor } }
"""


async def ask(h: Harbour, query: str, fields: str, **more: Any) -> dict[str, Any]:
    return await h.ask(query.replace("%s", fields), **more)


# What is ordinary


@pytest.mark.parametrize("query", [ONE, ALL])
async def test_ordinary_answers_are_made_by_code_alone(ways: Ways, query: str) -> None:
    """Objects, lists in lists, interfaces, unions, references, pages and cursors; who is not found is null."""
    answer = await ask(harbour(), query, EVERYTHING)
    assert "errors" not in answer
    assert (ways.made, *ways.told) == (1, 0, 0, 0)


async def test_masks_are_of_the_ordinary(ways: Ways) -> None:
    """In objects, lists and behind keys; a null among them has none."""
    h = harbour()
    h.registry.records["vessels"]["R3"][0]["call_sign"] = None
    masks = {"Vessel.callSign": "last4", "Owner.name": "initials", "Port.name": "all", "LogEntry.line": "email"}
    fields = "callSign owners { name } portCalls { port { name } } log { line } again: callSign"
    answer = await ask(h, ALL, fields, through=masking(masks))
    assert [one["coordinate"] for one in answer["extensions"]["masked"]] == list(masks)
    assert ways.told == (0, 0, 0)


@pytest.mark.parametrize("given", [SourceError(Reason.SOURCE_TIMEOUT), Missing(), Gone(), Denied(), None])
@pytest.mark.parametrize("keys", [["R1", "R3", "R4"], ["NL"], ["NLRTM"], ["S1", "S3"], ["L1"]])
async def test_a_source_that_fails_is_no_doubt(ways: Ways, given: Answer | None, keys: list[Key]) -> None:
    """Each of its nulls has its reason, in the same order; no customer is shaped twice for it."""
    h = harbour()
    for source in h.sources:
        source.answers = dict.fromkeys(keys, given) if given is not None else {}
        source.leaves_out = set() if given is not None else set(keys)
    fields = (
        "name flag { state } owners { home { code } } portCalls { on port { name flag { code } } } draught log { line }"
    )
    await ask(h, ALL, fields)
    await ask(h, ALL, "voyages(first: 2) { nodes { number } }")
    assert ways.told == (0, 0, 0)


async def test_who_is_not_linked_is_no_doubt(ways: Ways) -> None:
    """Nor is one of whom no source knows anything."""
    h = harbour([subject("v1", sonar="S1"), subject("v3"), subject("v4", registry=[])])
    answer = await ask(h, ALL, "name draught portCalls { on } flag { code } voyages { nodes { number } }")
    assert {one["code"] for one in answer["extensions"]["absent"]} == {"SOURCE_NOT_LINKED"}
    assert ways.told == (0, 0, 0)


async def test_what_has_not_answered_in_time_is_no_doubt(ways: Ways) -> None:
    """The deadline is over before anything is asked."""
    answer = await ask(harbour(), ALL, "name draught", seconds=0)
    assert {one["extensions"]["code"] for one in answer["errors"]} == {"DEADLINE_EXCEEDED"}
    assert ways.told == (0, 0, 0)


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("{ __typename }", {"__typename": "Query"}),
        ("{ a: __typename " + ONE[1:].replace("%s", "id") + "", {"a": "Query", "vessel": {"id": "v1"}}),
        (ONE.replace("%s", "name @skip(if: true)"), {"vessel": {}}),
    ],
)
async def test_graphqls_own_field_is_covered(ways: Ways, query: str, data: Any) -> None:
    """Beside other root fields, or alone."""
    assert (await harbour().ask(query))["data"] == data
    assert ways.told == (0, 0, 0)


async def test_introspection_has_no_shape(ways: Ways) -> None:
    """The executor answers it, with whatever else stands in the document."""
    await harbour().ask("{ __schema { queryType { name } } " + ONE.replace("%s", "name")[1:])
    assert ways.told == (1, 0, 0)


# What the second function shapes


@pytest.mark.parametrize(
    "fields",
    [
        "n: name size { length }",
        "flag { state } draught",
        "portCalls { port { name } }",
        "voyages { nodes { number } }",
    ],
)
async def test_a_withheld_field_is_the_second_functions(ways: Ways, fields: str) -> None:
    """For its customer alone; the executor has nothing to do with it."""
    restricted = known(1, "Vessel.name", "Size.length", "Flag.state", "Port.name", "Vessel.voyages", "PortCall.port")
    await ask(harbour([restricted, known(3), known(4)]), ALL, fields)
    assert (*ways.told, ways.alone) == (0, 0, 1, 0)


def bad(**changes: Any) -> Harbour:
    h = harbour()
    h.registry.records["vessels"]["R1"][0].update(changes)
    return h


@pytest.mark.parametrize(
    ("changes", "alone"),
    [
        ({"call_sign": 7}, 0),
        ({"owners": ["x", None, {"name": 7, "share": "1", "home": 7}]}, 0),
        ({"owners": {}}, 0),
        ({"cargo": [{"is": "raft"}, {"is": "box", "label": "Tea", "home": "NL"}]}, 0),
        ({"loa": "x"}, 0),
        ({"track": [[1, "x"]]}, 0),
        ({"flag_code": 5}, 0),
    ],
)
async def test_a_bad_value_costs_its_customer_alone(ways: Ways, changes: Mapping[str, Any], alone: int) -> None:
    """Where null is allowed its error is no doubt."""
    await ask(bad(**changes), ALL, EVERYTHING)
    assert (*ways.told, ways.alone) == (0, 0, alone, alone)


async def test_several_keys_and_cursors_are_no_doubt(ways: Ways) -> None:
    """The first that is found answers, lists are joined, and a page goes on where the last one ended."""
    h = harbour([subject("v1", registry=["R9", "R2", "R1"], sonar="S1")])
    fields = "name portCalls { on } voyages(first: 3) { nodes { number } pageInfo { endCursor } }"
    answer = await ask(h, ONE, fields)
    after = answer["data"]["vessel"]["voyages"]["pageInfo"]["endCursor"]
    await ask(h, ONE, f'name voyages(first: 3, after: "{after}") {{ nodes {{ number }} }}')
    assert ways.told == (0, 0, 0)


async def test_an_answer_that_is_none_of_its_offer_is_an_error(ways: Ways) -> None:
    """A page in place of facts, facts in place of a page."""
    for given in (Found(Page(()), FETCHED_AT), Found({"on": None}, FETCHED_AT)):
        h = harbour()
        h.registry.answers["R1"] = given
        await ask(h, ONE, "name" if isinstance(given.record, Page) else "portCalls { on } voyages { nodes { number } }")
    assert (*ways.told, ways.alone) == (0, 0, 2, 0)


async def test_lists_without_end_cost_themselves(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of them is one too many is decided by the executor."""
    for most in range(1, 120, 7):
        monkeypatch.setattr("resolvers.values.MOST_VALUES", most)
        monkeypatch.setattr("resolvers.shapes.making.MOST_VALUES", most)
        await ask(harbour(), ALL, "owners { name } portCalls { on port { name } } voyages { nodes { number } }")
    assert 0 < ways.doubted < ways.made


# What is doubted


class FoundAgain(Found, frozen=True):
    """What an adapter of others may make of an answer."""


async def test_an_answer_of_a_class_of_its_own_is_taken(ways: Ways) -> None:
    """It is what it derives from."""
    h = harbour()
    h.registry.answers["R1"] = FoundAgain({"name": "Else"}, FETCHED_AT)
    assert (await ask(h, ONE, "name"))["data"] == {"vessel": {"name": "Else"}}
    assert (*ways.told, ways.alone) == (0, 0, 1, 0)


class Text2(str):
    __slots__ = ()


class Other(Enum):
    TANKER = "tanker"


class Hostile(dict[str, Any]):
    def get(self, name: str, default: Any = None) -> Any:
        raise RuntimeError("secret")


DOUBTED: list[Any] = [
    {"name": 7},
    {"name": True},
    {"name": b"Anna"},
    {"name": Text2("Anna")},
    {"name": object()},
    {"name": {"a": "secret"}},
    {"name": ["secret"]},
    {"name": ValueError("secret")},
    {"kind": "secret"},
    {"kind": Other.TANKER},
    {"kind": []},
    {"size": "secret"},
    {"size": {"length": 2**31, "beam": 1}},
    {"size": {"length": 1.5, "beam": 1}},
    {"size": {"length": 1, "beam": None}},
    {"size": {"length": 1}},
    {"size": {"length": 1, "beam": Fault(Reason.VALUE_INVALID)}},
    {"owners": [{"name": "Smit", "share": Decimal("NaN")}]},
    {"owners": [{"name": "Smit", "share": 0.5}]},
    {"owners": ({"name": "Smit", "share": Decimal(1)},)},
    {"owners": {"name": "Smit"}},
    {"owners": [[{"name": "Smit"}]]},
    {"track": [1]},
    {"track": [[1, None]]},
    {"track": [None]},
    {"track": [[1, 2**31]]},
    Hostile(),
]


@pytest.mark.parametrize("facts", DOUBTED)
async def test_whatever_is_wrong_is_decided_by_the_executor(ways: Ways, facts: Any) -> None:
    """A value of another exact type, and a null where the schema allows none; nothing of it is told."""
    h = harbour()
    h.registry.answers["R1"] = Found(facts, FETCHED_AT)
    answer = await ask(h, ALL, "name kind size { length beam } owners { name share } track")
    assert (ways.made, ways.doubted) == (1, 0)
    assert ways.alone <= ways.again <= 1
    assert "secret" not in str(answer)


@pytest.mark.parametrize(("count", "alone", "doubted"), [(4, 4, 0), (5, 5, 1)])
async def test_the_executor_makes_a_few_customers_alone(ways: Ways, count: int, alone: int, doubted: int) -> None:
    """More of them it makes together with all others, in less time."""
    h = harbour()
    h.registry.answers["R1"] = Found({"size": {"length": 1, "beam": None}}, FETCHED_AT)
    by = ", ".join(['{id: "v3"}', *['{id: "v1"}'] * count])
    answer = await ask(h, "{ vessels(by: [" + by + "]) { %s } }", "size { beam }")
    assert [one["path"] for one in answer["errors"]] == [["vessels", 1 + n, "size", "beam"] for n in range(count)]
    assert (ways.alone, ways.doubted) == (alone, doubted)


async def test_what_the_executor_makes_alone_takes_back_what_was_told(ways: Ways) -> None:
    """Masks and nulls of a customer that the code did not finish; those of the others stay."""
    h = harbour([known(1, "Vessel.kind"), known(3), known(4)])
    h.registry.answers["R1"] = Found({"name": "Anna", "size": {"length": 1, "beam": None}}, FETCHED_AT)
    await ask(h, ALL, "name kind draught size { beam }", through=masking({"Vessel.name": "all"}))
    assert (*ways.told, ways.alone) == (0, 0, 1, 1)


async def test_an_engine_leaves_to_the_executor_what_its_shape_doubts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is the same as that of a first ask, for which there is no shape."""
    h, doubts, call = harbour(), [], Shape.__call__

    def counted(self: Shape, *given: Any) -> Any:
        try:
            return call(self, *given)
        except DoubtError as doubt:
            doubts.append(doubt)
            raise

    monkeypatch.setattr(Shape, "__call__", counted)
    h.registry.answers["R1"] = Found({"size": {"length": 1, "beam": None}}, FETCHED_AT)
    query, by = "query ($by: [VesselBy!]!) { vessels(by: $by) { size { beam } } }", [{"id": "v1"}] * 5
    answers = [await h.ask(query, {"by": by}) for _ in range(3)]
    assert len(doubts) == 2
    assert answers[0]["data"] == answers[2]["data"] == {"vessels": [{"size": None}] * 5}
    assert answers[0]["errors"] == answers[2]["errors"]


async def test_a_failure_beside_the_customers_is_doubted(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """The executor decides then, too."""

    def broken(*_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr("resolvers.shapes.making.Making.assembled", broken)
    await ask(harbour(), ONE, "name")
    assert ways.told == (0, 1, 0)


# The code


@pytest.mark.parametrize("alias", ["making", "left", "None_", "__class__", "raise", "x_1", "Exception", "null", "_"])
async def test_an_alias_is_text_and_nothing_else(ways: Ways, alias: str) -> None:
    """Whatever it is called, it stands in the code as a literal."""
    fields = f"{alias}: name l: size {{ {alias}: beam }} o: owners {{ {alias}: name }}"
    answer = await harbour().ask("{ " + alias + ": " + ONE.replace("%s", fields)[2:])
    assert answer["data"][alias][alias] == "Anna"
    assert ways.told == (0, 0, 0)


async def test_what_nests_too_deep_is_for_the_executor(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """No code is written for it; nor for a plan of very many selections."""
    for name, most in (("emitting._DEEPEST", 5), ("emitting._MOST_LOOPS", 1), ("shaping._MOST_WORK", 5)):
        with monkeypatch.context() as patched:
            patched.setattr(f"resolvers.shapes.{name}", most)
            await ask(harbour(), ALL, EVERYTHING)
    assert ways.told == (3, 0, 0)


async def test_a_second_function_that_nests_too_deep_is_the_executors(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the deeper one; the first one may still be written."""
    for most in range(2, 12):
        monkeypatch.setattr("resolvers.shapes.emitting._DEEPEST", most)
        await ask(harbour([known(1, "Size.length"), known(3), known(4)]), ALL, "name size { length beam }")
    assert 0 < ways.alone < ways.again
    assert ways.shapeless > 0


def test_a_plan_keeps_the_order_of_its_root_fields() -> None:
    """With those of GraphQL itself."""
    made = plan('{ a: __typename b: vessel(by: {id: "v1"}) { id } __typename }')
    assert [one.response_name for one in made.shown] == ["a", "b", "__typename"]
    assert [root.response_name for root in made.roots] == ["b"]
