"""What a source that has everything says of gates: consents are given, a case is open, and an interaction goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from adapters.answers import Facts
from adapters.gates import CASE, CONSENT, INTERACTION, RELATIONSHIPS, ConsentStatus
from schema.view_rules import FieldRule, SubjectRule
from schema.views import View

__all__ = ["ACTIVE_INTERACTION", "OPEN_CASE", "gate_answers"]

OPEN_CASE: Final = "case-1"
"""The reference of the one open case of everybody."""

ACTIVE_INTERACTION: Final = "call-1"
"""The reference of the one interaction that goes on with everybody."""

_RELATED: Mapping[str, Facts] = MappingProxyType(
    {
        CASE: {"reference": OPEN_CASE, "is_open": True},
        INTERACTION: {"reference": ACTIVE_INTERACTION, "is_active": True},
    }
)


def gate_answers(view: View) -> Mapping[str, Sequence[Facts]]:
    """Return the records of every customer, by what an offer serves that the view asks.

    They are a consent, over all channels, for each purpose that the view asks it for, the open case, and the
    interaction.
    """
    rules: Sequence[View | FieldRule] = (view, *view.fields.values())
    related: Sequence[SubjectRule | FieldRule] = (view.subject, *view.fields.values())
    answers: dict[str, Sequence[Facts]] = {}
    if any(rule.consent is not None or rule.objection is not None for rule in rules):
        purposes = dict.fromkeys(rule.consent.purpose for rule in rules if rule.consent is not None)
        answers[CONSENT] = tuple(map(_given, purposes))
    for word in dict.fromkeys(rule.relationship for rule in related if rule.relationship is not None):
        answers[RELATIONSHIPS[word]] = (_RELATED[RELATIONSHIPS[word]],)
    return MappingProxyType(answers)


def _given(purpose: str) -> Facts:
    return {
        "purpose": purpose,
        "channel": None,
        "status": ConsentStatus.GIVEN,
        "valid_from": None,
        "valid_until": None,
    }
