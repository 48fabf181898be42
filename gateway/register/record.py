"""What stands in a record of processing activities (GDPR article 30(1)), whatever form it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from schema.dpv import Term
from schema.view_processing import Transfer

__all__ = ["Activity", "Category", "Controller", "Register"]


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the processing: name, how they are reached, and their data-protection officer; None: not said."""

    name: str | None = None
    contact: str | None = None
    officer: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """Personal data of one kind: its term of the DPV (None: the model does not say), what that is, and its fields.

    `coordinates` are all of the view's fields of this kind, `special` those among them that are of the special
    categories of GDPR article 9.
    """

    term: str | None
    meaning: str
    coordinates: Sequence[str]
    special: Sequence[str]


@dataclass(frozen=True, slots=True)
class Activity:
    """One published view, as an activity of processing.

    `basis` is the article and what it is in words; `measures` are sentences; `others` are the fields that hold no
    personal data, as the model has it. `standing` is one of `in use`, `not yet in use` and `ended`.
    """

    view: str
    title: str
    description: str
    owner: str
    review_by: date
    review_is_overdue: bool
    standing: str
    valid_from: date | None
    valid_until: date | None
    purpose: Term
    prohibited: Sequence[Term]
    basis: tuple[str, str]
    processing: Sequence[Term]
    data_subjects: Sequence[Term]
    categories: Sequence[Category]
    others: Sequence[str]
    recipients: Sequence[str]
    consumers: Sequence[str]
    transfers: Sequence[Transfer]
    retention: str
    measures: Sequence[str]
    dpia: str | None

    @property
    def has_special_categories(self) -> bool:
        """Return whether it shows data of the special categories of GDPR article 9."""
        return any(category.special for category in self.categories)


@dataclass(frozen=True, slots=True)
class Register:
    """The record: who answers for it, the day on which it was made, and the activities by view and version.

    `measures` and `retention` hold for all of them.
    """

    controller: Controller
    made_on: date
    activities: Sequence[Activity]
    measures: Sequence[str]
    retention: str
