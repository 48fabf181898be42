"""Operators read which source fails and why, once a while, and nothing of anybody."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from gateway.failure_log import FailureLog, OutageFilter, Repeats
from schema.observer import Failed, Invalid, Sent
from schema.reasons import Reason
from tests.gateway.greenhouse import greenhouse

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


def test_invalid_values_are_told_by_their_coordinate(caplog: pytest.LogCaptureFixture) -> None:
    """Once a while for each and kind, with how many there were; what is absent is another kind."""
    now = [0.0]
    log = FailureLog(clock=lambda: now[0])
    for moment in (0.0, 1.0, 10.0):
        now[0] = moment
        log.note(Invalid("crm", "customers", "Customer.tier", is_absent=False, values=2))
        log.note(Invalid("crm", "customers", "Customer.tier", is_absent=True, values=1))
    log.note(Invalid("crm", "customers", "Customer.email", is_absent=True, values=1))
    absent = "(the source's record does not have it)"
    wrong = "(what the source's record has is not of the type that the model declares)"
    assert caplog.messages == [
        f"crm.customers: VALUE_INVALID for 2 values of Customer.tier {wrong}",
        f"crm.customers: VALUE_INVALID for 1 value of Customer.tier {absent}",
        f"crm.customers: VALUE_INVALID for 4 values of Customer.tier {wrong}",
        f"crm.customers: VALUE_INVALID for 2 values of Customer.tier {absent}",
        f"crm.customers: VALUE_INVALID for 1 value of Customer.email {absent}",
    ]


async def test_a_gateway_logs_the_values_that_it_could_not_use(
    tmp_path: Path, nothing_else_installed: None, caplog: pytest.LogCaptureFixture
) -> None:
    """No value and no key is in the line, and there is one for all requests of a while."""
    house = greenhouse(tmp_path)
    (record,) = house.nursery.records["N-p1"]
    del record["label"]
    record["height"] = "tall"
    query = {"query": '{ plant(by: {nursery: "N-p1"}) { label height } }'}
    async with house.gateway.running():
        answers = [(await house.post(query, to="watering@2")).json() for _ in range(3)]
    assert [error["path"] for error in answers[0]["errors"]] == [["plant", "label"], ["plant", "height"]]
    assert answers == [answers[0]] * 3
    assert [one.getMessage() for one in caplog.records if one.name == "gateway.failure_log"] == [
        "nursery.plants: VALUE_INVALID for 1 value of Plant.label (the source's record does not have it)",
        "nursery.plants: VALUE_INVALID for 1 value of Plant.height "
        "(what the source's record has is not of the type that the model declares)",
    ]


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
