"""The rules of a view's single fields, in words: from which level, masked how, and what each waits for."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.register.record import Rule
from gateway.register.words import NEEDED, about, situation
from schema.verification import Level
from schema.view_rules import FieldRule
from schema.views import View

__all__ = ["rules_of"]


def rules_of(view: View) -> Iterator[Rule]:
    """Yield the rules of the fields that have any, in the view's order."""
    for name, rule in view.fields.items():
        told = Rule(name, _level(rule), "; ".join(_masks(rule)), "; ".join(_waits_for(rule)))
        if told.level or told.mask or told.waits_for:
            yield told


def _level(rule: FieldRule) -> str:
    level = "" if rule.min is Level.V0 else str(rule.min)
    return level if rule.max_age is None else f"{level}, within {rule.max_age} seconds".removeprefix(", ")


def _masks(rule: FieldRule) -> Iterator[str]:
    if rule.mask is not None:
        yield str(rule.mask)
    if rule.below is not None:
        yield f"{rule.below} below {rule.min}"


def _waits_for(rule: FieldRule) -> Iterator[str]:
    if rule.consent is not None:
        yield f"consent to {about(rule.consent)}"
    if rule.objection is not None:
        yield f"no objection to {about(rule.objection)}"
    if rule.relationship is not None:
        yield f"an {NEEDED[rule.relationship]}"
    if rule.when is not None:
        yield situation(rule.when)
    if rule.break_glass:
        yield "an emergency"
