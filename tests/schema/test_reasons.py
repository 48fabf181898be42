"""Every reason says where it stands, what happened and what can be done, in constant words."""

from __future__ import annotations

import pytest

from schema.reasons import Place, Reason


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_its_code_and_says_what_to_do(reason: Reason) -> None:
    """Clients see the code; people read two whole sentences."""
    assert str(reason) == reason.value == reason.name
    assert reason.place in Place
    assert reason.message.endswith(".")
    assert reason.remedy.endswith(".")


def test_policy_withholds_and_only_sources_fail() -> None:
    """Withheld is not an error; a source that has nothing is neither."""
    by_place = {place: {reason.name for reason in Reason if reason.place is place} for place in Place}
    assert by_place[Place.WITHHELD] == {
        "SUBJECT_UNKNOWN",
        "SUBJECT_ERASED",
        "SUBJECT_RESTRICTED",
        "RELATIONSHIP_REQUIRED",
        "VERIFICATION_REQUIRED",
        "VERIFICATION_EXPIRED",
        "VERIFICATION_WRONG_SUBJECT",
        "PURPOSE_NOT_ALLOWED",
        "CONSENT_MISSING",
        "CONSENT_REFUSED",
        "CONSENT_WITHDRAWN",
        "CONSENT_EXPIRED",
        "CONSENT_UNKNOWN",
        "OBJECTION_RECORDED",
        "BREAK_GLASS_REASON_REQUIRED",
        "BREAK_GLASS_NOT_ALLOWED",
        "OBLIGATION_UNSUPPORTED",
        "POLICY_DENIED",
        "POLICY_UNAVAILABLE",
        "VALUE_NOT_IN_VIEW",
    }
    assert by_place[Place.MASKED] == {"VALUE_MASKED"}
    assert by_place[Place.ABSENT] == {
        "SOURCE_NOT_LINKED",
        "SOURCE_KEY_GONE",
        "SOURCE_KEY_REPLACED",
        "SOURCE_RECORD_MISSING",
    }
