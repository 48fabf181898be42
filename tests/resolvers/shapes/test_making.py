"""What the code of a shape calls: each null gets its reason, and what nobody knows is odd."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any, cast

import pytest

from adapters.answers import Answer, Fault, Gone, Missing, Page, SourceError
from resolvers.cursors import Cursors
from resolvers.executing import Executed, Operation
from resolvers.handed_on import DoubtError, OddError
from resolvers.plan import Plan
from resolvers.policy import Transform
from resolvers.shapes import making as module
from resolvers.shapes.making import Making, Spot, is_left
from schema.masks import Mask
from schema.reasons import Reason
from schema.withheld import Withheld
from tests.resolvers.answered import answered, field, found
from tests.resolvers.harbour import known, subject
from tests.resolvers.planned import plan, vessel

PLAN = vessel("name owners { name } cargo { __typename } draught")
OPERATION = cast("Operation", None)  # it is for the executor, whom only one test asks
BAD = Fault(Reason.VALUE_INVALID)
AT = ["vessel", "name"]
MASKED = Transform(Mask.ALL)


def making(answers: dict[str, Answer] | None = None, of: Plan = PLAN) -> Making:
    return Making(OPERATION, answered(of, answers or {}), Cursors())


def spot(name: str = "name", **more: Any) -> Spot:
    return Spot(field(PLAN, name), ("vessel", name), **more)


def told(made: Making) -> dict[str, list[str]]:
    """The codes that stand in each part of the answer, which is otherwise all null."""
    answer = made.assembled({"vessel": {"name": None, "owners": None, "cargo": [None, None]}})
    entries = {name: [one["code"] for one in getattr(answer, name)] for name in ("withheld", "masked", "absent")}
    return entries | {"errors": [one["extensions"]["code"] for one in answer.errors]}


# Nulls


@pytest.mark.parametrize(
    ("reason", "part"),
    [(Reason.SOURCE_TIMEOUT, "errors"), (Reason.SOURCE_KEY_GONE, "absent"), (Reason.VALUE_NOT_IN_VIEW, "withheld")],
)
def test_a_null_is_told_where_its_reason_stands(reason: Reason, part: str) -> None:
    """In one part of the answer."""
    made = making()
    made.null(spot(), reason, [*AT])
    assert told(made) == {"errors": [], "withheld": [], "masked": [], "absent": []} | {part: [str(reason)]}


def test_a_null_among_the_entries_of_a_list_is_an_error() -> None:
    """Whatever its reason: as the executor has it."""
    made = making()
    made.null(spot("owners", is_item=True), Reason.SOURCE_KEY_GONE, ["vessel", "owners", 0])
    assert told(made)["errors"] == ["SOURCE_KEY_GONE"]


def test_of_what_is_withheld_each_path_of_coordinates_has_its_reason() -> None:
    """The first of a path that is withheld, by name."""
    made = making()
    verdict = Withheld(Reason.SUBJECT_RESTRICTED)
    made.withhold(spot(), {"Vessel.name": verdict, "Vessel.size": verdict}, [*AT])
    (entry,) = made.assembled({"vessel": {"name": None}}).withheld
    assert (entry["coordinate"], entry["code"]) == ("Vessel.name", "SUBJECT_RESTRICTED")


def test_a_mask_is_told_for_all_of_a_spot_or_for_one_path() -> None:
    """Each time as a masked value."""
    for shown in (True, False):
        made, here = making(), spot(transform=MASKED)
        if shown:
            made.shown(here)
        else:
            made.shown_at(here, MASKED, [*AT])
        (entry,) = made.assembled({"vessel": {"name": "••••"}}).masked
        assert entry["paths"] == [AT]


# Values that are not what their place is for


def test_a_fault_is_a_null_and_anything_else_is_odd() -> None:
    """Nothing of the other value is told."""
    made = making()
    made.fault(spot(), BAD, [*AT])
    assert told(made)["errors"] == ["VALUE_INVALID"]
    with pytest.raises(OddError, match=r"^$"):
        made.fault(spot(), "secret", [*AT])


def prints(value: object) -> object:
    if value == 7:
        raise ValueError
    return None if value == "nothing" else f"<{value}>"


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "shown", "errors"),
    [
        (1, "<1>", []),
        (Colour.RED, "<Colour.RED>", []),
        (7, None, ["VALUE_INVALID"]),
        (Decimal("1E+999999"), None, ["VALUE_INVALID"]),
        (Fault(Reason.SOURCE_MISMATCH), None, ["SOURCE_MISMATCH"]),
    ],
)
def test_a_leaf_of_another_class_is_printed_or_is_an_error(value: object, shown: str | None, errors: list[str]) -> None:
    """As the executor would have it."""
    made = making()
    assert made.leaf(spot(prints=prints), value, [*AT]) == shown
    assert told(made)["errors"] == errors


@pytest.mark.parametrize("value", ["nothing", object(), ["a"], b"a"])
def test_a_leaf_of_which_nobody_knows_what_it_does_is_odd(value: object) -> None:
    """So is one of which nothing is printed."""
    with pytest.raises(OddError):
        making().leaf(spot(prints=prints), value, [*AT])


def test_what_is_no_text_is_not_masked() -> None:
    """Where a leaf is masked nothing prints it: it is an error."""
    made = making()
    assert made.leaf(spot(), 1, [*AT]) is None
    assert told(made)["errors"] == ["VALUE_INVALID"]


def test_a_stranger_is_told_before_what_stands_below_the_entries_of_its_list() -> None:
    """Strangers of one list keep their order."""
    made, cargo = making(), spot("cargo")
    made.null(spot("owners"), Reason.SOURCE_KEY_GONE, ["vessel", "owners"])
    before = len(made.noted)
    made.null(spot("draught"), Reason.SOURCE_KEY_GONE, ["vessel", "cargo", 0, "draught"])
    for place in (1, 2):
        made.stranger(cargo, "Raft", ["vessel", "cargo", place], before)
    assert [note[2] for note in made.noted] == [
        ["vessel", "owners"],
        ["vessel", "cargo", 1],
        ["vessel", "cargo", 2],
        ["vessel", "cargo", 0, "draught"],
    ]


def test_a_stranger_outside_of_lists_is_told_in_its_turn() -> None:
    """One whose type could not be read is an error, one whose type is no text is odd."""
    made, cargo = making(), spot("cargo")
    made.null(spot(), Reason.SOURCE_KEY_GONE, [*AT])
    made.stranger(cargo, None, ["vessel", "cargo"], None)
    assert [note[2] for note in made.noted] == [AT, ["vessel", "cargo"]]
    made.stranger(cargo, BAD, ["vessel", "cargo"], None)
    assert [one["extensions"]["code"] for one in made.errors] == ["VALUE_INVALID"]
    with pytest.raises(OddError):
        made.stranger(cargo, 7, ["vessel", "cargo"], None)


# What the steps have


def test_why_a_step_has_nothing_for_a_key() -> None:
    """The answer says it, or that there is none; where it has something it is odd."""
    made = making({"R1": found({}), "R2": Gone()})
    assert made.lost(0, known(1), "R2", Gone()) is Reason.SOURCE_KEY_GONE
    assert made.lost(0, known(1), "R3", None) is Reason.DEADLINE_EXCEEDED
    with pytest.raises(OddError):
        made.lost(0, known(1), "R1", None)


ANNA = found({"name": "Anna"})


@pytest.mark.parametrize(
    ("answers", "record", "reason"),
    [
        ({"R9": Missing(), "R1": ANNA}, {"name": "Anna"}, Reason.SOURCE_RECORD_MISSING),
        ({"R9": Gone(), "R1": Missing()}, None, Reason.SOURCE_KEY_GONE),
        ({"R9": SourceError(Reason.SOURCE_TIMEOUT), "R1": ANNA}, None, Reason.SOURCE_TIMEOUT),
        ({"R9": found(cast("Any", Page(()))), "R1": ANNA}, None, Reason.SOURCE_ERROR),
    ],
)
def test_the_first_record_that_is_found_answers(answers: dict[str, Answer], record: object, reason: Reason) -> None:
    """A key that failed before it decides."""
    made, vessel_9 = making(answers), subject("v1", registry=["R9", "R1"])
    keys = made.own(0, vessel_9)
    assert keys == ["R9", "R1"]
    found_record, why = made.first(0, vessel_9, keys)
    assert found_record == record
    assert record is not None or why is reason


def test_a_list_is_joined_or_has_a_reason() -> None:
    """Of a customer who is not linked there is none."""
    of = vessel("sightings { on }")
    made = making({"R1": found(cast("Any", Page(({"on": None},))))}, of)
    joined, _ = made.joined(0, known(1), ["R1"])
    assert joined is not None
    assert list(joined.items) == [{"on": None}]
    assert made.joined(0, known(1), []) == (None, Reason.SOURCE_NOT_LINKED)


# Customers


def test_what_was_told_of_a_customer_is_taken_back() -> None:
    """What was told of those before it stays, masks too."""
    made, kept, lost = making(), spot(transform=MASKED), spot("owners", transform=MASKED)
    made.shown(kept)
    before = len(made.errors), len(made.noted), made.left
    made.null(spot(), Reason.SOURCE_TIMEOUT, [*AT])
    made.shown(lost)
    made.left -= 10
    made.begin_again(*before)
    assert (len(made.errors), len(made.noted), made.left) == before
    assert made.masked == {kept}


def test_more_customers_than_a_few_are_not_made_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The executor had better make the whole answer; until then each takes from what is left of the values."""
    lefts = []

    def executed(*given: Any) -> Executed:
        lefts.append(given[-1])
        return Executed({"id": "v1"}, [{"message": "one"}], given[-1] - 10)

    monkeypatch.setattr(module, "execute_one", executed)
    made = making()
    for _ in range(4):
        assert made.executed(PLAN.roots[0], known(1), 0) == {"id": "v1"}
    assert lefts == [100_000, 99_990, 99_980, 99_970]
    assert len(made.errors) == 4
    with pytest.raises(DoubtError, match=r"^$"):
        made.executed(PLAN.roots[0], known(1), 0)


def test_who_is_unknown_is_told_behind_what_was_noted() -> None:
    """In the order of the root fields."""
    made, root = making(), plan('{ vessels(by: [{id: "x"}]) { id } }').roots[0]
    made.null(spot(), Reason.VALUE_NOT_IN_VIEW, [*AT])
    made.unknown(root, [None])
    answer = made.assembled({"vessel": {"name": None}, "vessels": [None]})
    assert [one["code"] for one in answer.withheld] == ["VALUE_NOT_IN_VIEW", "SUBJECT_UNKNOWN"]


@pytest.mark.parametrize(
    ("needs", "shown"),
    [([{"A.a"}, {"A.b"}], True), ([{"A.a", "A.b"}], False), ([{"A.a"}, {"A.a", "A.b"}], False), ([], False)],
)
def test_something_is_left_where_one_path_is_free_to_its_end(needs: list[set[str]], shown: bool) -> None:
    """Of `A.a` being withheld."""
    assert is_left([frozenset(need) for need in needs], {"A.a": Withheld(Reason.SUBJECT_RESTRICTED)}) is shown
