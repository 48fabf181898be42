"""There is a function for each profile that is usual, which knows its verdicts; all others go to the second one."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from resolvers.plan import Plan, Root
from resolvers.policy import PlanRules, Profile, Rules, Standing
from resolvers.shapes import compile_shape, shaping
from resolvers.shapes.writing import Code
from resolvers.shapes.writing_customers import write_first
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


class Counted:
    """How often a first function was written, by the standing that it is for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written: Counter[Standing] = Counter()

        def counted(code: Code, made: Plan, root: Root, profile: Profile) -> str:
            self.written[profile.standing] += 1
            return write_first(code, made, root, profile)

        monkeypatch.setattr(shaping, "write_first", counted)


def test_functions_make_room_for_others_but_the_fullest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were used longest ago go; one that is used again and again stays, and so does that of whom all may be
    shown."""
    counted, made = Counted(monkeypatch), plan(ALL)
    rules = PlanRules(Rules(LEVELS, "Vessel.id"), made.coordinates)
    shape = compile_shape(cut_schema(MODEL, (*FIELDS, *ARGUMENTS), ("id", "registry", "sonar")).schema, made, rules)
    assert shape is not None
    nobody = rules.nobody().standing
    others = [
        rules.profile(nobody._replace(closed=frozenset(closed)))
        for size in (1, 2)
        for closed in combinations(("a", "b", "c", "d", "e", "f"), size)
    ]
    assert len(others) > 16
    usual, *rest = others
    for other in rest * 2:
        for profile in (usual, rules.fullest, other):
            shape.compile(profile)
    assert counted.written[rules.fullest.standing] == 1
    assert counted.written[usual.standing] == 1
    assert all(counted.written[one.standing] == 2 for one in rest)
    assert shape.code.count("(found, making, anew)") == 1 + 16


async def test_nothing_is_made_again_for_steps_that_turn_out_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither code nor profiles: they are kept with the plan, by which of its steps are one."""
    counted, asking = Counted(monkeypatch), asked()
    made = Counter[Standing]()
    profile = PlanRules._made

    def counting(self: PlanRules, standing: Standing) -> Profile:
        made[standing] += 1
        return profile(self, standing)

    fields = "a: portCalls(since: $a) { on } b: portCalls(since: $b) { on } name draught"
    query = f"query ($by: VesselBy!, $a: Date, $b: Date) {{ vessel(by: $by) {{ {fields} }} }}"
    asking.h.engine.prepare(LEVELS, query)
    monkeypatch.setattr(PlanRules, "_made", counting)
    counted.written.clear()
    for day in range(1, 9):
        for other in (day, day + 1):
            given = {"by": {"id": "v1"}, "a": f"2026-01-0{day}", "b": f"2026-01-0{other}"}
            answer = await asking.ask(query, LEVELS, asserted("v1", Level.V2), variables=given)
            assert answer["data"]["vessel"]["draught"] == 301
    assert counted.written.total() == 0
    assert max(made.values()) == 1


def test_profiles_that_last_are_those_that_most_requests_are_of() -> None:
    """Whatever other standings come, that of nobody and the fullest stay the same objects."""
    made = plan(ALL)
    rules = PlanRules(Rules(LEVELS, "Vessel.id"), made.coordinates)
    plain, fullest = rules.plain, rules.fullest
    for number in range(200):
        rules.profile(plain.standing._replace(restricted=frozenset({f"{number}"})))
    assert rules.profile(plain.standing) is plain
    assert rules.profile(fullest.standing) is fullest is rules.fullest
