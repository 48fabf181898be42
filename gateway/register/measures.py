"""The measures of a view that protect its data (GDPR article 32), in sentences: who is shown what, when and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from schema.verification import Level
from schema.view_rules import ConsentRule, FieldRule, When
from schema.views import AuditDemand, View

__all__ = ["MEASURES", "RETENTION", "measures_of"]

MEASURES = (
    "Whether a field of a person is shown is decided before its source is asked for it; what is withheld is not read.",
    "What a view does not list does not exist in it; a published version never changes.",
    "Only registered consumers are let in, each to the views that it is registered for.",
)
"""What holds for every view."""

RETENTION = (
    "The gateway keeps no copies: every value is read from the system that owns it when it is asked for. It keeps the "
    "keys by which those systems know a person and, where it keeps audit, records of who was shown which fields; "
    "neither holds a value in the clear."
)
"""How long the gateway itself keeps what every view shows."""


def measures_of(view: View) -> Iterator[str]:
    """Yield the measures of one view, beyond those that hold for all."""
    yield from _subjects(view)
    yield from _levels(view)
    yield from _masks(view)
    yield from _gates(view)
    yield from _situations(view)
    yield from _glass(view)
    yield f"One request reaches {_counted(view)} at most."
    if view.audit is AuditDemand.REQUIRED:
        yield "Nothing is answered that was not recorded first."
    else:
        yield "Where the gateway keeps audit, nothing is answered that was not recorded first."


def _subjects(view: View) -> Iterator[str]:
    if view.subject.bound:
        yield "Nobody is shown but the person of whom it was asserted that they are the one who asks."
    if view.subject.relationship is not None:
        yield "Nobody is shown who has no open case; who is not shown cannot be told from who does not exist."


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
        yield f"Nothing but the id is shown without consent to {_about(view.consent)}."
    if view.objection is not None:
        yield f"Nothing but the id is shown of who has objected to {_about(view.objection)}."
    for name, rule in view.fields.items():
        if rule.consent is not None:
            yield f"Shown only with consent to {_about(rule.consent)}: {name}."
        if rule.objection is not None:
            yield f"Not shown of who has objected to {_about(rule.objection)}: {name}."
    waiting = [name for name, rule in view.fields.items() if rule.relationship is not None]
    if waiting:
        yield f"Shown only while the person has an open case: {', '.join(waiting)}."


def _situations(view: View) -> Iterator[str]:
    if told := _situation(view.situation):
        yield f"Asked only in these situations: {told}."
    for name, rule in view.fields.items():
        if rule.when is not None:
            yield f"Shown only in these situations: {_situation(rule.when)}: {name}."


def _situation(when: When) -> str:
    parts = (("channel", when.channels), ("journey", when.journeys), ("objective", when.objectives))
    return "; ".join(f"{name} {' or '.join(words)}" for name, words in parts if words)


def _glass(view: View) -> Iterator[str]:
    glass = view.break_glass
    if glass is not None:
        opened = ", ".join(name for name, rule in view.fields.items() if rule.break_glass)
        yield f"Shown in emergencies only: {opened}."
        why = f"by {' or '.join(glass.roles)}, for {' or '.join(glass.reasons)}, for {glass.minutes} minutes"
        yield f"Opened {why}; the privacy officer is alerted and reviews it within {glass.review_hours} hours."


def _names(held: Mapping[str, FieldRule], note: Callable[[FieldRule], str]) -> str:
    told = ((name, note(rule)) for name, rule in held.items())
    return ", ".join(f"{name} ({text})" if text else name for name, text in told)


def _about(consent: ConsentRule) -> str:
    return consent.purpose + (f" by {consent.channel}" if consent.channel is not None else "")


def _counted(view: View) -> str:
    most = 1 if view.subject.mode is not None else view.limits.customers
    return "one person" if most == 1 else f"{most} persons"
