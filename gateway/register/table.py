"""The record of processing as CSV (RFC 4180), a row for each activity, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO

from gateway.register.record import Activity, Category, Register
from gateway.spreadsheet import plain
from schema.dpv import Term

__all__ = ["COLUMNS", "as_csv"]

COLUMNS = (
    "controller",
    "contact",
    "data protection officer",
    "view",
    "title",
    "standing",
    "purpose",
    "purpose in words",
    "lawful basis",
    "data subjects",
    "personal data",
    "special categories",
    "recipients",
    "consumers",
    "transfers",
    "retention",
    "processing",
    "measures",
    "owner",
    "next review",
    "impact assessment",
    "not said",
)
"""The columns, in their order."""

_UNSAID = "not said"


def as_csv(register: Register) -> str:
    """Return the record as CSV with a line of headings. Several values of a cell are parted by semicolons."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for activity in register.activities:
        writer.writerow({name: plain(value) for name, value in _row(register, activity).items()})
    return text.getvalue()


def _row(register: Register, one: Activity) -> Mapping[str, str]:
    values = (
        register.controller.name or _UNSAID,
        register.controller.contact or _UNSAID,
        register.controller.officer or _UNSAID,
        one.view,
        one.title,
        one.standing,
        one.purpose.term,
        one.purpose.definition,
        f"GDPR {one.basis[0]}: {one.basis[1]}",
        _terms(one.data_subjects),
        "; ".join(map(_category, one.categories)),
        "; ".join(name for category in one.categories for name in category.special),
        "; ".join(one.recipients) or _UNSAID,
        "; ".join(one.consumers),
        _transfers(one),
        f"{register.retention} {one.retention or 'How long those who receive it keep it is not said.'}",
        _terms(one.processing),
        " ".join([*register.measures, *one.measures]),
        one.owner,
        one.review_by.isoformat(),
        one.dpia or "",
        "; ".join(gap.what for gap in (*register.gaps, *one.gaps)),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _category(category: Category) -> str:
    return f"{category.term or 'other'} ({', '.join(category.coordinates)})"


def _transfers(one: Activity) -> str:
    if one.transfers is None:
        return _UNSAID
    told = (f"{each.recipient} ({each.country}, GDPR {each.safeguard})" for each in one.transfers)
    return "; ".join(told) or "none"


def _terms(terms: Iterable[Term]) -> str:
    return "; ".join(term.term for term in terms)
