"""Why a request is not taken."""

from __future__ import annotations

from gateway.refusals import NotTakenError, RequestCode


def test_a_refusal_prints_what_a_log_may_hold() -> None:
    """Its own text holds status, code and message."""
    assert str(NotTakenError(400, RequestCode.BAD_REQUEST, "No.")) == "400 BAD_REQUEST: No."
