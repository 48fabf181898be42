"""A rule stands where it can hold, and no argument tells of what is withheld."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import pytest
import strawberry

from schema.directives import Subject
from schema.model import Model
from schema.relay import Forward, On, listing
from schema.rule_check import verify_rules
from schema.view_files import load_views
from tests.schema.declared import SUPPORT_CALL, sentence, write_view

PARTS = """\
verification: {methods: [otp, app], max_age: 600}
situation: {channels: [voice, chat], interaction: required}
break_glass: {roles: [lead], reasons: [vital-interest], minutes: 30}
"""


@strawberry.enum
class Sort(Enum):
    """The order of books."""

    SHORTEST_FIRST = "SHORTEST_FIRST"
    """The fewest pages first."""


class InOrder(Forward):
    """In which order to give books."""

    sort: Annotated[Sort, On("pages")] = Sort.SHORTEST_FIRST
    """The order in which to give them."""


class By(Forward):
    """Which books."""

    title: Annotated[str | None, On("title")] = None
    """Only books of this title."""
    maker: Annotated[str | None, On("maker")] = None
    """Only books of this maker."""


@strawberry.interface
class Made:
    """What somebody made."""

    maker: str | None
    """Who made it."""


@strawberry.type
class Book(Made):
    """What is read."""

    title: str | None
    """The title."""
    pages: int | None
    """How long it is."""
    code: str
    """The number of the shelf."""


@strawberry.type
class Shelf:
    """Where books stand."""

    wood: str | None
    """What it is made of."""


@strawberry.type
class Room:
    """Where to read."""

    number: str | None
    """Its number."""
    shelf: Shelf | None
    """Its shelf."""


@strawberry.type(directives=[Subject(plural="readers")])
class Reader:
    """Who reads."""

    id: strawberry.ID
    """The canonical id."""
    name: str | None
    """The name."""
    card: strawberry.ID
    """The number of the card."""
    kept: list[Book] | None = listing(By)
    """Books kept."""
    read: list[Book] | None = listing(InOrder)
    """Books read, in order."""
    found: list[Made] | None = listing()
    """Things found."""
    room: Room
    """The room that is read in."""


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(Reader)


def found(folder: Path, model: Model, rules: dict[str, str], parts: str = PARTS) -> list[str]:
    """Return the findings in a view with these rules, as they stand in its file, and these parts."""
    listed = "".join(f"  {name}: {{{rule}}}\n" for name, rule in rules.items())
    text = SUPPORT_CALL.replace("  Customer.name:\n  Customer.segment: {}\n", listed)
    write_view(folder, text.replace("owner: ", f"{parts}owner: "))
    return [sentence(problem) for problem in verify_rules(load_views(folder).views[0], model)]


def test_rules_that_can_hold_are_no_problem(tmp_path: Path, model: Model) -> None:
    """Every key, and a list that is filtered by what is shown to all who see it."""
    rules = {
        "Reader.id": "",
        "Reader.name": "min: V2, below: initials, max_age: 600",
        "Reader.kept": "min: V2, when: {channels: [voice]}, break_glass: true",
        "Reader.kept(title:)": "",
        "Book.title": "min: V1, when: {channels: [voice, chat]}",
        "Book.code": "",
        "Reader.room": "",
        "Room.number": "min: V2, below: initials",
    }
    assert found(tmp_path, model, rules) == []


@pytest.mark.parametrize(
    ("rules", "parts", "problem"),
    [
        (
            {"Reader.id": "min: V2"},
            PARTS,
            "got a rule on the id Reader.id; wanted ids as they are: whoever may not see a customer's id is not shown "
            "the customer; to mend: remove the rule",
        ),
        (
            {"Reader.name": "min: V2"},
            "",
            "got Reader.name, shown from V2 on, and no verification; wanted a part verification, with the methods by "
            "which customers are verified; to mend: add `verification:`, or remove the level",
        ),
        (
            {"Reader.name": "min: V3"},
            "verification: {methods: [otp, app]}\n",
            "got Reader.name, shown from V3 on, and methods that are all of one kind (otp, app); wanted methods of two "
            "kinds, such as [otp, kba]: with one, nobody gets beyond V2; to mend: add a method of another kind to "
            "`verification:`, or lower the level",
        ),
        (
            {"Reader.name": "below: initials"},
            PARTS,
            "got Reader.name with below and without min; wanted the level from which it is shown: V1, V2 or V3; "
            "to mend: add `min:`, or remove below",
        ),
        (
            {"Reader.name": "max_age: 60"},
            PARTS,
            "got Reader.name with max_age and without min; wanted the level from which it is shown: V1, V2 or V3; "
            "to mend: add `min:`, or remove max_age",
        ),
        (
            {"Reader.name": "min: V1, max_age: 601"},
            PARTS,
            "got Reader.name with max_age 601; wanted at most the 600 seconds of the whole view; to mend: lower it, or "
            "raise the max_age of `verification:`",
        ),
        (
            {"Reader.name": "when: {}"},
            PARTS,
            "got Reader.name with an empty when; wanted a situation in which it is shown; to mend: remove when",
        ),
        (
            {"Reader.name": "when: {channels: [voice, fax]}"},
            PARTS,
            "got Reader.name, shown for fax, not among the view's channels; wanted one of: voice, chat; to mend: add "
            "to the channels of `situation:`, or correct it",
        ),
        (
            {"Reader.name": "when: {journeys: [service]}"},
            PARTS,
            "got Reader.name, shown for service, not among the view's journeys; wanted journeys of the view's "
            "situation; to mend: add to the journeys of `situation:`, or correct it",
        ),
        (
            {"Reader.name": "break_glass: true"},
            "",
            "got Reader.name, shown only when the glass was broken, and no break_glass; wanted a part break_glass, "
            "with who may break it and why; to mend: add `break_glass:`",
        ),
        (
            {"Reader.card": "min: V1"},
            PARTS,
            "got Reader.card: ID!, which can be withheld; wanted fields that may be null, where they can be withheld; "
            "to mend: remove the rule or the field, or have the model say that it may be null",
        ),
        (
            {"Reader.card": ""},
            "consent: {purpose: DirectMarketing}\n",
            "got Reader.card: ID!, which can be withheld; wanted fields that may be null, where they can be withheld; "
            "to mend: remove the rule or the field, or have the model say that it may be null",
        ),
        (
            {"Reader.room": "", "Room.number": "min: V2, below: initials", "Room.shelf": "", "Shelf.wood": "min: V2"},
            PARTS,
            "got Reader.room: Room!, above Shelf.wood, which can be withheld; wanted objects that may be null, where "
            "all that is asked of them can be withheld; to mend: remove the rule of Shelf.wood, or have the model say "
            "that it may be null",
        ),
        (
            {"Reader.kept": "", "Reader.kept(title:)": "min: V2", "Book.title": ""},
            PARTS,
            "got a rule on the argument Reader.kept(title:); wanted rules on fields; to mend: remove the rule",
        ),
        (
            {"Reader.found": "", "Made.maker": "mask: initials", "Book.maker": ""},
            PARTS,
            "got Book.maker ({}) and Made.maker ({mask: initials}); wanted an interface's field and those of its types "
            "under the same rule; to mend: make them alike",
        ),
    ],
)
def test_a_rule_that_cannot_hold_is_named(
    tmp_path: Path, model: Model, rules: dict[str, str], parts: str, problem: str
) -> None:
    """What is demanded that nobody could meet, what nothing says, and nulls where none may be."""
    assert found(tmp_path, model, rules, parts) == [problem]


def test_a_gated_view_withholds_no_more_below_than_at_the_subject(tmp_path: Path, model: Model) -> None:
    """What is not asked for is nowhere, so a field that may not be null below it is fine."""
    rules = {"Reader.kept": "", "Book.code": ""}
    assert found(tmp_path, model, rules, "consent: {purpose: DirectMarketing}\n") == []


STRICTER = [
    "min: V2",
    "mask: initials",
    "mask: all",
    "min: V1, below: all",
    "consent: {purpose: DirectMarketing}",
    "objection: {purpose: DirectMarketing}",
    "relationship: open-case",
    "when: {channels: [voice]}",
    "break_glass: true",
]


@pytest.mark.parametrize("rule", STRICTER)
def test_no_list_is_filtered_by_what_is_withheld_from_who_sees_it(tmp_path: Path, model: Model, rule: str) -> None:
    """By its gaps it would tell of the values; a list under the same rule may be, unless that is a mask."""
    rules = {"Reader.kept": "", "Reader.kept(title:)": "", "Book.title": rule}
    assert found(tmp_path, model, rules) == [
        f"got Reader.kept(title:), which filters or orders by Book.title ({{{rule}}}), while Reader.kept is shown more "
        "freely ({}); wanted lists filtered and ordered by what all who see them are shown, for that tells of the "
        "values; to mend: leave Reader.kept(title:) out, or make the rule of Book.title no stricter than that of "
        "Reader.kept"
    ]
    if "mask" not in rule and "below" not in rule:
        assert found(tmp_path, model, rules | {"Reader.kept": rule}) == []
    assert found(tmp_path, model, {"Reader.kept": "", "Book.title": rule}) == []


def test_no_list_comes_in_the_order_of_what_is_withheld_from_who_sees_it(tmp_path: Path, model: Model) -> None:
    """Whether the order can be chosen or not: by it one entry is known to come before another."""
    rules = {"Reader.read": "min: V1", "Book.pages": "min: V2"}
    assert found(tmp_path, model, rules) == [
        "got Reader.read, which comes in the order of Book.pages ({min: V2}), while Reader.read is shown more freely "
        "({min: V1}); wanted lists filtered and ordered by what all who see them are shown, for that tells of the "
        "values; to mend: leave Reader.read out, or make the rule of Book.pages no stricter than that of Reader.read"
    ]
    (problem,) = found(tmp_path, model, rules | {"Reader.read(sort:)": ""})
    assert problem.startswith("got Reader.read(sort:), which filters or orders by Book.pages")
    assert found(tmp_path, model, {"Reader.read": "min: V2", "Book.pages": "min: V1"}) == []


def test_no_list_comes_in_the_order_of_what_the_view_does_not_show(tmp_path: Path, model: Model) -> None:
    """Nobody may see it, and the order tells of it; where the order can be chosen, that is refused by itself."""
    assert found(tmp_path, model, {"Reader.read": ""}) == [
        "got Reader.read, which comes in the order of Book.pages, which is not in the view (FIELD_NOT_IN_VIEW); wanted "
        "lists ordered by what the view shows, for the order tells of the values; to mend: list Book.pages, or leave "
        "Reader.read out"
    ]


def test_a_list_under_another_rule_is_not_filtered_either(tmp_path: Path, model: Model) -> None:
    """Neither is stricter, and each shows to some what the other withholds."""
    rules = {"Reader.kept": "relationship: open-case", "Reader.kept(title:)": "", "Book.title": "min: V1"}
    (problem,) = found(tmp_path, model, rules)
    assert problem.startswith("got Reader.kept(title:), which filters or orders by Book.title ({min: V1})")


def test_what_stands_on_the_interface_counts_for_its_types(tmp_path: Path, model: Model) -> None:
    """An argument that reads a type's field tells of the interface's too."""
    rules = {
        "Reader.kept": "",
        "Reader.kept(maker:)": "",
        "Book.maker": "",
        "Reader.found": "",
        "Made.maker": "min: V1",
    }
    problems = [problem.partition(" (")[0] for problem in found(tmp_path, model, rules)]
    assert "got Reader.kept(maker:), which filters or orders by Made.maker" in problems


def test_what_the_model_does_not_have_is_left_to_others(tmp_path: Path, model: Model) -> None:
    """It is told once, elsewhere."""
    assert found(tmp_path, model, {"Reader.nam": "min: V2", "Reader.kept(titel:)": "", "Reader.kept": ""}) == []
