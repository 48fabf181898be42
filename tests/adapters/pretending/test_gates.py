"""What the made-up source says of gates."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.gates import CASE, CONSENT, INTERACTION
from adapters.pretending import ACTIVE_INTERACTION
from adapters.pretending.offers import make_offers
from schema.situation import Situation
from tests.adapters.pretending.served import LIMITS, Served, codes
from tests.resolvers.vessels import MODEL, view

MARKETING = {"purpose": "DirectMarketing", "channel": "email"}
GATES: list[tuple[dict[str, Any], str]] = [
    ({"consent": MARKETING}, CONSENT),
    ({"objection": MARKETING}, CONSENT),
    ({"relationship": "open-case"}, CASE),
    ({"relationship": "active-interaction"}, INTERACTION),
]
ON_CALL = Situation(interaction=ACTIVE_INTERACTION)


@pytest.mark.parametrize(("rule", "serves"), GATES)
async def test_the_gates_that_a_view_asks_are_open_for_every_customer(rule: dict[str, Any], serves: str) -> None:
    """They are offers of their own, and no other gate is offered."""
    fields = {"Vessel.id": None, "Vessel.name": rule}
    gated = view(fields=fields, limits=LIMITS, situation={"interaction": "optional"})
    assert [offer.serves for offer in make_offers(gated, MODEL)] == ["Vessel", serves]
    for key in ("ada", "bob"):
        answer = await Served(view=gated).vessel("name", key, situation=ON_CALL)
        assert answer["data"]["vessel"]["name"]
        assert codes(answer) == []
