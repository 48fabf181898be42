"""A sandbox: a gateway over made-up data, and what is asked of it to begin with."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from adapters.pretending import ACTIVE_INTERACTION, OPEN_CASE
from gateway.demo.asking import Question
from gateway.gateway import Gateway
from schema.verification import Level
from schema.views import View

__all__ = ["EXAMPLE_ACTOR", "EXAMPLE_KEY", "TOKEN", "Sandbox", "situation_of"]

TOKEN = f"cv_{base64.urlsafe_b64encode(sha256(b'customer-view serve --sandbox').digest()).decode().rstrip('=')}"
"""The token of every sandbox: it lets into made-up data alone, and front ends keep it in their settings."""

EXAMPLE_KEY = "ada"
"""The key of the customer who is asked about to begin with."""

EXAMPLE_ACTOR = "e-4711"
"""The reference of the employee who asks."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A gateway over made-up data, not yet open, and the view that it serves.

    Every customer counts as verified at `level`. `example` is a query for all that the view lists, and `one_field` a
    coordinate at which something can be wished for, empty where there is none.
    """

    gateway: Gateway
    view: View
    consumer: str
    level: Level
    example: str = field(repr=False)
    one_field: str = ""

    def question(self, url: str) -> Question:
        """Return the example as a request to the sandbox at this URL."""
        return Question(url, self.consumer, self.view.name, self.example, {}, TOKEN, situation_of(self.view))


def situation_of(view: View) -> Mapping[str, str]:
    """Return a situation that the view takes: the first word of each list, the interaction if it takes one, for an
    assertion holds in that alone, and other references where they are required."""
    rule = view.situation
    words = (("channel", rule.channels), ("journey", rule.journeys), ("objective", rule.objectives))
    told = {name: listed[0] for name, listed in words if listed}
    named = (("case", rule.case == "required", OPEN_CASE), ("actor", rule.actor == "required", EXAMPLE_ACTOR))
    taken = (*named, ("interaction", rule.interaction is not None, ACTIVE_INTERACTION))
    return told | {name: reference for name, is_told, reference in taken if is_told}
