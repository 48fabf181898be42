"""How calls to sources are counted, by what they came to."""

from __future__ import annotations

from gateway.telemetry.metrics.calls import Calls
from schema.observer import NOBODY, Sent
from schema.reasons import Reason


def test_a_call_that_nobody_waited_for_is_no_failure_of_its_source() -> None:
    """Clients that hang up would else set off the alert for a source that fails; there is one for that they do."""
    calls, late = Calls(NOBODY), Reason.DEADLINE_EXCEEDED
    for outcome, is_left in ((None, False), (late, False), (late, True), (late, True)):
        calls.note(Sent("crm", "customers", ("name",), 1, 0.1, outcome, is_left=is_left))
    counted, *_ = calls.read()
    assert {values[-1]: count for values, count in counted.points} == {"OK": 1, "DEADLINE_EXCEEDED": 1, "LEFT": 2}
