"""What is decided of each coordinate before any customer is known: at each level, and which gates are waited for.

It is told by the same profiles by which requests are answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resolvers.policy import PlanRules, Profile, Transform
from schema.reasons import Reason
from schema.verification import Level
from schema.withheld import Withheld

__all__ = ["tell_verdicts"]


def tell_verdicts(rules: PlanRules, assumed: Profile, levels: Mapping[Level, Profile]) -> list[dict[str, Any]]:
    """Return an entry for each coordinate: its `effect` on a customer of the assumed profile, `allow`, `transform`,
    `withhold` or `waits-for-gate`, with code and remedy, mask, what opens it, and the gates; and under `levels` the
    same for the profile of each level, where they differ."""
    return [{"coordinate": one, **_effect(one, assumed), **_by_level(one, levels)} for one in sorted(rules.coordinates)]


def _by_level(coordinate: str, levels: Mapping[Level, Profile]) -> dict[str, Any]:
    effects = {str(level): _effect(coordinate, profile) for level, profile in levels.items()}
    first, *others = effects.values()
    return {} if all(one == first for one in others) else {"levels": effects}


def _effect(coordinate: str, profile: Profile) -> dict[str, Any]:
    verdict, transform = profile.withheld.get(coordinate), profile.transforms.get(coordinate)
    if verdict is not None:
        return {"effect": "withhold", **_why(verdict)}
    gates = sorted(str(gate) for gate, waiting in profile.waiting.items() if coordinate in waiting)
    shown = {} if transform is None else {"mask": str(transform.mask), **_unmasking(transform)}
    if gates:
        return {"effect": "waits-for-gate", **shown, "gates": gates}
    return {"effect": "transform" if shown else "allow", **shown}


def _why(verdict: Withheld) -> dict[str, Any]:
    told: dict[str, Any] = {"code": str(verdict.reason), "remedy": verdict.reason.remedy}
    if verdict.also:
        told["also"] = [str(reason) for reason in verdict.also]
    return told if verdict.step_up is None else {**told, "stepUp": verdict.step_up.told()}


def _unmasking(transform: Transform) -> dict[str, Any]:
    if transform.step_up is None:
        return {}
    return {"remedy": Reason.VERIFICATION_REQUIRED.remedy, "stepUp": transform.step_up.told()}
