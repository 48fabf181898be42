"""What the log says of a breaker: that it opened and why, that it is open still, and that it is closed again."""

from __future__ import annotations

import pytest

from adapters.limits import State
from adapters.limits.breaker_log import BreakerLog
from schema.reasons import Reason


def said_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_breaker_that_stays_open_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """However often it is tried: a line for each would fill the log while a source is down."""
    now = [0.0]
    log = BreakerLog("crm", lambda: now[0])
    for second in range(200):
        now[0] = float(second)
        log.note(None, State.OPEN, Reason.SOURCE_TIMEOUT if second else Reason.SOURCE_ERROR)
        log.note(None, State.HALF_OPEN, Reason.SOURCE_TIMEOUT)
    log.note(None, State.CLOSED, Reason.SOURCE_TIMEOUT)
    still = "crm is open still, after {0} s: tried {0} times in vain, the last with SOURCE_TIMEOUT"
    assert said_of(caplog) == [
        ("WARNING", "the circuit breaker of crm is open: the last call failed with SOURCE_ERROR"),
        *[("WARNING", f"the circuit breaker of {still.format(seconds)}") for seconds in (60, 120, 180)],
        ("WARNING", "the circuit breaker of crm is closed again, after 199 s"),
    ]


def test_each_breaker_is_logged_apart(caplog: pytest.LogCaptureFixture) -> None:
    """That of an offer names it, and one that opens anew is told anew."""
    log = BreakerLog("crm", lambda: 0.0)
    for offer in (None, "things", "things"):
        log.note(offer, State.OPEN, None)
    log.note("things", State.CLOSED, None)
    log.note("things", State.OPEN, None)
    words = [message.removeprefix("the circuit breaker of ").partition(":")[0] for _, message in said_of(caplog)]
    assert words == [
        "crm is open",
        "crm, offer things, is open",
        "crm, offer things, is closed again, after 0 s",
        "crm, offer things, is open",
    ]
