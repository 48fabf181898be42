"""A deadline is a moment on a clock that the test owns."""

from __future__ import annotations

from schema.deadline import Deadline


def test_what_is_left_shrinks_to_nothing() -> None:
    """In seconds, and never below zero."""
    now = [100.0]
    deadline = Deadline.after(1.5, clock=lambda: now[0])
    assert (deadline.at, deadline.remaining(), deadline.is_over()) == (101.5, 1.5, False)
    now[0] = 101.0
    assert (deadline.remaining(), deadline.is_over()) == (0.5, False)
    now[0] = 101.5
    assert (deadline.remaining(), deadline.is_over()) == (0.0, True)
    now[0] = 200.0
    assert (deadline.remaining(), deadline.is_over()) == (0.0, True)
