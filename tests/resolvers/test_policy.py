"""What may be shown is decided before anything is asked."""

from __future__ import annotations

import pytest

from adapters.crossref import EVERYTHING, Restriction, Subject
from resolvers import RefusalCode, RefusedError, choose_view
from resolvers.plan import Plan
from resolvers.policy import Verdicts, check_calls, check_customers, check_introspection, decide, is_shown
from resolvers.refusals import Excess
from schema.caller import Caller
from schema.reasons import Reason
from schema.withheld import Withheld
from tests.resolvers.answered import rules_of
from tests.resolvers.harbour import known
from tests.resolvers.planned import plan, vessel
from tests.resolvers.vessels import MODEL, view

VIEWS = [
    view(version=1),
    view(version=3, consumers=["other-desk"]),
    view(version=2),
    view(name="engine-room", consumers=["bridge-desk"]),
]


@pytest.mark.parametrize(
    ("registered", "name", "version", "wanted"),
    [
        ({"bridge"}, "bridge", None, "bridge@2"),
        ({"bridge"}, "bridge", 1, "bridge@1"),
        ({"bridge@1"}, "bridge", None, "bridge@1"),
        ({"bridge@1"}, "bridge", 2, None),
        ({"bridge"}, "bridge", 3, None),
        ({"bridge"}, "bridge", 9, None),
        ({"bridge"}, "engine-room", None, None),
        (set(), "bridge", None, None),
    ],
)
def test_a_caller_gets_the_newest_view_that_both_sides_name(
    registered: set[str], name: str, version: int | None, wanted: str | None
) -> None:
    """View and registration have to name each other; what is not there and what is not for you are alike."""
    chosen = choose_view(VIEWS, Caller("bridge-desk", frozenset(registered)), name, version)
    assert (chosen and chosen.id) == wanted


def test_limits_are_the_most_that_is_taken() -> None:
    """The limit itself is allowed, one more is refused, with both figures."""
    limits = view(limits={"customers": 3, "calls": 7}).limits
    check_customers(limits, 3)
    check_calls(limits, 7)
    with pytest.raises(RefusedError, match="looks up 4 customers; this view allows 3 a request") as caught:
        check_customers(limits, 4)
    assert (caught.value.code, caught.value.excess) == (RefusalCode.QUERY_BUDGET, Excess("customers", 3, 4))
    with pytest.raises(RefusedError, match="can need 8 calls to the sources; this view allows 7 a request") as caught:
        check_calls(limits, 8)
    assert (caught.value.code, caught.value.excess) == (RefusalCode.QUERY_BUDGET, Excess("calls", 7, 8))


@pytest.mark.parametrize(
    ("introspection", "roles", "shown"),
    [
        ("everyone", set(), True),
        ("developers", {"developer"}, True),
        ("developers", {"agent"}, False),
        ("nobody", {"developer"}, False),
    ],
)
def test_the_schema_is_shown_to_whom_the_view_says(introspection: str, roles: set[str], shown: bool) -> None:
    """A consumer's roles are those of its registration; what introspects nothing is for everyone."""
    through, caller = view(introspection=introspection), Caller("bridge-desk", roles=frozenset(roles))
    check_introspection(through, caller, introspects=False)
    if shown:
        check_introspection(through, caller, introspects=True)
        return
    with pytest.raises(RefusedError, match=f"shows its schema to {introspection}; this consumer") as caught:
        check_introspection(through, caller, introspects=True)
    assert caught.value.code is RefusalCode.INTROSPECTION_NOT_ALLOWED


def decided(made: Plan, *subjects: Subject | None) -> Verdicts:
    return decide(made, {"vessel": subjects}, rules_of(made))


def test_without_restrictions_nothing_is_withheld() -> None:
    """What is not withheld is allowed; a customer that was not found has no verdict."""
    made, one = vessel("name"), known(1)
    verdicts = decided(made, one, None)
    assert verdicts.of(one) == {}
    assert verdicts.fields(made.steps[0], one) == ("name",)


def test_a_restriction_withholds_its_coordinates() -> None:
    """Only of what was asked, and with its reason."""
    made, one = vessel("name callSign"), known(1, "Vessel.name", "Vessel.draught")
    verdicts = decided(made, one)
    assert verdicts.of(one) == {"Vessel.name": Withheld(Reason.SUBJECT_RESTRICTED)}
    assert verdicts.fields(made.steps[0], one) == ("call_sign",)
    assert [wanted.path for wanted in verdicts.wanted(made.steps[0], one)] == ["call_sign"]


@pytest.mark.parametrize(
    ("restricted", "shown"),
    [
        ([], True),
        (["Vessel.name", "Flag.state"], True),
        ([EVERYTHING], False),
        (["Vessel.id"], False),
        (["Vessel.name", "Vessel.nmae"], False),
        (["Query.vessel"], False),
    ],
)
def test_a_customer_of_whom_all_is_restricted_is_not_shown(restricted: list[str], shown: bool) -> None:
    """Nor one with a restriction that cannot be told: what it was meant to protect is not known."""
    assert is_shown(known(1, *restricted), MODEL.coordinates, "Vessel.id") is shown


def test_several_restrictions_add_up() -> None:
    """Each withholds its own coordinates."""
    restrictions = tuple(Restriction("test", frozenset({one})) for one in ("Vessel.name", "Vessel.draught"))
    one = Subject("v1", False, known(1).keys, restrictions)
    assert set(decided(vessel("name draught callSign"), one).of(one)) == {"Vessel.name", "Vessel.draught"}


def test_a_step_is_asked_for_customers_of_the_root_fields_that_want_it() -> None:
    """What one look-up does not ask for is not fetched for its customer, unless the step is shared."""
    made = plan('{ a: vessel(by: {id: "v1"}) { name } b: vessel(by: {id: "v2"}) { draught } }')
    one, two = known(1), known(2)
    verdicts = decide(made, {"a": [one], "b": [two]}, rules_of(made))
    assert [verdicts.fields(step, one) for step in made.steps] == [("name",), None]
    assert [verdicts.fields(step, two) for step in made.steps] == [None, ("draught",)]


def test_a_key_is_followed_only_for_whom_it_leads_to_something() -> None:
    """The key of a look-up's own record leads nowhere where only another look-up asks for its target."""
    made = plan('{ a: vessel(by: {id: "v1"}) { name } b: vessel(by: {id: "v2"}) { flag { state } } }')
    one, two, three = known(1), known(2), known(3, "Flag.state")
    verdicts = decide(made, {"a": [one], "b": [two, three]}, rules_of(made))
    step = made.steps[0]
    assert [verdicts.is_followed(step, "flag", each) for each in (one, two, three)] == [False, True, False]
    assert not verdicts.is_followed(step, "name", one)
