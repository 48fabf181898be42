"""What a request would ask is told before anything is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.records import source_fields
from resolvers import Assumed, NotServedError, RefusedError, Request
from resolvers.engine import Engine
from schema.caller import Caller
from schema.reasons import Reason
from schema.situation import NO_SITUATION, Situation
from schema.verification import Level
from tests.resolvers.gated import Port
from tests.resolvers.harbour import harbour
from tests.resolvers.verified import asked, asserted, ruled
from tests.resolvers.vessels import MODEL, view

QUERY = "query ($by: [VesselBy!]!) { vessels(by: $by) { name flag { code } heardUnder { state } draught } }"
THREE = {"by": [{"id": f"v{n}"} for n in (1, 2, 3)]}


def test_a_plan_is_told_step_by_step() -> None:
    """With depth, order, keys, fields in both languages, and calls; nothing is asked for it."""
    h = harbour()
    told = h.explain(QUERY, THREE)
    assert (h.calls, h.crossref.reads) == ({}, 0)
    assert told["steps"] == [
        {
            "number": 0,
            "source": "registry",
            "offer": "vessels",
            "serves": "Vessel",
            "depth": 1,
            "after": [],
            "gates": [],
            "gatesOfPart": [],
            "keysFrom": ["cross-reference: registry"],
            "fields": ["flag", "name"],
            "keys": ["flag"],
            "sourceFields": ["flag_code", "ship_name"],
            "withheld": [],
            "calls": 1,
            "keysPerCall": 50,
        },
        {
            "number": 1,
            "source": "states",
            "offer": "flags",
            "serves": "Flag",
            "depth": 2,
            "after": [0, 2],
            "gates": [],
            "gatesOfPart": [],
            "keysFrom": ["step 0, registry: flag", "step 2, sonar: heard_under"],
            "fields": ["code", "state"],
            "keys": [],
            "sourceFields": ["code", "state"],
            "withheld": [],
            "calls": 1,
            "keysPerCall": 50,
        },
        {
            "number": 2,
            "source": "sonar",
            "offer": "heard",
            "serves": "Vessel",
            "depth": 1,
            "after": [],
            "gates": [],
            "gatesOfPart": [],
            "keysFrom": ["cross-reference: sonar"],
            "fields": ["draught", "heard_under"],
            "keys": ["heard_under"],
            "sourceFields": ["draught", "heard_under"],
            "withheld": [],
            "calls": 2,
            "keysPerCall": 2,
        },
    ]


def test_a_plan_is_told_as_a_whole() -> None:
    """Sums by source, limits beside what is held against them, and the verdicts."""
    told = harbour().explain(QUERY, THREE)
    assert {name: told[name] for name in ("view", "purpose", "customers", "depth", "calls", "weight", "limits")} == {
        "view": "bridge@1",
        "purpose": "CustomerCare",
        "customers": 3,
        "depth": 2,
        "calls": 4,
        "weight": 19,
        "limits": view().limits.model_dump(),
    }
    assert told["sources"] == {
        "registry": {"calls": 1, "fields": 2},
        "states": {"calls": 1, "fields": 2},
        "sonar": {"calls": 2, "fields": 2},
    }
    coordinates = ["Flag.code", "Flag.state", "Vessel.draught", "Vessel.flag", "Vessel.heardUnder", "Vessel.name"]
    assert told["verdicts"] == [{"coordinate": one, "effect": "allow"} for one in coordinates]


def test_a_plan_without_steps_has_no_depth() -> None:
    """Nothing is asked of any source."""
    told = harbour().explain('{ vessel(by: {id: "v1"}) { id __typename } }')
    assert (told["depth"], told["calls"], told["steps"], told["sources"]) == (0, 0, [], {})


async def test_what_is_explained_is_what_is_sent() -> None:
    """Source, offer and fields of each call, and as many as were told."""
    h = harbour()
    told = h.explain(QUERY, THREE)
    await h.ask(QUERY, THREE)
    sent = sorted((batch.offer.name, list(batch.fields)) for batch in h.batches)
    assert sent == sorted((step["offer"], step["fields"]) for step in told["steps"])
    for batch in h.batches:
        (step,) = (one for one in told["steps"] if one["offer"] == batch.offer.name)
        assert list(source_fields(batch.offer.record, batch.fields)) == step["sourceFields"]


def test_what_would_be_refused_is_refused() -> None:
    """In the same words."""
    with pytest.raises(RefusedError, match="Cannot query field 'secret'"):
        harbour().engine.explain(view(), Request('{ vessel(by: {id: "v1"}) { secret } }'))


def test_a_field_that_nobody_serves_is_told() -> None:
    """The coordinate, and the path on which it is reached."""
    h = harbour()
    engine = Engine(MODEL, [h.registry, h.sonar], h.crossref)
    with pytest.raises(NotServedError, match=r"no adapter serves Flag\.code, reached by vessels\.flag\.code"):
        engine.explain(view(), Request(QUERY, variables=THREE))


RULED = ruled(
    {
        "Vessel.name": {"min": "V1", "below": "initials"},
        "Vessel.draught": {"min": "V2", "break_glass": True},
        "Vessel.callSign": {"when": {"channels": ["voice"]}},
        "Vessel.kind": {"consent": {"purpose": "DirectMarketing", "channel": "email"}},
    },
    situation={"channels": ["voice", "chat"]},
)
ASKED = Request('{ vessel(by: {id: "v1"}) { name draught callSign kind id } }', situation=Situation("voice"))


def effects(verdicts: list[dict[str, Any]], level: str | None = None) -> dict[str, tuple[str, str | None]]:
    """Effect and code of each coordinate, at a level or as assumed."""
    of = {one["coordinate"]: one["levels"][level] if level and "levels" in one else one for one in verdicts}
    return {name: (one["effect"], one.get("code")) for name, one in of.items()}


def test_the_verdicts_are_told_at_each_level() -> None:
    """Effect, code, remedy and what opens it; where levels make no difference none is told."""
    verdicts = Port().harbour.engine.explain(RULED, ASKED, assumed=Assumed(Level.V0))["verdicts"]
    assert effects(verdicts) == {
        "Vessel.callSign": ("allow", None),
        "Vessel.draught": ("withhold", "BREAK_GLASS_REASON_REQUIRED"),
        "Vessel.id": ("allow", None),
        "Vessel.kind": ("waits-for-gate", None),
        "Vessel.name": ("transform", None),
    }
    of = {one["coordinate"]: one for one in verdicts}
    assert of["Vessel.kind"]["gates"] == ["consent:DirectMarketing:email"]
    assert of["Vessel.draught"]["also"] == ["VERIFICATION_REQUIRED"]
    assert of["Vessel.draught"]["remedy"] == Reason.BREAK_GLASS_REASON_REQUIRED.remedy
    assert of["Vessel.name"]["mask"] == "initials"
    assert of["Vessel.name"]["stepUp"]["required"] == "V1"
    assert list(of["Vessel.name"]["levels"]) == ["V0", "V1", "V2", "V3"]
    assert effects(verdicts, "V2")["Vessel.name"] == ("allow", None)
    assert "levels" not in of["Vessel.callSign"]


def test_without_a_level_the_most_is_told() -> None:
    """Everybody verified as well as can be, the glass broken; what waits for a gate counts in the calls."""
    engine = Port().harbour.engine
    told = engine.explain(RULED, ASKED)
    assert set(effects(told["verdicts"]).values()) == {("allow", None), ("waits-for-gate", None)}
    assert told["assumed"] == {"level": None}
    assert (told["calls"], engine.explain(RULED, ASKED, assumed=Assumed(Level.V1))["calls"]) == (4, 3)


@pytest.mark.parametrize(("channel", "effect"), [("voice", "allow"), ("chat", "withhold"), (None, "allow")])
def test_a_situation_is_assumed_as_it_is_told(channel: str | None, effect: str) -> None:
    """Who asks for the operator need not tell one; then all is told that is shown in some situation."""
    situation = NO_SITUATION if channel is None else Situation(channel)
    told = harbour().engine.explain(RULED, replace(ASKED, situation=situation))
    assert effects(told["verdicts"])["Vessel.callSign"][0] == effect
    assert told["anySituation"] is (channel is None)
    if channel is None:
        with pytest.raises(RefusedError, match="SITUATION_NOT_ALLOWED"):
            harbour().engine.explain(RULED, replace(ASKED, situation=situation), Caller("bridge-desk"))


@pytest.mark.parametrize("level", Level)
async def test_what_is_explained_is_what_is_decided(level: Level) -> None:
    """By the same rules; the code that an answer tells is the one that was explained."""
    asking = asked()
    through = ruled({"Vessel.name": {"min": "V2"}, "Vessel.draught": {"min": "V3"}, "Flag.state": {"min": "V1"}})
    query = '{ vessel(by: {id: "v1"}) { name draught flag { state } callSign } }'
    told = asking.h.engine.explain(through, Request(query), assumed=Assumed(level))
    await asking.ask(query, through, asserted("v1", level))
    (disclosure,) = asking.memory.kept
    recorded = {name: effect.effect for name, effect in disclosure.customers[0].effects.items()}
    assert recorded == {one["coordinate"]: one["effect"] for one in told["verdicts"]}
    assert len(asking.h.batches) == told["calls"]
