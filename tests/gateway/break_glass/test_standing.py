"""What records say of broken glasses, whichever of them were dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.break_glass import outcomes
from gateway.break_glass.standing import CHANGED, again, opening_of, standing

BEGIN = datetime(2027, 1, 15, 8, tzinfo=UTC)
OPENED, REVIEWED = "break-glass.opened", "break-glass.reviewed"


@dataclass(frozen=True)
class Record:
    """A record that was read back."""

    kind: str
    at: datetime
    members: dict[str, Any] = field(default_factory=dict)
    is_signed: bool = True

    @property
    def place(self) -> tuple[datetime, str, int]:
        """Where it stands."""
        return self.at, "w", 1


def opened(grant: str, minute: int) -> Record:
    at = BEGIN + timedelta(minutes=minute)
    told = {"grant": grant, "view": "v@1", "consumer": "desk", "actor": "e-1", "reason": "fraud", "reference": "T-1"}
    told |= {"until": "2027-01-15T08:30:00Z", "review_by": "2027-01-16T08:00:00Z"}
    return Record(OPENED, at, {"customer": f"ref-{grant}", "happened": told})


def reviewed(grant: str, minute: int, outcome: str = "justified") -> Record:
    told = {"grant": grant, "consumer": "officer", "actor": "o-1", "outcome": outcome, "reference": f"R-{minute}"}
    return Record(REVIEWED, BEGIN + timedelta(minutes=minute), {"happened": told})


def of_time(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda one: one.at)


def told_of(records: Sequence[Record]) -> tuple[list[tuple[str, float]], dict[str, str]]:
    """What waits, with when it was opened, and the reference of each review."""
    now = standing(records)
    return [(one.grant, one.opened_at) for one in now.waiting], {
        grant: one["reference"] for grant, one in outcomes(records).items()
    }


@st.composite
def histories(draw: st.DrawFn) -> list[Record]:
    """Openings, some of which were reviewed, some twice."""
    records = list[Record]()
    for number in range(draw(st.integers(0, 6))):
        minute = draw(st.integers(0, 1_000))
        records.append(opened(f"bg_{number}", minute))
        for after in draw(st.lists(st.integers(1, 1_000), max_size=2)):
            records.append(reviewed(f"bg_{number}", minute + after))
    return of_time(records)


@settings(deadline=None, max_examples=300)
@given(histories(), st.lists(st.sets(st.integers(0, 40)), max_size=3))
def test_whatever_is_dropped_nothing_leaves_the_list_or_comes_back_to_it(
    history: list[Record], drops: list[set[int]]
) -> None:
    """What waits is the same ever after, and so is the review of whatever is kept; nothing is written without need."""
    waits, reviews = told_of(history)
    records = history
    for turn, gone in enumerate(drops):
        dropped = [one for place, one in enumerate(records) if place in gone]
        left = [one for place, one in enumerate(records) if place not in gone]
        written = [Record(kind, BEGIN + timedelta(days=turn + 1), members) for kind, members in again(dropped, left)]
        assert len(written) <= len({one.members["happened"]["grant"] for one in dropped})
        records = of_time([*left, *written])
        waits_now, reviews_now = told_of(records)
        assert waits_now == waits
        kept = {one.grant for one in standing(records).reviewed}
        assert all(reviews_now[grant] == reviews[grant] for grant in kept)


def test_the_first_review_stands() -> None:
    """Whatever was written later."""
    records = [opened("bg_1", 0), reviewed("bg_1", 5), reviewed("bg_1", 9, "unjustified")]
    now = standing(records)
    assert [(one.grant, one.review and one.review.outcome) for one in now.reviewed] == [("bg_1", "justified")]
    assert outcomes(records) == {
        "bg_1": {
            "outcome": "justified",
            "reviewedBy": {"consumer": "officer", "actor": "o-1"},
            "reviewedAt": "2027-01-15T08:05:00Z",
            "reference": "R-5",
        }
    }


def test_a_changed_record_beside_one_that_holds_says_nothing() -> None:
    """It was written again before, and that is as it was written; alone it is told as changed, and due."""
    changed = Record(OPENED, BEGIN, {"happened": {"grant": "bg_1", "view": "x" * 101}}, is_signed=False)
    (one,) = standing([changed, opened("bg_1", 5)]).waiting
    assert (one.grant, one.reason) == ("bg_1", "fraud")
    (one,) = standing([changed]).waiting
    assert (one.grant, one.view, one.reason, one.is_overdue(0)) == ("bg_1", "", CHANGED, True)


@pytest.mark.parametrize("named", ["", "x/y", "..", "bg_" + "0" * 65, 7])
def test_an_opening_that_names_no_grant_any_more_is_reviewed_by_an_id_of_its_place(named: object) -> None:
    """Else it would stand on the list for ever."""
    lost = Record(OPENED, BEGIN, {"happened": {"grant": named}}, is_signed=False)
    (one,) = standing([lost]).waiting
    assert re.fullmatch("bg_[0-9a-f]{24}", one.grant)
    assert opening_of([opened("bg_1", 5), lost], one.grant) == one
    records = [lost, reviewed(one.grant, 5)]
    assert (standing(records).waiting, [each.grant for each in standing(records).reviewed]) == ([], [one.grant])
    elsewhere = Record(OPENED, BEGIN + timedelta(seconds=1), lost.members, is_signed=False)
    assert standing([elsewhere]).waiting[0].grant != one.grant


def test_what_reviews_have_come_to_is_told_of_the_grants_that_are_asked_for() -> None:
    """Of others nothing is made."""
    records = [one for number in range(9) for one in (opened(f"bg_{number}", 0), reviewed(f"bg_{number}", 5))]
    assert outcomes(records, {"bg_3", "bg_99"}).keys() == {"bg_3"}
    assert len(outcomes(records)) == 9
