"""The measures of a view that protect its data (GDPR article 32), in sentences: who is shown what, when and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gateway.register.record import Practice
from gateway.register.words import NEEDED, about, situation
from schema.verification import Level
from schema.view_rules import FieldRule
from schema.views import AuditDemand, View

__all__ = ["measures_for_all", "measures_of", "retention_of_all"]

_FOR_ALL = (
    "Whether a field of a person is shown is decided before its source is asked for it; what is withheld is not read.",
    "What a view does not list does not exist in it; a published version never changes.",
    "Only registered consumers are let in, each to the views that it is registered for.",
)
_DECISION_POINT = (
    "A decision point of the organisation is asked besides whether a field is shown, and can only withhold more; it is "
    "told the consumer, the situation, and the customers by their ids in the gateway."
)
_NO_COPIES = (
    "The gateway keeps no copies: every value is read from the system that owns it when it is asked for. It keeps the "
    "keys by which those systems know a person, and no value in the clear."
)


def measures_for_all(practice: Practice) -> Iterator[str]:
    """Yield the measures that hold for every view."""
    yield from _FOR_ALL
    if practice.decision_point:
        yield _DECISION_POINT


def retention_of_all(practice: Practice) -> str:
    """Return how long the gateway itself keeps what every view shows."""
    if not practice.audit:
        return _NO_COPIES
    how_long = "no end is set" if practice.audit_days is None else f"they are kept for {practice.audit_days} days"
    return f"{_NO_COPIES} It keeps records of who was shown which fields, without their values: {how_long}."


def measures_of(view: View, practice: Practice) -> Iterator[str]:
    """Yield the measures of one view, beyond those that hold for all."""
    yield from _subjects(view)
    yield from _levels(view)
    yield from _masks(view)
    yield from _gates(view)
    yield from _situations(view)
    yield from _glass(view, practice)
    yield f"One request reaches {_counted(view)} at most."
    yield _recording(view, practice)


def _recording(view: View, practice: Practice) -> str:
    if practice.audit:
        return "Nothing is answered that was not recorded first."
    if view.audit is AuditDemand.REQUIRED:
        return "Nothing may be answered that was not recorded first; a gateway that keeps no audit does not serve it."
    return "What is answered is not recorded: the gateway keeps no audit."


def _subjects(view: View) -> Iterator[str]:
    if view.subject.bound:
        yield "Nobody is shown but the person of whom it was asserted that they are the one who asks."
    if view.subject.relationship is not None:
        needed = NEEDED[view.subject.relationship]
        yield f"Nobody is shown who has no {needed}; who is not shown cannot be told from who does not exist."


def _levels(view: View) -> Iterator[str]:
    verification = view.verification
    if verification is None:
        return
    for level in (one for one in Level if one is not Level.V0):
        held = {name: rule for name, rule in view.fields.items() if rule.min is level}
        if held:
            names = _names(held, lambda rule: f"masked below by {rule.below}" if rule.below else "")
            yield f"Shown from level {level} on, when the customer was verified well enough: {names}."
    methods = ", ".join(verification.methods)
    yield f"Customers are verified by {methods}; a verification counts for {verification.max_age} seconds at most."


def _masks(view: View) -> Iterator[str]:
    held = {name: rule for name, rule in view.fields.items() if rule.mask is not None}
    if held:
        yield f"Always masked: {_names(held, lambda rule: str(rule.mask))}."


def _gates(view: View) -> Iterator[str]:
    if view.consent is not None:
        yield f"Nothing but the id is shown without consent to {about(view.consent)}."
    if view.objection is not None:
        yield f"Nothing but the id is shown of who has objected to {about(view.objection)}."
    for name, rule in view.fields.items():
        if rule.consent is not None:
            yield f"Shown only with consent to {about(rule.consent)}: {name}."
        if rule.objection is not None:
            yield f"Not shown of who has objected to {about(rule.objection)}: {name}."
    for relationship, needed in NEEDED.items():
        waiting = [name for name, rule in view.fields.items() if rule.relationship == relationship]
        if waiting:
            yield f"Shown only while the person has an {needed}: {', '.join(waiting)}."


def _situations(view: View) -> Iterator[str]:
    if told := situation(view.situation):
        yield f"Asked only in these situations: {told}."
    for name, rule in view.fields.items():
        if rule.when is not None:
            yield f"Shown only in these situations: {situation(rule.when)}: {name}."


def _glass(view: View, practice: Practice) -> Iterator[str]:
    glass = view.break_glass
    if glass is not None:
        opened = ", ".join(name for name, rule in view.fields.items() if rule.break_glass)
        yield f"Shown in emergencies only: {opened}."
        why = f"by {' or '.join(glass.roles)}, for {' or '.join(glass.reasons)}, for {glass.minutes} minutes"
        told = "the privacy officer is alerted" if practice.alerts else "it is told in the gateway's log alone"
        yield f"Opened {why}; {told}, and the privacy officer is to review it within {glass.review_hours} hours."


def _names(held: Mapping[str, FieldRule], note: Callable[[FieldRule], str]) -> str:
    told = ((name, note(rule)) for name, rule in held.items())
    return ", ".join(f"{name} ({text})" if text else name for name, text in told)


def _counted(view: View) -> str:
    most = 1 if view.subject.mode is not None else view.limits.customers
    return "one person" if most == 1 else f"{most} persons"
