"""Verdicts are decided once for all customers who are alike, and only become narrower."""

from __future__ import annotations

import pytest

from resolvers.gates import Gate, GateKind
from resolvers.plan import Plan
from resolvers.policy import Evidence, PlanRules, Rules, Verdicts, decide
from schema.reasons import Reason
from schema.verification import Level
from schema.withheld import Withheld
from tests.resolvers.answered import rules_of
from tests.resolvers.harbour import known
from tests.resolvers.planned import vessel
from tests.resolvers.verified import NOW, asserted, ruled

PLAN = vessel("name callSign draught")
LEVELS = ruled({"Vessel.name": {"min": "V1", "below": "initials"}, "Vessel.draught": {"min": "V2"}})
CONSENT = {"purpose": "DirectMarketing", "channel": "email"}
ASKED = Gate(GateKind.CONSENT, "DirectMarketing", "email")
CASE = Gate(GateKind.CASE)
GATED = ruled(
    {"Vessel.name": {"consent": CONSENT}, "Vessel.draught": {"consent": CONSENT, "relationship": "open-case"}}
)
WITHDRAWN = Withheld(Reason.CONSENT_WITHDRAWN)


def evidence(**levels: Level) -> Evidence:
    """What is asserted of each customer."""
    return Evidence(NOW, assertions={name: [asserted(name, level)] for name, level in levels.items()})


def decided(rules: PlanRules, made: Plan = PLAN, of: int = 3, **levels: Level) -> Verdicts:
    return decide(made, {"vessel": [known(number + 1) for number in range(of)]}, rules, evidence(**levels))


def test_customers_who_are_alike_share_one_profile() -> None:
    """Also those of two levels that differ in nothing that was asked."""
    verdicts = decided(rules_of(PLAN, LEVELS), v1=Level.V2, v2=Level.V3)
    one, two, three = (verdicts.profile(known(number)) for number in (1, 2, 3))
    assert one is two
    assert one is not three
    assert verdicts.usual is one
    assert verdicts.others == {"v3": three}


def test_a_plan_without_rules_has_one_plain_profile() -> None:
    """Whatever is asserted; nothing is kept of single customers."""
    rules = rules_of(vessel("callSign"), LEVELS)
    verdicts = decided(rules, vessel("callSign"), v1=Level.V2)
    assert verdicts.is_plain
    assert verdicts.usual is rules.plain is rules.fullest
    assert not verdicts.is_changing


def test_profiles_are_kept_within_bounds() -> None:
    """Of a plan, whatever restrictions customers have; one that was made anew is equal in what it decides."""
    made = vessel(
        "name callSign draught kind log { line } flag { code state } size { length beam } heardUnder { code }"
    )
    rules = rules_of(made, LEVELS)
    names = sorted(made.coordinates)
    seen = [
        rules.profile(rules.plain.standing._replace(restricted=frozenset({one, other})))
        for one in names
        for other in names
    ]
    assert len(rules._profiles) <= 64
    assert len(seen) > 64
    again = rules.profile(seen[0].standing)
    assert (again.withheld, again.transforms) == (seen[0].withheld, seen[0].transforms)


def test_what_waits_for_a_gate_is_not_asked_and_counts_as_possible() -> None:
    """Until it is settled; then it is asked, or withheld for the gate's reason."""
    verdicts, (registry, sonar) = decided(rules_of(PLAN, GATED)), PLAN.steps
    one, two, three = map(known, (1, 2, 3))
    assert verdicts.is_changing
    assert [each.customer_id for each in verdicts.waiting_for(ASKED)] == ["v1", "v2", "v3"]
    assert (verdicts.fields(registry, one), verdicts.fields(sonar, one)) == (("call_sign",), None)
    assert (verdicts.possible(registry, one), verdicts.possible(sonar, one)) == (("call_sign", "name"), ("draught",))
    verdicts.settle(ASKED, one, None)
    verdicts.settle(ASKED, two, WITHDRAWN)
    assert verdicts.fields(registry, one) == ("call_sign", "name")
    assert verdicts.fields(sonar, one) is None
    verdicts.settle(CASE, one, None)
    assert verdicts.fields(sonar, one) == ("draught",)
    assert verdicts.of(two) == {"Vessel.name": WITHDRAWN, "Vessel.draught": WITHDRAWN}
    assert [each.customer_id for each in verdicts.waiting_for(CASE)] == ["v3"]
    assert verdicts.of(three) == {}


def test_a_gate_narrows_and_never_opens_what_it_shut() -> None:
    """What was allowed may be withheld later on."""
    verdicts, one = decided(rules_of(PLAN, GATED)), known(1)
    verdicts.settle(ASKED, one, None)
    verdicts.settle(ASKED, one, WITHDRAWN)
    assert verdicts.of(one)["Vessel.name"] == WITHDRAWN
    verdicts.settle(ASKED, one, None)
    assert verdicts.of(one)["Vessel.name"] == WITHDRAWN


@pytest.mark.parametrize("order", [(ASKED, CASE), (CASE, ASKED)])
def test_the_first_gate_is_told_whichever_answered_first(order: tuple[Gate, Gate]) -> None:
    """The relationship before consent; the other one is recorded."""
    verdicts, one = decided(rules_of(PLAN, GATED)), known(1)
    outcomes = {ASKED: WITHDRAWN, CASE: Withheld(Reason.RELATIONSHIP_REQUIRED)}
    for gate in order:
        verdicts.settle(gate, one, outcomes[gate])
    found = verdicts.of(one)["Vessel.draught"]
    assert (found.reason, found.also) == (Reason.RELATIONSHIP_REQUIRED, (Reason.CONSENT_WITHDRAWN,))


def test_what_no_gate_has_answered_stays_shut() -> None:
    """Consent is unknown then; what else could not be asked is unavailable."""
    verdicts, one = decided(rules_of(PLAN, GATED)), known(1)
    verdicts.close()
    assert {name: verdict.reason for name, verdict in verdicts.of(one).items()} == {
        "Vessel.name": Reason.CONSENT_UNKNOWN,
        "Vessel.draught": Reason.POLICY_UNAVAILABLE,
    }
    assert verdicts.others == {}


def test_what_an_earlier_moment_withholds_waits_for_no_gate() -> None:
    """The gate is not asked for it."""
    through = ruled({"Vessel.draught": {"consent": CONSENT, "min": "V2"}})
    verdicts = decided(rules_of(PLAN, through), v1=Level.V2)
    assert [each.customer_id for each in verdicts.waiting_for(ASKED)] == ["v1"]


def test_a_decision_point_narrows_only() -> None:
    """What is withheld already keeps its reason; it is not asked of that."""
    verdicts, one = decided(rules_of(PLAN, LEVELS), v1=Level.V1), known(1)
    verdicts.narrow(one, {name: Withheld(Reason.POLICY_UNAVAILABLE) for name in ("Vessel.callSign", "Vessel.draught")})
    found = {name: verdict.reason for name, verdict in verdicts.of(one).items()}
    assert found == {
        "Vessel.callSign": Reason.POLICY_UNAVAILABLE,
        "Vessel.draught": Reason.VERIFICATION_REQUIRED,
    }
    assert verdicts.of(known(2)).keys() == {"Vessel.draught"}


def test_the_gates_of_a_view_stand_on_everything_but_the_id() -> None:
    """And those of a coordinate beside them."""
    rules = Rules(ruled({"Vessel.name": {"relationship": "open-case"}}, consent=CONSENT), "Vessel.id")
    assert rules.gates_of("Vessel.id") == frozenset()
    assert rules.gates_of("Flag.code") == {ASKED}
    assert rules.gates_of("Vessel.name") == {ASKED, CASE}
    assert rules.has_gates


def test_an_age_of_a_coordinate_is_never_wider_than_the_views() -> None:
    """The narrower one holds."""
    rules = Rules(ruled({"Vessel.name": {"min": "V2", "max_age": 86_400}}), "Vessel.id")
    required = rules.of("Vessel.name").required
    assert required is not None
    assert required.max_age == 1800
