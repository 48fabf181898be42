"""The executor's side: what stands at each field, before it is given its shape."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.answers import Answer, Fault, Gone, Missing, SourceError
from adapters.crossref import Subject
from resolvers.assembled import NullError
from resolvers.cursors import Cursors
from resolvers.policy import Transform
from resolvers.reasons_of_null import Notes
from resolvers.values import Node, Values, is_boundless, note_unknown
from schema.masks import Mask
from schema.reasons import Place, Reason
from tests.resolvers.answered import answered, field, found, verdicts_of
from tests.resolvers.harbour import known, subject
from tests.resolvers.planned import plan, vessel


class Asked:
    """The value of one field of a vessel, and what was noted of it."""

    def __init__(self, fields: str, answers: dict[str, Answer], of: Subject | None = None, **more: Any) -> None:
        made, left = vessel(fields), more.pop("left", None)
        self.notes, self._name = Notes(), fields.partition(" ")[0]
        self._values = Values(answered(made, answers, **more), Cursors(), self.notes, left)
        self._node, self._plan = Node(made.roots[0].position, of or known(1)), field(made, self._name)

    @property
    def value(self) -> Any:
        return self._values.at(self._node, self._plan, ("vessel", self._name))

    @property
    def noted(self) -> Reason | None:
        return self.notes.reason(("vessel", self._name))


def reason_of(value: object) -> Reason:
    assert isinstance(value, NullError)
    return value.reason


def test_a_value_stands_in_the_record_of_its_step() -> None:
    """And the canonical id stands in none."""
    assert Asked("name", {"R1": found({"name": "Anna"})}).value == "Anna"
    assert Asked("id", {}).value == "v1"


@pytest.mark.parametrize(
    ("answers", "value"),
    [
        ({"R9": Missing(), "R1": found({"name": "Anna"})}, "Anna"),
        ({"R9": Gone(), "R1": found({"name": None})}, None),
        ({"R9": found({"name": "Berta"}), "R1": found({"name": "Anna"})}, "Berta"),
    ],
)
def test_of_several_keys_the_first_that_is_found_answers(answers: dict[str, Answer], value: object) -> None:
    """In the order of the cross-reference."""
    asked = Asked("name", answers, subject("v1", registry=["R9", "R1"]))
    assert asked.value == value
    assert not asked.notes


def test_a_key_that_failed_is_not_passed_over() -> None:
    """An outage does not change whose record answers."""
    answers: dict[str, Answer] = {"R9": SourceError(Reason.SOURCE_TIMEOUT), "R1": found({"name": "Anna"})}
    value = Asked("name", answers, subject("v1", registry=["R9", "R1"])).value
    assert reason_of(value) is Reason.SOURCE_TIMEOUT


@pytest.mark.parametrize(
    ("answers", "reason"),
    [({"R9": Gone(), "R1": Missing()}, Reason.SOURCE_KEY_GONE), ({}, Reason.DEADLINE_EXCEEDED)],
)
def test_where_nothing_is_found_the_first_reason_counts(answers: dict[str, Answer], reason: Reason) -> None:
    """What is absent is noted, what failed is an error."""
    asked = Asked("name", answers, subject("v1", registry=["R9", "R1"]))
    if reason.place is Place.ERROR:
        assert reason_of(asked.value) is reason
    else:
        assert (asked.value, asked.noted) == (None, reason)


def test_what_is_withheld_is_null_with_its_reason() -> None:
    """The record is not looked at."""
    asked = Asked("name", {}, withheld={"v1": {"Vessel.name": Reason.SUBJECT_RESTRICTED}})
    assert (asked.value, asked.noted) == (None, Reason.SUBJECT_RESTRICTED)


@pytest.mark.parametrize(("raw", "shown"), [("Anna", "••••"), (None, None)])
def test_a_mask_stands_on_text(raw: str | None, shown: str | None) -> None:
    """Of null there is nothing to show, and nothing to tell."""
    masked = {"Vessel.name": Transform(Mask.ALL)}
    asked = Asked("name", {"R1": found({"name": raw})}, transforms=masked)
    assert asked.value == shown
    assert bool(asked.notes) is (shown is not None)


@pytest.mark.parametrize("raw", [7, True, b"Anna", ["Anna", 7]])
def test_what_is_no_text_is_not_shown_masked(raw: object) -> None:
    """It is an error, or has one in it."""
    value = Asked("name", {"R1": found({"name": raw})}, transforms={"Vessel.name": Transform(Mask.ALL)}).value
    assert reason_of(value[-1] if isinstance(value, list) else value) is Reason.VALUE_INVALID


def test_faults_are_errors_wherever_they_stand() -> None:
    """In place of a value, of an entry, of a type's name."""
    bad = Fault(Reason.VALUE_INVALID)
    assert reason_of(Asked("name", {"R1": found({"name": bad})}).value) is Reason.VALUE_INVALID
    (entry,) = Asked("owners { name }", {"R1": found({"owners": [bad]})}).value
    assert reason_of(entry) is Reason.VALUE_INVALID
    (box,) = Asked("cargo { __typename }", {"R1": found({"cargo": [{"__typename": bad}]})}).value
    assert reason_of(box) is Reason.VALUE_INVALID


def test_an_object_is_of_the_type_that_it_says() -> None:
    """One that the view does not have is null with a reason."""
    asked = Asked("cargo { __typename }", {"R1": found({"cargo": [{"__typename": "Tank"}, {"__typename": "Raft"}]})})
    tank, raft = asked.value
    assert tank.position.type_name == "Tank"
    assert raft is None
    assert asked.notes.reason(("vessel", "cargo", 1)) is Reason.VALUE_NOT_IN_VIEW


@pytest.mark.parametrize("key", [5, True, b"NL", {"code": "NL"}])
def test_a_key_is_text(key: object) -> None:
    """Whatever else an adapter of others may hold there."""
    assert reason_of(Asked("flag { state }", {"R1": found({"flag": key})}).value) is Reason.VALUE_INVALID


def test_what_is_behind_a_key_is_known_by_it() -> None:
    """And by no key of the customer."""
    flag = Asked("flag { state }", {"R1": found({"flag": "NL"})}).value
    assert flag.keys == {"flag": ("NL",)}


@pytest.mark.parametrize(("left", "is_error"), [(4, False), (3, True)])
def test_lists_come_to_so_many_values_and_no_more(left: int, is_error: bool) -> None:
    """Each entry with what is selected in it: two owners and their names are four values."""
    value = Asked("owners { name }", {"R1": found({"owners": [{"name": "Smit"}, {"name": "Dahl"}]})}, left=left).value
    assert isinstance(value, NullError) is is_error


@pytest.mark.parametrize(
    ("value", "boundless"),
    [
        (Decimal("1E+1001"), True),
        (Decimal("1E-1001"), True),
        (Decimal("1E+1000"), False),
        (Decimal("NaN"), False),
        (Decimal("Infinity"), False),
        (10**2000, False),
        ("1E+1001", False),
    ],
)
def test_a_decimal_that_takes_time_without_end_is_boundless(value: object, *, boundless: bool) -> None:
    """Written out as an Int it would hold the process; anything else is the scalar's affair."""
    assert is_boundless(value) is boundless


def test_a_boundless_decimal_is_an_error() -> None:
    """It is not given to any scalar."""
    value = Asked("draught", {"S1": found({"draught": Decimal("1E+999999")})}).value
    assert reason_of(value) is Reason.VALUE_INVALID


def test_who_was_not_found_is_noted_at_its_place() -> None:
    """Those who were found are not."""
    made = plan('{ vessels(by: [{id: "v1"}, {id: "x"}]) { id } }')
    notes = Notes()
    note_unknown(notes, made.roots[0], [known(1), None], verdicts_of(made))
    assert notes.reason(("vessels", 0)) is None
    assert notes.reason(("vessels", 1)) is Reason.SUBJECT_UNKNOWN


def test_a_node_shows_no_key_and_no_value() -> None:
    """Its repr is fit for a log."""
    node = Node(vessel("name").roots[0].position, known(1), {"flag": ("secret",)}, {"name": "secret"})
    assert "secret" not in repr(node)
