"""What stands in a record of processing activities (GDPR article 30(1)), whatever form it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from schema.dpv import Term
from schema.view_processing import Transfer

__all__ = ["Activity", "Category", "Controller", "Gap", "Practice", "Register", "Rule"]


@dataclass(frozen=True, slots=True)
class Practice:
    """What a gateway does around its views, as its settings have it: whether it keeps audit, and for how many days
    (None: no end is set), alerts the privacy officer of emergencies, and asks a decision point."""

    audit: bool = False
    audit_days: int | None = None
    alerts: bool = False
    decision_point: bool = False


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the processing: name, how they are reached, and their data-protection officer; None: not said.

    `practice` is how their gateway is run.
    """

    name: str | None = None
    contact: str | None = None
    officer: str | None = None
    practice: Practice = Practice()


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that article 30(1) asks and nobody has said: which letter of it, what, and what would say it.

    `of` is the view, None for what holds for all; `mend` is for `owner` to do, None for who runs the gateway.
    """

    of: str | None
    letter: str
    what: str
    mend: str
    owner: str | None = None


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
class Rule:
    """What holds of one field before it is shown, in words: the level of verification, how it is masked, and what it
    waits for; each empty where there is nothing of the kind."""

    coordinate: str
    level: str
    mask: str
    waits_for: str


@dataclass(frozen=True, slots=True)
class Activity:
    """One published view, as an activity of processing.

    `basis` is the article and what it is in words; `measures` are sentences, `rules` those of
    single fields; `others` are the fields that hold no
    personal data, as the model has it. Of `transfers` and `retention` None says that nobody has said it. `standing` is
    one of `in use`, `not yet in use` and `ended`.
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
    transfers: Sequence[Transfer] | None
    retention: str | None
    measures: Sequence[str]
    rules: Sequence[Rule]
    dpia: str | None
    gaps: Sequence[Gap] = ()

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
    gaps: Sequence[Gap] = ()

    @property
    def all_gaps(self) -> Sequence[Gap]:
        """Return all that the record lacks: of all activities first, then of each."""
        return [*self.gaps, *(gap for activity in self.activities for gap in activity.gaps)]
