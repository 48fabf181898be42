"""The most calls that a plan can send are known before any is sent."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.crossref import Subject
from resolvers.calls import MOST_FOLLOWED, calls_of_steps, most_calls
from resolvers.plan import Plan
from resolvers.policy import decide
from tests.resolvers.answered import rules_of
from tests.resolvers.harbour import known, subject
from tests.resolvers.planned import vessel


def calls(made: Plan, subjects: Sequence[Subject]) -> list[int]:
    return calls_of_steps(made, subjects, decide(made, {"vessel": subjects}, rules_of(made)), {})


def test_calls_are_keys_by_batch_size() -> None:
    """A full batch is one call, one key more is two; a customer without a key needs none."""
    made = vessel("draught")
    assert calls(made, [known(1), known(2)]) == [1]
    assert calls(made, [known(1), known(2), known(3)]) == [2]
    assert calls(made, [known(4)]) == [0]
    assert calls(made, []) == [0]


def test_every_live_key_of_a_customer_counts() -> None:
    """Several keys of one source are all asked."""
    assert calls(vessel("draught"), [subject("v1", sonar=["S1", "S2", "S3"])]) == [2]


def test_customers_with_other_allowed_fields_are_asked_apart() -> None:
    """One restricted customer makes a call more; of whom nothing is allowed makes none."""
    made = vessel("name callSign")
    assert calls(made, [known(1), known(2), known(3, "Vessel.name")]) == [2]
    assert calls(made, [known(1), known(2, "Vessel.name", "Vessel.callSign")]) == [1]


def test_a_key_in_a_record_is_one_more_key() -> None:
    """The record can hold one key for each of its own."""
    assert calls(vessel("flag { state }"), [known(1), known(2)]) == [1, 1]


def test_a_list_can_hold_many_keys() -> None:
    """Items of a list, and lists inside a record, are counted by the most that is followed."""
    of_list = MOST_FOLLOWED // 50
    assert calls(vessel("portCalls { port { name } }"), [known(1)]) == [1, of_list]
    assert calls(vessel("owners { home { state } }"), [known(1)]) == [1, of_list]
    assert calls(vessel("portCalls { port { flag { state } } }"), [known(1), known(2)]) == [1, 2 * of_list, 2 * of_list]


def test_all_steps_add_up() -> None:
    """What is held against the view's limit is the sum."""
    made, subjects = vessel("name draught flag { state }"), [known(1), known(2), known(3)]
    assert most_calls(made, subjects, decide(made, {"vessel": subjects}, rules_of(made)), {}) == 1 + 2 + 1
