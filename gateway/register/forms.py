"""The forms in which a record of processing is handed over: Markdown for people, CSV for tables, JSON for programs."""

from __future__ import annotations

from enum import StrEnum

from gateway.register.markdown import as_markdown
from gateway.register.members import as_json
from gateway.register.record import Register
from gateway.register.table import as_csv

__all__ = ["Form", "in_form"]


class Form(StrEnum):
    """A form of the record."""

    MARKDOWN = "markdown"
    """A document to read, with a part for each activity."""
    CSV = "csv"
    """A table with a row for each activity, for spreadsheets."""
    JSON = "json"
    """All of it, for programs."""


def in_form(register: Register, form: Form) -> str:
    """Return the record in this form, ending with a line break."""
    match form:
        case Form.MARKDOWN:
            return as_markdown(register)
        case Form.CSV:
            return as_csv(register)
    return as_json(register)
