"""The record of processing as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from gateway.register.record import Activity, Category, Gap, Register
from schema.dpv import Term

__all__ = ["as_json", "as_members"]


def as_json(register: Register) -> str:
    """Return the record as JSON, indented for people who look at it."""
    return json.dumps(as_members(register), indent=2, ensure_ascii=False) + "\n"


def as_members(register: Register) -> dict[str, Any]:
    """Return the record as plain values: dates as `2027-01-31`, the DPV's terms by name, None for what is not said."""
    controller = register.controller
    return {
        "controller": {
            "name": controller.name,
            "contact": controller.contact,
            "dataProtectionOfficer": controller.officer,
        },
        "madeOn": register.made_on.isoformat(),
        "measures": list(register.measures),
        "retention": register.retention,
        "activities": [_activity(activity) for activity in register.activities],
        "notSaid": [_gap(gap) for gap in register.all_gaps],
    }


def _activity(one: Activity) -> dict[str, Any]:
    return {
        "view": one.view,
        "title": one.title,
        "description": one.description,
        "owner": one.owner,
        "reviewBy": one.review_by.isoformat(),
        "reviewIsOverdue": one.review_is_overdue,
        "standing": one.standing,
        "validFrom": one.valid_from and one.valid_from.isoformat(),
        "validUntil": one.valid_until and one.valid_until.isoformat(),
        "purpose": {"dpv": one.purpose.term, "meaning": one.purpose.definition},
        "prohibitedPurposes": _terms(one.prohibited),
        "lawfulBasis": {"gdpr": one.basis[0], "meaning": one.basis[1]},
        "processing": _terms(one.processing),
        "dataSubjects": _terms(one.data_subjects),
        "personalData": [_category(category) for category in one.categories],
        "otherFields": list(one.others),
        "recipients": list(one.recipients),
        "consumers": list(one.consumers),
        "transfers": one.transfers and [transfer.model_dump(mode="json") for transfer in one.transfers],
        "retention": one.retention,
        "measures": list(one.measures),
        "impactAssessment": one.dpia,
    }


def _category(one: Category) -> dict[str, Any]:
    return {
        "category": one.term,
        "meaning": one.meaning,
        "fields": list(one.coordinates),
        "specialCategories": list(one.special),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {"view": gap.of, "article": f"30(1)({gap.letter})", "what": gap.what, "mend": gap.mend, "owner": gap.owner}


def _terms(terms: Iterable[Term]) -> list[str]:
    return [term.term for term in terms]
