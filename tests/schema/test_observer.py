"""What happened is told through a port; somebody who does not listen is one like any other."""

from __future__ import annotations

import pytest

from schema.observer import NOBODY, Event, Sent, tell

SENT = Sent("crm", "customers", ("name",), 2, 0.1)


def test_nobody_can_be_told_anything() -> None:
    """It returns at once and keeps nothing."""
    NOBODY.note(SENT)
    assert not vars(NOBODY)


def test_what_an_observer_raises_is_logged_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """One line with its type: its text may hold anything."""

    class Raising:
        def note(self, event: Event) -> None:
            raise ValueError("secret")

    tell(Raising(), SENT)
    assert caplog.messages == ["an observer raised ValueError when it was told of Sent"]
    assert caplog.records[0].exc_info is None
