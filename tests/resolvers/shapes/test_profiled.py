"""There is a function for each profile that is usual, which knows its verdicts; all others go to the second one."""

from __future__ import annotations

import pytest

from resolvers.policy import PlanRules, Rules
from resolvers.shapes import compile_shape
from schema.situation import NO_SITUATION
from schema.verification import Level
from schema.view_schema import cut_schema
from schema.views import View
from tests.resolvers.harbour import known
from tests.resolvers.planned import plan
from tests.resolvers.shapes.ways import Ways
from tests.resolvers.verified import asked, asserted, ruled
from tests.resolvers.vessels import ARGUMENTS, FIELDS, MODEL

FIELDS_ASKED = "name callSign draught flag { code state } owners { name }"
ALL = f'{{ vessels(by: [{{id: "v1"}}, {{id: "v2"}}, {{id: "v3"}}]) {{ {FIELDS_ASKED} }} }}'
LEVELS = ruled(
    {
        "Vessel.name": {"min": "V1", "below": "initials", "mask": "last4"},
        "Vessel.draught": {"min": "V2"},
        "Flag.state": {"min": "V3"},
        "Owner.name": {"min": "V2", "below": "all"},
    }
)


@pytest.mark.parametrize("level", Level)
async def test_customers_who_are_alike_are_the_first_functions(ways: Ways, level: Level) -> None:
    """At any level, with what is withheld and masked there; the second has nothing to do."""
    await asked().ask(ALL, LEVELS, *(asserted(name, level) for name in ("v1", "v2", "v3")))
    assert ways.told == (0, 0, 0)


async def test_who_is_verified_otherwise_is_the_second_functions(ways: Ways) -> None:
    """Masks that hold of most customers are not told of one who is shown the whole value."""
    answer = await asked().ask(ALL, LEVELS, asserted("v2", Level.V3))
    assert (*ways.told, ways.alone) == (0, 0, 1, 0)
    assert [one["name"] for one in answer["data"]["vessels"]] == ["A.", "••••", "C."]
    masked = {
        (one["coordinate"], one.get("stepUp", {}).get("current")): one["paths"]
        for one in answer["extensions"]["masked"]
    }
    assert masked[("Vessel.name", "V0")] == [["vessels", 0, "name"], ["vessels", 2, "name"]]
    assert masked[("Vessel.name", None)] == [["vessels", 1, "name"]]


async def test_a_restricted_customer_alone_is_the_second_functions(ways: Ways) -> None:
    """No code is written for what a restriction of single customers leaves."""
    answer = await asked(known(1, "Vessel.name")).ask('{ vessel(by: {id: "v1"}) { name callSign } }', LEVELS)
    assert answer["data"] == {"vessel": {"name": None, "callSign": "Anna-1"}}
    assert (*ways.told, ways.alone) == (0, 0, 1, 0)


def compiled(view: View, text: str = ALL) -> tuple[PlanRules, str]:
    """The rules on a plan, and the code of its shape for the profiles that are expected."""
    made = plan(text)
    rules = PlanRules(Rules(view, "Vessel.id"), made.coordinates)
    shape = compile_shape(cut_schema(MODEL, (*FIELDS, *ARGUMENTS), ("id", "registry", "sonar")).schema, made, rules)
    assert shape is not None
    for profile in rules.expected:
        shape.compile(profile)
    return rules, shape.code


def test_a_function_is_compiled_for_each_profile_that_is_expected() -> None:
    """Of each level one, and the second: all that a prepared document needs."""
    rules, code = compiled(LEVELS)
    assert rules.variety == len(rules.expected) == len(Level)
    assert code.count("(found, making, anew)") == len(Level)
    assert code.count("(making):") == 1
    plain, code = compiled(ruled({}))
    assert (plain.variety, code.count("(found, making, anew)")) == (1, 1)


def test_what_is_withheld_of_a_profile_is_not_in_its_code() -> None:
    """Neither the step nor the field is read: the verdict is a constant."""
    view, text = ruled({"Vessel.draught": {"min": "V2"}}), '{ vessel(by: {id: "v1"}) { callSign draught } }'
    rules, code = compiled(view, text)
    assert rules.levels(NO_SITUATION)[Level.V0].withheld
    _, shut = code.split("def shape_")[1:3]
    assert "in_full(1)" not in shut
    assert "withhold(" in shut
