"""The steps of a plan as explain tells them: what of each is asked of customers who are all alike, and why the rest of
it is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.records import source_fields
from resolvers.arguments import Given
from resolvers.calls import Arguments, is_followed
from resolvers.gates import Gate
from resolvers.hold_ups import HoldUps
from resolvers.plan import Plan
from resolvers.policy import Profile
from resolvers.steps import Coordinates, FromField, FromLookUp, GateStep, KeysFrom, Step, Wanted

__all__ = ["StepTelling"]


@dataclass(frozen=True, slots=True)
class StepTelling:
    """Tells the steps of a plan for customers of one profile, of which the gates `asked` may open more.

    `withheld` is what is decided of the same customers, `hold_ups` which steps the answer can do without.
    """

    plan: Plan
    profile: Profile
    withheld: Mapping[str, Any]
    asked: frozenset[Gate]
    arguments: Arguments
    hold_ups: HoldUps

    def is_asked(self, step: Step) -> bool:
        """Return whether anything of a step may come to be asked."""
        return self.profile.possible(step) is not None

    def gate(self, step: GateStep, calls: int) -> dict[str, Any]:
        """Return what is told of a step that asks gates, with the steps that wait for them."""
        return {
            "source": step.source,
            "offer": step.offer.name,
            "gates": sorted(map(str, step.gates)),
            "waiting": [one.number for one in self.plan.distinct if step.gates & self._gates(one)],
            "fields": list(step.fields),
            "calls": calls,
            "keysPerCall": step.offer.keys_a_call,
        }

    def step(self, step: Step, calls: int) -> dict[str, Any]:
        """Return what is told of a step of which something is asked."""
        left = self.profile.possible(step)
        assert left is not None
        gates = self._gates(step) & self.asked
        origins = [origin for origin in step.keys_from if is_followed(self.plan, origin, self.profile)]
        return {
            "number": step.number,
            "source": step.source,
            "offer": step.offer.name,
            "serves": step.offer.serves,
            "depth": step.depth,
            "after": sorted({origin.step for origin in origins if isinstance(origin, FromField)}),
            "gates": sorted(map(str, step.gates & gates)),
            "gatesOfPart": sorted(map(str, gates - step.gates)),
            "keysFrom": [self._origin(origin) for origin in origins],
            "fields": list(left.fields),
            "keys": sorted({wanted.path for wanted in left.wanted if wanted.is_key}),
            "sourceFields": list(source_fields(step.offer.record, left.fields)),
            "withheld": self._why([one for one in step.wanted if one.path not in left.fields]),
            "calls": calls,
            "keysPerCall": step.offer.keys_a_call,
            **self._hold_up(step),
            **(_pages(step, self.arguments.get(step.number)) if step.offer.is_paged else {}),
        }

    def _hold_up(self, step: Step) -> dict[str, int]:
        """Return for how many milliseconds a step may hold up the answer, where that can do without it."""
        seconds = self.hold_ups.get(step.number)
        return {} if seconds is None else {"holdsUpMs": round(seconds * 1000)}

    def not_asked(self, step: Step) -> dict[str, Any]:
        """Return what is told of a step of which nothing is asked."""
        return {
            "number": step.number,
            "source": step.source,
            "offer": step.offer.name,
            "serves": step.offer.serves,
            "depth": step.depth,
            "withheld": self._why(step.wanted),
        }

    def _gates(self, step: Step) -> frozenset[Gate]:
        """Return what a step of which something is asked waits for, or some of it does."""
        left = self.profile.possible(step)
        return step.gates.union(*(one.gates for one in left.wanted)) if left is not None else frozenset()

    def _origin(self, origin: KeysFrom) -> str:
        if isinstance(origin, FromLookUp):
            return f"cross-reference: {origin.keyspace}"
        return f"step {origin.step}, {self.plan.steps[origin.step].source}: {origin.path}"

    def _why(self, lost: Iterable[Wanted]) -> list[dict[str, str]]:
        """Return which withheld coordinates stand in the way of what is not asked: those that are in the way of all of
        it, where there are any."""
        ways: Sequence[Coordinates] = [one.guards.intersection(self.withheld) for one in lost]
        if not ways:
            return []
        common = frozenset.intersection(*ways)
        found = sorted(common or frozenset().union(*ways))
        return [{"coordinate": one, "code": str(self.withheld[one].reason)} for one in found]


def _pages(step: Step, given: Given | None) -> dict[str, Any]:
    """Return how much of each key's list is asked for at most (None: all of it), and in how many pages."""
    first = given.first if given is not None else None
    return {"first": first, "pagesPerKey": step.offer.pages(first)}
