"""A plan says what is asked of whom, and what is left of it when coordinates are withheld."""

from __future__ import annotations

from graphql import GraphQLString

from resolvers.plan import FieldPlan
from tests.resolvers.planned import plan, vessel

VESSEL = frozenset({"vessel"})


def test_a_step_asks_what_is_not_withheld() -> None:
    """A field goes when any coordinate on its way is withheld; a step of which nothing is left is not asked."""
    (step,) = vessel("name size { length beam } callSign").steps
    assert step.fields == ("call_sign", "name", "size.beam", "size.length")
    assert step.fields_without(frozenset(), VESSEL) == step.fields
    assert step.fields_without(frozenset({"Vessel.size"}), VESSEL) == ("call_sign", "name")
    assert step.fields_without(frozenset({"Size.beam", "Vessel.name"}), VESSEL) == ("call_sign", "size.length")
    assert step.fields_without(frozenset({"Vessel.name", "Vessel.callSign", "Vessel.size"}), VESSEL) is None


def test_a_step_is_not_asked_for_another_look_ups_sake() -> None:
    """Of the fields that a look-up wants nothing is left: that another one wants more is no reason to ask."""
    (step,) = plan("{ a: vessel(by: {id: 1}) { name } b: vessel(by: {id: 2}) { name callSign } }").steps
    name = frozenset({"Vessel.name"})
    assert step.fields_without(name, frozenset({"a"})) is None
    assert step.fields_without(name, frozenset({"b"})) == ("call_sign",)
    assert step.fields_without(name, frozenset({"a", "b"})) == ("call_sign",)


def test_a_key_is_asked_while_anything_that_it_leads_to_is_shown() -> None:
    """A key whose target is withheld is not fetched."""
    registry, states = vessel("flag { code state }").steps
    assert registry.fields_without(frozenset({"Flag.code"}), VESSEL) == ("flag",)
    assert states.fields_without(frozenset({"Flag.code"}), VESSEL) == ("state",)
    assert registry.fields_without(frozenset({"Flag.code", "Flag.state"}), VESSEL) is None


def test_that_an_object_is_there_is_asked_without_a_field() -> None:
    """`__typename` of a list's items needs the list, and nothing in it."""
    (step,) = vessel("portCalls { __typename }").steps
    assert step.fields == ()
    assert step.fields_without(frozenset({"Vessel.name"}), VESSEL) == ()
    assert step.fields_without(frozenset({"Vessel.portCalls"}), VESSEL) is None


def test_a_field_is_withheld_when_nothing_below_it_may_be_shown() -> None:
    """An object stays while one of its values may be shown; what needs nothing is never withheld."""
    size = vessel("size { length beam }").roots[0].position.fields["size"]
    assert not size.is_withheld(frozenset({"Size.length"}))
    assert size.is_withheld(frozenset({"Size.length", "Size.beam"}))
    assert size.is_withheld(frozenset({"Vessel.size"}))
    assert not FieldPlan("__typename", "Vessel.__typename", (), GraphQLString, None).is_withheld(
        frozenset({"Vessel.size"})
    )


def test_an_object_whose_typename_is_asked_stays() -> None:
    """That it is there is told as long as the way to it is open."""
    size = vessel("size { __typename length }").roots[0].position.fields["size"]
    assert not size.is_withheld(frozenset({"Size.length"}))
    assert size.is_withheld(frozenset({"Vessel.size"}))


def test_a_plan_prints_no_argument_values_of_records() -> None:
    """A step's repr names offers and fields: things that are declared."""
    assert "Rotterdam" not in repr(vessel("portCalls { port { name } }"))
