"""What a source that has everything says of gates: all consents are given, and one case is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from adapters.answers import Facts
from adapters.gates import CASE, CONSENT, ConsentStatus
from schema.view_rules import FieldRule, SubjectRule
from schema.views import View

__all__ = ["OPEN_CASE", "gate_answers"]

OPEN_CASE: Final = "case-1"
"""The reference of the one open case of everybody."""


def gate_answers(view: View) -> Mapping[str, Sequence[Facts]]:
    """Return the records of every customer, by what an offer serves that the view asks.

    They are a consent, over all channels, for each purpose that the view asks it for, and the open case.
    """
    rules: Sequence[View | FieldRule] = (view, *view.fields.values())
    related: Sequence[SubjectRule | FieldRule] = (view.subject, *view.fields.values())
    answers: dict[str, Sequence[Facts]] = {}
    if any(rule.consent is not None or rule.objection is not None for rule in rules):
        purposes = dict.fromkeys(rule.consent.purpose for rule in rules if rule.consent is not None)
        answers[CONSENT] = tuple(map(_given, purposes))
    if any(rule.relationship is not None for rule in related):
        answers[CASE] = ({"reference": OPEN_CASE, "is_open": True},)
    return MappingProxyType(answers)


def _given(purpose: str) -> Facts:
    return {
        "purpose": purpose,
        "channel": None,
        "status": ConsentStatus.GIVEN,
        "valid_from": None,
        "valid_until": None,
    }
