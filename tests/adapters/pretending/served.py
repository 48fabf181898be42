"""A view of everything in the tiny model of vessels, answered by the engine from made-up data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.pretending import PretendingCrossReference, Wishing, pretending_adapters
from resolvers import Engine, Request
from schema.caller import Caller
from schema.deadline import Deadline
from schema.model import Model
from schema.situation import NO_SITUATION, Situation
from schema.views import View
from tests.resolvers.vessels import MODEL, view

LIMITS = {"customers": 50, "deadline_ms": 3000, "calls": 100, "tokens": 4000}
WHOLE = view(limits=LIMITS)


class Served:
    """Asks the engine as a consumer does."""

    def __init__(self, *always: str, nulls: float = 0.0, view: View = WHOLE, model: Model = MODEL) -> None:
        self.view = view
        wishing = Wishing(view, model, always)
        self.adapters = pretending_adapters(view, model, wishing, nulls=nulls)
        self.engine = Engine(model, self.adapters, PretendingCrossReference(self.adapters[0].source, wishing))

    async def ask(
        self, query: str, *, seconds: float = 3.0, situation: Situation = NO_SITUATION, **variables: Any
    ) -> dict[str, Any]:
        request = Request(query, None, variables, situation=situation)
        return await self.engine.answer(self.view, request, Caller("x", frozenset()), Deadline.after(seconds))

    async def vessel(self, fields: str, key: str = "ada", **more: Any) -> dict[str, Any]:
        """Return the whole response about one vessel."""
        query = f"query ($by: VesselBy!) {{ vessel(by: $by) {{ {fields} }} }}"
        return await self.ask(query, by={"id": key}, **more)


def codes(response: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each code of a response, and where it stands."""
    extensions = response.get("extensions", {})
    told = [("errors", error["extensions"]["code"]) for error in response.get("errors", ())]
    for place in ("withheld", "absent"):
        told += [(place, entry["code"]) for entry in extensions.get(place, ())]
    return told
