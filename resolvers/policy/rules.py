"""The rules of a view, compiled from its file once: what has to hold for each coordinate to be shown, and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from resolvers.gates import Gate, GateKind, relationship_gate
from schema.masks import Mask
from schema.reasons import Reason
from schema.situation import NO_SITUATION, Situation, faults
from schema.verification import METHODS, Assertion, Factor, Level, StepUp, supported
from schema.view_rules import ConsentRule, FieldRule, Verification, When
from schema.views import View

__all__ = ["Required", "Rule", "Rules", "Transform", "Transforms"]

_NO_METHODS = Verification.model_construct(methods=())
"""How customers are verified for a view that does not say it: `check` refuses levels in such a one."""


@dataclass(frozen=True, slots=True)
class Transform:
    """The verdict that a value is shown in another form than its own: masked so, for this reason, which is
    VALUE_MASKED, or VERIFICATION_EXPIRED where it would be shown whole but for that.

    `step_up` says what shows it whole, where better verification does.
    """

    mask: Mask
    reason: Reason = Reason.VALUE_MASKED
    step_up: StepUp | None = None


Transforms = Mapping[str, Transform]
"""Transforms by coordinate; what is not in it is shown whole."""


@dataclass(frozen=True, slots=True)
class Required:
    """How well a customer has to be verified: the level, and how many seconds ago at most."""

    level: Level
    max_age: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What has to hold for one coordinate to be shown, and how it is shown then; `below` is how it is shown to whom
    everything holds but the level. None and the like where the view says nothing."""

    shown: Transform | None = None
    required: Required | None = None
    below: Mask | None = None
    when: When | None = None
    needs_glass: bool = False
    gates: frozenset[Gate] = frozenset()

    def is_for(self, situation: Situation) -> bool:
        """Return whether the coordinate is shown in the situation."""
        when = self.when
        return when is None or all(
            not words or told in words
            for words, told in (
                (when.channels, situation.channel),
                (when.journeys, situation.journey),
                (when.objectives, situation.objective),
            )
        )


class Rules:
    """The rules of one view; `canonical` is the coordinate of the customer's id, on which no rule stands.

    `of_subject` are the gates without which nothing at all is shown of a customer: everything waits for them.

    """

    def __init__(self, view: View, canonical: str) -> None:
        self.view, self.canonical = view, canonical
        self.verification = view.verification or _NO_METHODS
        self.of_subject = _related(view.subject.relationship)
        self.gates = self.of_subject | _gates(view.consent, view.objection)
        self.default, self._of_canonical = Rule(gates=self.gates), Rule(gates=self.of_subject)
        self._rules: Mapping[str, Rule] = MappingProxyType(
            {name: self._compiled(rule) for name, rule in view.fields.items() if name != canonical}
        )

    def of(self, coordinate: str) -> Rule:
        """Return the rule of a coordinate."""
        if coordinate == self.canonical:
            return self._of_canonical
        return self._rules.get(coordinate, self.default)

    def gates_of(self, coordinate: str) -> frozenset[Gate]:
        """Return the gates that a coordinate waits for."""
        return self.of(coordinate).gates

    @property
    def is_of_verified(self) -> bool:
        """Return whether it matters how well customers are verified."""
        return self.view.verification is not None or self.view.subject.bound

    @cached_property
    def takes_no_situation(self) -> bool:
        """Return whether the view is fine with nothing being told of the situation."""
        return not faults(self.view.situation, NO_SITUATION)

    @cached_property
    def needs_evidence(self) -> bool:
        """Return whether anything is decided by what a request brings along beside its look-ups."""
        of_fields = any(rule.required or rule.when or rule.needs_glass for rule in self._rules.values())
        return of_fields or self.is_of_verified

    @property
    def has_gates(self) -> bool:
        """Return whether anything waits for a gate."""
        return bool(self.gates) or any(rule.gates for rule in self._rules.values())

    @property
    def lowest(self) -> Required:
        """Return how well a customer has to be verified for anything to be shown in a bound view."""
        levels = [rule.required.level for rule in self._rules.values() if rule.required is not None]
        return Required(min(levels, default=Level.V1), self.verification.max_age)

    def counted(self, one: Assertion) -> Assertion:
        """Return an assertion with the level that counts in the view: as far as the methods support it that it names.

        What was proven by another method, such as questions where the view takes a code alone, is a claim to it; so is
        that somebody acts for the customer, whose authority nothing proves here.
        """
        if one.acting_for is not None:
            return replace(one, level=min(one.level, Level.V1))
        methods = [method for method in one.methods if method in self.verification.methods]
        return one if len(methods) == len(one.methods) else replace(one, level=min(one.level, supported(methods)))

    def step_up(self, required: Required, current: Level, used: Collection[Factor] = ()) -> StepUp:
        """Return what a customer of this level lacks of what is required, who was verified by these factors.

        Its methods are those that remain: of a kind that was not used yet. V1 is a claim alone, which takes none.
        """
        if required.level <= Level.V1:
            return StepUp(required.level, current, (), required.max_age)
        methods = tuple(one for one in self.verification.methods if METHODS.get(one) not in used)
        return StepUp(required.level, current, methods or self.verification.methods, required.max_age)

    def _compiled(self, rule: FieldRule) -> Rule:
        shown = Transform(rule.mask) if rule.mask is not None else None
        gates = self.gates | _gates(rule.consent, rule.objection) | _related(rule.relationship)
        return Rule(shown, self._required(rule), rule.below, rule.when, rule.break_glass, gates)

    def _required(self, rule: FieldRule) -> Required | None:
        if rule.min is Level.V0:
            return None
        oldest = self.verification.max_age
        return Required(rule.min, oldest if rule.max_age is None else min(rule.max_age, oldest))


def _related(relationship: str | None) -> frozenset[Gate]:
    return frozenset() if relationship is None else frozenset({relationship_gate(relationship)})


def _gates(consent: ConsentRule | None, objection: ConsentRule | None) -> frozenset[Gate]:
    asked = ((GateKind.CONSENT, consent), (GateKind.OBJECTION, objection))
    return frozenset(Gate(kind, about.purpose, about.channel) for kind, about in asked if about is not None)
