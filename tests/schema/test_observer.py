"""What happened is told through a port; somebody who does not listen is one like any other."""

from __future__ import annotations

from schema.observer import NOBODY, Sent


def test_nobody_can_be_told_anything() -> None:
    """It returns at once and keeps nothing."""
    NOBODY.note(Sent("crm", "customers", ("name",), 2, 0.1))
    assert not vars(NOBODY)
