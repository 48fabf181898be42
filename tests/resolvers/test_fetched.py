"""Answers are found by step, allowed fields, part of a list and key."""

from __future__ import annotations

from adapters.answers import SourceError
from resolvers.arguments import Given
from resolvers.cursors import Cursor, Stand
from resolvers.fetched import Fetched
from schema.reasons import Reason
from tests.resolvers.answered import answered, found, verdicts_of
from tests.resolvers.harbour import known
from tests.resolvers.planned import vessel

ANNA, BERTA = found({"name": "Anna"}), found({"name": "Berta"})
RESTRICTED = {"v1": {"Vessel.name": Reason.SUBJECT_RESTRICTED}}


def test_in_full_are_all_answers_where_nothing_is_withheld() -> None:
    """By key; a key that was not answered is not among them."""
    fetched = answered(vessel("name callSign"), {"R1": ANNA, "R2": BERTA})
    assert fetched.in_full(0) == {"R1": ANNA, "R2": BERTA}


def test_in_full_are_those_alone_who_were_asked_for_all_fields() -> None:
    """What was answered of a customer of whom something is withheld never serves another one."""
    fetched = answered(vessel("name callSign"), {"R2": BERTA}, withheld=RESTRICTED)
    fetched.answers[0][("call_sign",), None] = {"R1": found({"call_sign": "A"})}
    assert fetched.in_full(0) == {"R2": BERTA}
    del fetched.answers[0][("call_sign", "name"), None]
    assert fetched.in_full(0) == {}


def test_a_step_that_has_not_answered_has_nothing_in_full() -> None:
    """Each of its keys is late."""
    made = vessel("name")
    fetched = Fetched(made, verdicts_of(made))
    assert fetched.in_full(0) == {}
    late = fetched.answer(made.steps[0], known(1), "R1")
    assert isinstance(late, SourceError)
    assert late.reason is Reason.DEADLINE_EXCEEDED


def test_behind_a_cursor_nothing_is_in_full() -> None:
    """Each key's list begins where its cursor stands."""
    made = vessel("voyages(first: 1) { nodes { number } }")
    (step,) = made.steps
    given = Given(first=1, cursor=Cursor("v1", (("x", Stand()),)))
    assert Fetched(made, verdicts_of(made), {step.number: given}).in_full(0) is None
