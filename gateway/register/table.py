"""The record of processing as CSV (RFC 4180), a row for each activity, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO

from gateway.register.record import Activity, Category, Register
from schema.dpv import Term

__all__ = ["COLUMNS", "as_csv"]

COLUMNS = (
    "controller",
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
)
"""The columns, in their order."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet takes for a formula (OWASP, CSV injection)."""


def as_csv(register: Register) -> str:
    """Return the record as CSV with a line of headings. Several values of a cell are parted by semicolons."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for activity in register.activities:
        writer.writerow({name: _plain(value) for name, value in _row(register, activity).items()})
    return text.getvalue()


def _row(register: Register, one: Activity) -> Mapping[str, str]:
    controller = (register.controller.name, register.controller.contact)
    values = (
        ", ".join(filter(None, controller)),
        register.controller.officer or "",
        one.view,
        one.title,
        one.standing,
        one.purpose.term,
        one.purpose.definition,
        f"GDPR {one.basis[0]}: {one.basis[1]}",
        _terms(one.data_subjects),
        "; ".join(map(_category, one.categories)),
        "; ".join(name for category in one.categories for name in category.special),
        "; ".join(one.recipients),
        "; ".join(one.consumers),
        "; ".join(f"{each.recipient} ({each.country}, GDPR {each.safeguard})" for each in one.transfers),
        f"{register.retention} {one.retention}",
        _terms(one.processing),
        " ".join([*register.measures, *one.measures]),
        one.owner,
        one.review_by.isoformat(),
        one.dpia or "",
    )
    return dict(zip(COLUMNS, values, strict=True))


def _category(category: Category) -> str:
    return f"{category.term or 'other'} ({', '.join(category.coordinates)})"


def _terms(terms: Iterable[Term]) -> str:
    return "; ".join(term.term for term in terms)


def _plain(value: str) -> str:
    text = " ".join(value.split())
    return f"'{text}" if text.startswith(_FORMULA) else text
