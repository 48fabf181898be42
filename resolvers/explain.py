"""A plan told to people and programs, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from adapters.crossref import LinkedKey, Subject
from resolvers.assuming import NOTHING_ASSUMED, Assumed
from resolvers.calls import Arguments, calls_of_gates, calls_of_steps
from resolvers.explained_steps import StepTelling
from resolvers.gates import Gate
from resolvers.hold_ups import hold_ups
from resolvers.plan import Plan
from resolvers.policy import PlanRules, Profile, Verdicts, roots_of
from resolvers.steps import GateStep
from resolvers.supposing import Supposing
from resolvers.told_verdicts import tell_verdicts
from resolvers.weighing import weigh
from schema.situation import NO_SITUATION, Situation

__all__ = ["Explaining"]


@dataclass(frozen=True)
class Explaining:
    """A plan, and what is assumed of the customers for whom it is told: so many by root field, all alike, and known to
    every source by one key. `situation` is in what situation it is asked, None: in all at once.

    Restrictions and several keys of one customer are known only when a request runs: they can split a step's calls.
    """

    plan: Plan
    customers: Mapping[str, int]
    arguments: Arguments
    rules: PlanRules
    assumed: Assumed = NOTHING_ASSUMED
    situation: Situation | None = NO_SITUATION

    def told(self) -> dict[str, Any]:
        """Return the gates and the steps that are asked, with their calls, those that are not, and the verdicts."""
        gates, steps = self._gates(), self._steps()
        decided = self._supposing.decided.withheld
        return {
            "assumed": self.assumed.told(),
            "anySituation": self.situation is None and self.rules.has_when,
            "customers": sum(self.customers.values()),
            "depth": max((step["depth"] for step in steps), default=0),
            "calls": sum(one["calls"] for one in (*gates, *steps)),
            "weightShown": sum(self.weights(frozenset(decided)).values()),
            "gates": gates,
            "steps": steps,
            "notAsked": [
                self._telling.not_asked(step) for step in self.plan.distinct if not self._telling.is_asked(step)
            ],
            "sources": _by_source([*gates, *steps]),
            "verdicts": [
                self._marked(one) for one in tell_verdicts(self.rules, self._supposing.decided, self._supposing.levels)
            ],
        }

    def weights(self, hidden: frozenset[str] = frozenset()) -> Mapping[str, int]:
        """Return how many values the answer can come to, by the list in which they stand, without what is hidden."""
        return weigh(self.plan, self.customers, self.arguments, hidden)

    @cached_property
    def _supposing(self) -> Supposing:
        return Supposing(self.plan, self.rules, self.assumed, self.situation)

    def _marked(self, verdict: dict[str, Any]) -> dict[str, Any]:
        """Return a verdict with a word that all that leads to its coordinate is withheld, where that is so, and one
        that the coordinate is not shown where an order or a filter alone tells of it."""
        if verdict["coordinate"] in self.plan.told:
            verdict = {**verdict, "onlyTold": True}
        if verdict["effect"] == "withhold" or verdict["coordinate"] in self._reached:
            return verdict
        return {**verdict, "isReached": False}

    @cached_property
    def _reached(self) -> frozenset[str]:
        hidden = self._supposing.decided.hidden
        fields = [field for root in self.plan.roots for field in root.position.fields.values()]
        return frozenset[str]().union(*(need for field in fields for need in field.needs if not need & hidden))

    # What is asked

    @cached_property
    def _subjects(self) -> Mapping[str, Sequence[Subject]]:
        of_steps = {keyspace for step in self.plan.steps for keyspace in step.keyspaces}
        keyspaces = of_steps | {step.source for step in self.plan.gates}
        keys = {keyspace: (LinkedKey("", ""),) for keyspace in keyspaces}
        return {
            root: [Subject(f"{root} {number}", False, keys) for number in range(customers)]
            for root, customers in self.customers.items()
        }

    def _verdicts(self, profile: Profile) -> Verdicts:
        found = self._subjects
        everybody = [subject for of_root in found.values() for subject in of_root]
        return Verdicts(
            self.rules, profile, {}, everybody, roots_of(found) if len(found) > 1 else None, self.plan.asked_by
        )

    @cached_property
    def _gate_steps(self) -> Sequence[tuple[GateStep, int]]:
        """Return the steps that ask gates, with their calls: where nobody is shown, those alone that decide so."""
        asked = self._supposing.asked_gates
        steps = [replace(step, gates=step.gates & asked) for step in self.plan.gates]
        calls = calls_of_gates(self.plan, self._verdicts(self._supposing.waiting))
        found = [(step, most) for step, most in zip(steps, calls, strict=True) if step.gates]
        return sorted(found, key=lambda one: one[0].gates.isdisjoint(self._supposing.of_subject))

    @cached_property
    def _telling(self) -> StepTelling:
        asked = frozenset[Gate]().union(*(step.gates for step, _ in self._gate_steps))
        optional = hold_ups(self.plan, self.rules.rules.view.sources)
        decided = self._supposing.decided.withheld
        return StepTelling(self.plan, self._supposing.asking, decided, asked, self.arguments, optional)

    def _gates(self) -> list[dict[str, Any]]:
        return [self._telling.gate(step, calls) for step, calls in self._gate_steps]

    def _steps(self) -> list[dict[str, Any]]:
        everybody = [subject for of_root in self._subjects.values() for subject in of_root]
        calls = calls_of_steps(self.plan, everybody, self._verdicts(self._supposing.asking), self.arguments)
        return [
            self._telling.step(step, most)
            for step, most in zip(self.plan.distinct, calls, strict=True)
            if self._telling.is_asked(step)
        ]


def _by_source(steps: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    sources: dict[str, dict[str, int]] = {}
    for step in steps:
        told = sources.setdefault(step["source"], {"calls": 0, "fields": 0})
        told["calls"] += step["calls"]
        told["fields"] += len(step["fields"])
    return sources
