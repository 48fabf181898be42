"""A situation is one of the view's, or it is said in words what it lacks."""

from __future__ import annotations

import pytest

from schema.situation import NO_SITUATION, Situation, faults
from schema.view_rules import SituationRule

RULE = SituationRule(channels=("voice", "chat"), case="required", interaction="optional")
"""It takes one of two channels, wants a case, and takes an interaction; nothing else."""


@pytest.mark.parametrize(
    "situation",
    [Situation(channel="voice", case="T-1"), Situation(channel="chat", case="T-1", interaction="call-7")],
)
def test_what_the_view_wants_is_fine(situation: Situation) -> None:
    """With what may be told, and without."""
    assert faults(RULE, situation) == []


@pytest.mark.parametrize(
    ("situation", "said"),
    [
        (Situation(case="T-1"), "The situation tells no channel, and this view wants one of: voice, chat"),
        (
            Situation(channel="secret", case="T-1"),
            "The situation tells another channel than this view takes: voice, chat",
        ),
        (Situation(channel="voice"), "The situation tells no case, and this view wants one"),
        (
            Situation(channel="voice", case="T-1", journey="secret"),
            "The situation tells a journey, and this view takes none",
        ),
        (
            Situation(channel="voice", case="T-1", objective="secret"),
            "The situation tells an objective, and this view takes none",
        ),
        (
            Situation(channel="voice", case="T-1", actor="secret"),
            "The situation tells an actor, and this view takes none",
        ),
    ],
)
def test_what_is_wrong_is_told_without_what_was_told(situation: Situation, said: str) -> None:
    """Somebody may have taken one part for another."""
    assert faults(RULE, situation) == [said]
    assert "secret" not in said


def test_a_view_that_says_nothing_takes_no_situation() -> None:
    """And wants none; every part that is told is named."""
    assert faults(SituationRule(), NO_SITUATION) == []
    everything = Situation("voice", "service", "resolve-issue", "T-1", "call-7", "agent-4")
    assert len(faults(SituationRule(), everything)) == 6


def test_what_was_told_is_listed_by_name() -> None:
    """For those who record it."""
    assert Situation(channel="voice", case="T-1").told() == {"channel": "voice", "case": "T-1"}
    assert NO_SITUATION.told() == {}
