"""A plan told to people and programs, before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.crossref import LinkedKey, Subject
from adapters.records import source_fields
from resolvers.arguments import Given
from resolvers.calls import Arguments, calls_of_gates, calls_of_steps
from resolvers.plan import FromLookUp, GateStep, KeysFrom, Plan, Step
from resolvers.policy import PlanRules, Profile, Verdicts, roots_of
from resolvers.told_verdicts import tell_verdicts
from schema.situation import NO_SITUATION, Situation
from schema.views import View

__all__ = ["explain_plan"]


def explain_plan(
    view: View,
    plan: Plan,
    customers: Mapping[str, int],
    arguments: Arguments,
    weight: int,
    rules: PlanRules,
    *,
    assumed: Profile,
    situation: Situation = NO_SITUATION,
) -> dict[str, Any]:
    """Return what the plan would do for that many customers by root field, each of the assumed profile, and known to
    every source by one key.

    Restrictions and several keys of one customer are known only when a request runs: they can split a step's calls.
    """
    found = {name: _known_everywhere(plan, name, number) for name, number in customers.items()}
    subjects = [subject for of_root in found.values() for subject in of_root]
    verdicts = Verdicts(rules, assumed, {}, subjects, roots_of(found) if len(found) > 1 else None, plan.asked_by)
    calls = calls_of_steps(plan, subjects, verdicts, arguments)
    gates = [_gate(step, most) for step, most in zip(plan.gates, calls_of_gates(plan, verdicts), strict=True)]
    steps = [
        _step(plan, step, arguments.get(step.number), most) for step, most in zip(plan.distinct, calls, strict=True)
    ]
    return {
        "view": view.id,
        "purpose": view.purpose.dpv,
        "customers": len(subjects),
        "depth": max((step.depth for step in plan.steps), default=0),
        "calls": sum(gate["calls"] for gate in gates) + sum(calls),
        "weight": weight,
        "limits": view.limits.model_dump(),
        "gates": gates,
        "steps": steps,
        "sources": _by_source([*gates, *steps]),
        "verdicts": tell_verdicts(rules, assumed, situation),
    }


def _known_everywhere(plan: Plan, root: str, customers: int) -> Sequence[Subject]:
    keyspaces = {keyspace for step in plan.steps for keyspace in step.keyspaces} | {one.source for one in plan.gates}
    keys = {keyspace: (LinkedKey("", ""),) for keyspace in keyspaces}
    return [Subject(f"{root} {number}", False, keys) for number in range(customers)]


def _gate(step: GateStep, calls: int) -> dict[str, Any]:
    return {
        "source": step.source,
        "offer": step.offer.name,
        "gates": sorted(map(str, step.gates)),
        "fields": list(step.fields),
        "calls": calls,
        "keysPerCall": step.offer.keys_a_call,
    }


def _step(plan: Plan, step: Step, given: Given | None, calls: int) -> dict[str, Any]:
    return {
        "number": step.number,
        "source": step.source,
        "offer": step.offer.name,
        "serves": step.offer.serves,
        "depth": step.depth,
        "after": sorted(step.after),
        "gates": sorted(map(str, step.gates)),
        "keysFrom": [_origin(plan, origin) for origin in step.keys_from],
        "fields": list(step.fields),
        "keys": sorted({wanted.path for wanted in step.wanted if wanted.is_key}),
        "sourceFields": list(source_fields(step.offer.record, step.fields)),
        "calls": calls,
        "keysPerCall": step.offer.keys_a_call,
        **(_pages(step, given.first if given else None) if step.offer.is_paged else {}),
    }


def _pages(step: Step, first: int | None) -> dict[str, Any]:
    """Return how much of each key's list is asked for at most (None: all of it), and in how many pages."""
    return {"first": first, "pagesPerKey": step.offer.pages(first)}


def _origin(plan: Plan, origin: KeysFrom) -> str:
    if isinstance(origin, FromLookUp):
        return f"cross-reference: {origin.keyspace}"
    return f"step {origin.step}, {plan.steps[origin.step].source}: {origin.path}"


def _by_source(steps: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    sources: dict[str, dict[str, int]] = {}
    for step in steps:
        told = sources.setdefault(step["source"], {"calls": 0, "fields": 0})
        told["calls"] += step["calls"]
        told["fields"] += len(step["fields"])
    return sources
