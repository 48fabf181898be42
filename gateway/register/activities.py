"""The record of processing, made from views: every published view is an activity of processing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType

from gateway.register.categories import categories_of
from gateway.register.gaps import gaps_of_all, gaps_of_view
from gateway.register.measures import measures_for_all, measures_of, retention_of_all
from gateway.register.record import Activity, Controller, Register
from gateway.register.rules import rules_of
from schema.dpv import Term, data_subjects, processing, purposes
from schema.model import Model
from schema.view_processing import KEPT_BY_NOBODY
from schema.views import View

__all__ = ["make_register"]

_BASES: Mapping[str, str] = MappingProxyType(
    {
        "A6-1-a": "consent",
        "A6-1-b": "a contract with the person, or steps before one",
        "A6-1-c": "a legal obligation",
        "A6-1-d": "vital interests of a person",
        "A6-1-e": "a task in the public interest, or official authority",
        "A6-1-f": "legitimate interests that the person's own do not override",
    }
)
"""The grounds of GDPR article 6(1), in a few words of ours."""

_KEEP_NOTHING = "Those who receive it keep nothing."


def make_register(published: Iterable[View], model: Model, controller: Controller, today: date) -> Register:
    """Return the record of the published views, by name and the newest version first, as it stands today."""
    views = sorted(published, key=lambda view: (view.name, -view.version))
    practice = controller.practice
    return Register(
        controller,
        today,
        [_activity(view, model, controller, today) for view in views],
        [*measures_for_all(practice)],
        retention_of_all(practice),
        [*gaps_of_all(controller)],
    )


def _activity(view: View, model: Model, controller: Controller, today: date) -> Activity:
    categories, others = categories_of(view, model)
    return Activity(
        view=view.id,
        title=view.title,
        description=view.description,
        owner=view.owner,
        review_by=view.review_by,
        review_is_overdue=view.review_by < today,
        standing=_standing(view, today),
        valid_from=view.valid_from,
        valid_until=view.valid_until,
        purpose=purposes()[view.purpose.dpv],
        prohibited=[purposes()[term] for term in view.prohibited],
        basis=(view.lawful_basis.gdpr, _BASES[view.lawful_basis.gdpr]),
        processing=[processing()[term] for term in view.processing],
        data_subjects=[data_subjects()[term] for term in view.data_subjects] or [_of_model(model)],
        categories=categories,
        others=others,
        recipients=view.recipients,
        consumers=view.consumers,
        transfers=view.transfers,
        retention=_retention(view),
        measures=[*measures_of(view, controller.practice)],
        rules=[*rules_of(view)],
        dpia=view.dpia_ref,
        gaps=[] if view.is_retired_on(today) else [*gaps_of_view(view, categories)],
    )


def _retention(view: View) -> str | None:
    if view.retention is None:
        return None
    return _KEEP_NOTHING if view.retention == KEPT_BY_NOBODY else f"Those who receive it keep it: {view.retention}"


def _standing(view: View, today: date) -> str:
    if view.is_retired_on(today):
        return "ended"
    return "in use" if view.is_valid_on(today) else "not yet in use"


def _of_model(model: Model) -> Term:
    """Return whose data it is where the view does not say: the model's subject, in its own words."""
    described = model.schema.type_map[model.subject].description or f"The {model.plural}."
    return Term(model.subject, (), described)
