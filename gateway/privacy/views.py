"""The published views as a data-protection officer looks at them: for what, on which ground, which fields, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from pydantic import Field
from starlette.responses import Response

from gateway.privacy.asking import Asked
from gateway.privacy.operation import Operation
from gateway.register import Activity, Category, Register
from gateway.service import Service
from gateway.told import Told
from schema.model import Model
from schema.view_rules import ConsentRule, FieldRule, When
from schema.views import View

__all__ = ["VIEWS", "FieldTold", "told_of"]

_KIND = "privacy.views-read"


class TermTold(Told):
    """A term of the Data Privacy Vocabulary or an article of the GDPR, and what it is in words."""

    term: str
    meaning: str


class AboutTold(Told):
    """A use about which the person decides: a purpose, and a channel where it is about one."""

    purpose: str
    channel: str | None


class FieldTold(Told):
    """A coordinate, and when it is shown.

    From the level `min` on it is shown, by `mask` if there is one; below it by the mask `below`, or not at all.
    """

    coordinate: str
    title: str = Field(description="what the model says of it")
    is_sensitive: bool = Field(description="of the special categories of GDPR article 9")
    min: str
    mask: str | None
    below: str | None
    max_age: int | None = Field(description="how old a verification may be, in seconds")
    consent: AboutTold | None
    objection: AboutTold | None
    relationship: str | None = Field(description="what has to stand: open-case or active-interaction")
    situations: list[str] = Field(description="the situations in which it is shown; in all where there are none")
    needs_broken_glass: bool


class GroupTold(Told):
    """Fields of one kind of personal data, those of special categories first. `category` is null for other fields."""

    category: str | None
    meaning: str
    is_sensitive: bool
    fields: list[FieldTold]


class GlassTold(Told):
    """Who may open what is shown in emergencies only, why, for how long, and by when it is reviewed."""

    roles: list[str]
    reasons: list[str]
    minutes: int
    review_hours: int


class ViewTold(Told):
    """A published view. `standing` is `in use`, `not yet in use` or `ended`."""

    view: str
    title: str
    description: str
    owner: str
    review_by: date
    review_is_overdue: bool
    standing: str
    is_newest: bool = Field(description="whether no newer version of it is in use")
    valid_from: date | None
    valid_until: date | None
    purpose: TermTold
    prohibited: list[str]
    basis: TermTold
    consumers: list[str]
    recipients: list[str]
    impact_assessment: str | None
    consent: AboutTold | None
    objection: AboutTold | None
    break_glass: GlassTold | None
    measures: list[str]
    groups: list[GroupTold]


class ViewsTold(Told):
    """The published views, by name, the newest version first."""

    views: list[ViewTold]


async def list_views(asking: Asked) -> Response:
    """Tell of the published views: purpose, ground, owner, review, and the coordinates by what they tell of a person.

    Each coordinate with the level from which it is shown, masks, consent, and whether it is for emergencies only.
    """
    service = asking.service
    text = await asking.daily.text("views", service, asking.today, lambda register: _in_json(register, service))
    return Response(text, media_type="application/json")


def _in_json(register: Register, service: Service) -> str:
    views, model = {view.id: view for view in service.views}, service.engine.model
    newest = _newest(register.activities)
    told = [told_of(one, views[one.view], model, is_newest=one.view in newest) for one in register.activities]
    return ViewsTold(views=told).model_dump_json(by_alias=True)


def _newest(activities: Iterable[Activity]) -> frozenset[str]:
    """Return the views of which no newer version is in use."""
    found: dict[str, str] = {}
    for one in activities:
        if one.standing == "in use":
            found.setdefault(one.view.partition("@")[0], one.view)
    return frozenset(found.values())


def told_of(one: Activity, view: View, model: Model, *, is_newest: bool) -> ViewTold:
    """Return what is told of a view: the activity that the record of processing makes of it, and its rules."""
    glass = view.break_glass
    return ViewTold(
        view=one.view,
        title=one.title,
        description=one.description,
        owner=one.owner,
        review_by=one.review_by,
        review_is_overdue=one.review_is_overdue,
        standing=one.standing,
        is_newest=is_newest,
        valid_from=one.valid_from,
        valid_until=one.valid_until,
        purpose=TermTold(term=one.purpose.term, meaning=one.purpose.definition),
        prohibited=[term.term for term in one.prohibited],
        basis=TermTold(term=one.basis[0], meaning=one.basis[1]),
        consumers=[*one.consumers],
        recipients=[*one.recipients],
        impact_assessment=one.dpia,
        consent=_about(view.consent),
        objection=_about(view.objection),
        break_glass=None if glass is None else GlassTold.model_validate(glass),
        measures=[*one.measures],
        groups=_groups(one, view.fields, model),
    )


def _groups(one: Activity, rules: Mapping[str, FieldRule], model: Model) -> list[GroupTold]:
    """Return the groups, those with data of the special categories first; what is not personal is last."""
    found = [_group(category, rules, model) for category in one.categories]
    groups = sorted(found, key=lambda group: not group.is_sensitive)
    if one.others:
        fields = [_field(name, rules[name], model, is_sensitive=False) for name in one.others]
        meaning = "No personal data, as the model has it."
        groups.append(GroupTold(category=None, meaning=meaning, is_sensitive=False, fields=fields))
    return groups


def _group(category: Category, rules: Mapping[str, FieldRule], model: Model) -> GroupTold:
    ordered = sorted(category.coordinates, key=lambda name: name not in category.special)
    return GroupTold(
        category=category.term or "other",
        meaning=category.meaning,
        is_sensitive=bool(category.special),
        fields=[_field(name, rules[name], model, is_sensitive=name in category.special) for name in ordered],
    )


def _field(name: str, rule: FieldRule, model: Model, *, is_sensitive: bool) -> FieldTold:
    return FieldTold(
        coordinate=name,
        title=model.title(name),
        is_sensitive=is_sensitive,
        min=str(rule.min),
        mask=rule.mask,
        below=rule.below,
        max_age=rule.max_age,
        consent=_about(rule.consent),
        objection=_about(rule.objection),
        relationship=rule.relationship,
        situations=_situations(rule.when),
        needs_broken_glass=rule.break_glass,
    )


def _about(rule: ConsentRule | None) -> AboutTold | None:
    return None if rule is None else AboutTold(purpose=rule.purpose, channel=rule.channel)


def _situations(when: When | None) -> list[str]:
    return [] if when is None else [*when.channels, *when.journeys, *when.objectives]


VIEWS = (Operation("GET", "/views", list_views, _KIND, answer=ViewsTold),)
