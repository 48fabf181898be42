"""Operators read which source fails and why, once a while, and nothing of anybody."""

from __future__ import annotations

import logging

import pytest

from gateway.failure_log import FailureLog, OutageFilter, Repeats
from schema.observer import Failed, Sent
from schema.reasons import Reason

DOWN = Failed("crm", "customers", Reason.SOURCE_ERROR, "no connection", 50)


def test_a_failure_is_told_once_a_while_with_how_often_it_happened(caplog: pytest.LogCaptureFixture) -> None:
    """A source that is down fails every request; a line for each would bury all others."""
    now = [0.0]
    log = FailureLog(clock=lambda: now[0])
    for moment in (0.0, 1.0, 9.9, 10.0, 10.1):
        now[0] = moment
        log.note(DOWN)
    assert caplog.messages == [
        "crm.customers: SOURCE_ERROR for 50 keys (no connection)",
        "crm.customers: SOURCE_ERROR for 150 keys (no connection)",
    ]


def test_every_kind_of_failure_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """By source, offer, reason and text; a call that was sent is no failure."""
    log = FailureLog(clock=lambda: 0.0)
    log.note(Sent("crm", "customers", ("name",), 1, 0.1, Reason.SOURCE_TIMEOUT))
    log.note(DOWN)
    log.note(Failed("crm", "customers", Reason.SOURCE_TIMEOUT, "", 1))
    assert caplog.messages[1:] == ["crm.customers: SOURCE_TIMEOUT for 1 key"]


def test_an_outage_is_told_once_a_while_with_how_many_requests_it_met(caplog: pytest.LogCaptureFixture) -> None:
    """Each kind by itself; what is no outage is always told."""
    now = [0.0]
    logger = logging.getLogger("tests.outages")
    seldom = OutageFilter(clock=lambda: now[0])
    logger.addFilter(seldom)
    try:
        for moment in (0.0, 1.0, 9.9, 10.0):
            now[0] = moment
            logger.error("request %s: down", moment, extra={"outage": "down"})
        logger.error("request %s: locked", "r", extra={"outage": "locked"})
        logger.error("request %s failed", "r")
        logger.error("request %s failed", "r")
    finally:
        logger.removeFilter(seldom)
    assert caplog.messages == [
        "request 0.0: down",
        "request 10.0: down; 3 requests since it was told",
        "request r: locked",
        "request r failed",
        "request r failed",
    ]


def test_no_more_than_a_thousand_kinds_are_known() -> None:
    """The oldest is forgotten, and told anew: what is raised is bounded by no list of ours."""
    repeats = Repeats(clock=lambda: 0.0)
    assert all(repeats.untold(kind) == 1 for kind in range(1_001))
    assert repeats.untold(0) == 1
    assert repeats.untold(1_000) is None
