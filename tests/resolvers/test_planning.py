"""A query becomes a graph of steps: few, each asking only what is wanted, from where its keys come."""

from __future__ import annotations

import pytest
from graphql import OperationDefinitionNode, parse
from graphql.execution.values import VariableValues

from adapters.adapter import Adapter
from adapters.offers import Offer
from adapters.records import Record
from resolvers import NotServedError
from resolvers.catalog import Catalog
from resolvers.gates import Gate, GateKind
from resolvers.plan import Canonical, FieldPlan, FromList, FromRecord, FromStep, Plan, Position
from resolvers.planning import Planner
from resolvers.selection import select
from resolvers.steps import FromField
from schema.view_schema import cut_schema
from tests.resolvers.gated import CONSENTS
from tests.resolvers.harbour import MemorySource, harbour
from tests.resolvers.planned import all_but, plan, steps, told, vessel
from tests.resolvers.vessels import ARGUMENTS, FIELDS, MODEL


def field(fields: str, *names: str) -> FieldPlan:
    """The plan of one field, named by its path below the vessel."""
    position: Position | None = vessel(fields).roots[0].position
    found: FieldPlan | None = None
    for name in names:
        assert position is not None
        found = position.fields[name]
        position = found.position
    assert found is not None
    return found


def test_fields_of_one_offer_make_one_step() -> None:
    """Aliases and repeated fields ask nothing twice; a nested record's fields are dotted paths."""
    assert steps("name n: name callSign size { length } s: size { l: length }") == [
        "registry.vessels@1 call_sign,name,size.length <- registry"
    ]


def test_fields_of_several_sources_make_a_step_each() -> None:
    """No step waits for another where both start from the look-up."""
    made = vessel("name draught")
    assert [told(step) for step in made.steps] == [
        "registry.vessels@1 name <- registry",
        "sonar.heard@1 draught <- sonar",
    ]
    assert [step.after for step in made.steps] == [frozenset(), frozenset()]


def test_the_canonical_id_and_typename_need_no_source() -> None:
    """The cross-reference knows the id; `__typename` is the schema's."""
    assert steps("id __typename") == []
    assert field("id", "id").reads == Canonical()
    assert field("__typename", "__typename").reads is None


def test_a_reference_makes_a_step_that_takes_its_keys_from_another() -> None:
    """The key is fetched as part of the field that it leads to, and is not shown."""
    made = vessel("flag { state }")
    assert [told(step) for step in made.steps] == [
        "registry.vessels@1 flag <- registry",
        "states.flags@2 state <- 0:flag",
    ]
    assert [wanted.is_key for step in made.steps for wanted in step.wanted] == [True, False]
    assert made.steps[1].after == {0}


def test_positions_at_one_depth_share_a_step() -> None:
    """Flags reached by two ways are asked in one call, for the union of what is wanted of them."""
    made = vessel("flag { code } heardUnder { state } portCalls { port { flag { state } } }")
    assert [told(step) for step in made.steps] == [
        "registry.vessels@1 flag <- registry",
        "states.flags@2 code,state <- 0:flag 2:heard_under",
        "sonar.heard@1 heard_under <- sonar",
        "registry.calls@1 port <- registry",
        "ports.ports@2 flag <- 3:port",
        "states.flags@3 state <- 4:flag",
    ]
    assert made.steps[1].after == {0, 2}, "a step may stand before one that it waits for"


def test_a_key_inside_a_list_of_a_record_can_be_many() -> None:
    """One record holds a key for every item, and calls are counted by that."""
    made = vessel("owners { name home { state } }")
    assert [told(step) for step in made.steps] == [
        "registry.vessels@1 owners.home,owners.name <- registry",
        "states.flags@2 state <- 0:owners.home*",
    ]
    assert made.steps[1].keys_from == (FromField(0, "owners.home", is_many=True),)


def test_a_list_is_a_step_of_its_own() -> None:
    """A list offer has records of its own; what they hold is read from them."""
    assert steps("portCalls { on }") == ["registry.calls@1 on <- registry"]
    assert field("portCalls { on }", "portCalls").reads == FromList(0)
    assert field("portCalls { on }", "portCalls", "on").reads == FromRecord("on")


def test_a_list_can_be_reached_by_a_key() -> None:
    """The record of the customer holds the key by which the list is asked."""
    assert steps("log { line }") == ["sonar.heard@1 log <- sonar", "logs.logs@2 line <- 0:log"]
    made = field("log { line }", "log")
    assert (made.reads, made.list_by_key) == (FromStep(0, "log"), 1)


def test_typename_alone_asks_whether_the_object_is_there() -> None:
    """What is needed to know that is asked, and no more: the record, the key, or the list."""
    assert steps("size { __typename }") == ["registry.vessels@1 size <- registry"]
    assert steps("flag { __typename }") == ["registry.vessels@1 flag <- registry"]
    assert steps("portCalls { __typename }") == ["registry.calls@1  <- registry"]
    assert steps("log { __typename }") == ["sonar.heard@1 log <- sonar", "logs.logs@2  <- 0:log"]


def test_lists_with_other_arguments_are_other_steps() -> None:
    """Equal arguments share a step, in whatever order they are written."""
    text = (
        'a: portCalls(since: "2026-01-01", of: {leastDays: 2}) { on } '
        'b: portCalls(of: {leastDays: 2}, since: "2026-01-01") { port { name } } c: portCalls { on }'
    )
    lists = [told(step) for step in vessel(text).steps if step.offer.is_list]
    assert lists == ["registry.calls@1 on,port <- registry", "registry.calls@1 on <- registry"]


def test_several_root_fields_share_steps() -> None:
    """Two look-ups ask one source once; each wanted field says for whom."""
    made = plan('{ a: vessel(by: {id: "v1"}) { name } b: vessels(by: []) { name callSign } }')
    assert [told(step) for step in made.steps] == ["registry.vessels@1 call_sign,name <- registry"]
    assert [(root.response_name, root.is_list) for root in made.roots] == [("a", False), ("b", True)]
    assert made.steps[0].roots == {"a", "b"}


def test_a_wanted_field_knows_every_coordinate_on_its_way() -> None:
    """Any of them withheld withholds it: rules stand on coordinates."""
    (key, state) = (step.wanted[0] for step in vessel("flag { state }").steps)
    assert key.guards == state.guards == {"Vessel.flag", "Flag.state"}
    assert (key.coordinate, state.coordinate) == ("Vessel.flag", "Flag.state")


def test_the_plan_knows_what_is_asked() -> None:
    """Every coordinate below the root fields, and nothing that was not asked for."""
    assert vessel("id flag { state } __typename").coordinates == {"Vessel.id", "Vessel.flag", "Flag.state"}


@pytest.mark.parametrize(
    ("without", "fields", "coordinate", "path"),
    [
        ("sonar", "name d: draught", "Vessel.draught", ("vessel", "d")),
        ("states", "flag { state }", "Flag.state", ("vessel", "flag", "state")),
        ("logs", "log { line }", "LogEntry.line", ("vessel", "log", "line")),
        ("registry", "portCalls { on }", "Vessel.portCalls", ("vessel", "portCalls")),
    ],
)
def test_a_field_without_an_adapter_is_an_error_that_names_it(
    without: str, fields: str, coordinate: str, path: tuple[str, ...]
) -> None:
    """`check` finds these; a plan is never made in part."""
    with pytest.raises(NotServedError) as caught:
        plan(f'{{ vessel(by: {{id: "v1"}}) {{ {fields} }} }}', adapters=all_but(without))
    assert (caught.value.coordinate, caught.value.path) == (coordinate, path)
    assert str(caught.value) == f"no adapter serves {coordinate}, reached by {'.'.join(path)}"


class Bare(Record):
    length: int | None


class BareVessel(Record):
    size: Bare


def test_a_field_that_the_record_around_it_lacks_is_an_error() -> None:
    """An object that stands in a record has no source but this record."""
    offer = Offer(name="bare", serves="Vessel", record=BareVessel, key="imo")
    adapters = [MemorySource("registry", (offer,), {})]
    text = '{ vessel(by: {id: "v1"}) { size { length %s } } }'
    assert [told(step) for step in plan(text % "", adapters=adapters).steps] == [
        "registry.bare@1 size.length <- registry"
    ]
    with pytest.raises(NotServedError, match=r"no adapter serves Size.beam, reached by vessel.size.beam"):
        plan(text % "beam", adapters=adapters)


def test_a_list_without_arguments_keeps_its_field() -> None:
    """The defaults that the model declares are taken from it when the plan runs, written or not."""
    (step,) = vessel("portCalls { on }").steps
    assert step.node is not None
    assert step.node.name.value == "portCalls"


EMAIL = Gate(GateKind.CONSENT, "DirectMarketing", "email")
CASE = Gate(GateKind.CASE)


def gated(fields: str, *adapters: Adapter, **gates: Gate) -> Plan:
    """The plan of fields of one vessel where these coordinates (`Vessel_name`) wait for gates."""
    of = {name.replace("_", ".", 1): frozenset({gate}) for name, gate in gates.items()}
    schema = cut_schema(MODEL, (*FIELDS, *ARGUMENTS), ("id",), [])
    planner = Planner(Catalog([*harbour().sources, *adapters]), MODEL)
    node = parse(f'{{ vessel(by: {{id: "v1"}}) {{ {fields} }} }}')
    (operation,) = node.definitions
    assert isinstance(operation, OperationDefinitionNode)
    selection = select(schema.schema, node, operation, VariableValues({}, {}), tokens=200)
    return planner.plan(selection, is_list=lambda _: False, gates_of=lambda one: of.get(one, frozenset()))


def waiting(made: Plan) -> dict[str, set[str]]:
    """What each step waits for."""
    return {told(step): {str(gate) for gate in step.gates} for step in made.steps}


def test_fields_of_one_record_that_wait_for_other_gates_are_other_steps() -> None:
    """What waits for nothing starts at once; equal gates share a step."""
    made = gated("name callSign kind n: name", Vessel_name=EMAIL, Vessel_callSign=CASE)
    assert waiting(made) == {
        "registry.vessels@1 name <- registry": {"consent:DirectMarketing:email"},
        "registry.vessels@1 call_sign <- registry": {"case"},
        "registry.vessels@1 kind <- registry": set(),
    }


def test_an_object_in_a_record_waits_for_all_that_is_asked_of_it() -> None:
    """It is one value of the record; its neighbours in the record do not wait."""
    made = gated("name size { length beam } owners { name }", Size_length=EMAIL)
    assert waiting(made) == {
        "registry.vessels@1 name,owners.name <- registry": set(),
        "registry.vessels@1 size.beam,size.length <- registry": {"consent:DirectMarketing:email"},
    }


def test_a_list_waits_for_all_that_is_asked_of_its_entries() -> None:
    """Pages too; what stands behind a key in an entry does not keep the list waiting unless all of it waits."""
    made = gated("voyages(first: 1) { nodes { number notes { nodes { text } } } }", Note_text=EMAIL)
    assert waiting(made) == {
        "registry.voyages@1 notes,number <- registry": {"consent:DirectMarketing:email"},
        "notes.notes@2 text <- 0:notes": {"consent:DirectMarketing:email"},
    }
    made = gated("voyages(first: 1) { edges { node { isRough number } } }", Voyage_isRough=EMAIL)
    assert list(waiting(made).values()) == [{"consent:DirectMarketing:email"}]


def test_a_key_waits_only_where_all_that_it_leads_to_waits() -> None:
    """It is fetched for any of it."""
    made = gated("flag { code state }", Flag_code=EMAIL)
    assert waiting(made) == {
        "registry.vessels@1 flag <- registry": set(),
        "states.flags@2 code <- 0:flag": {"consent:DirectMarketing:email"},
        "states.flags@2 state <- 0:flag": set(),
    }
    made = gated("flag { code }", Flag_code=EMAIL)
    assert [step.gates for step in made.steps] == [{EMAIL}, {EMAIL}]


def test_what_is_reached_by_a_gated_way_waits_and_by_another_does_not() -> None:
    """Two ways to a flag are two steps, of which one is asked at once."""
    made = gated("flag { state } heardUnder { state }", Vessel_flag=EMAIL)
    assert waiting(made) == {
        "registry.vessels@1 flag <- registry": {"consent:DirectMarketing:email"},
        "states.flags@2 state <- 0:flag": {"consent:DirectMarketing:email"},
        "sonar.heard@1 heard_under <- sonar": set(),
        "states.flags@2 state <- 2:heard_under": set(),
    }


def test_an_argument_waits_for_what_it_tells_of() -> None:
    """To filter by a field is to learn it."""
    made = gated("voyages(first: 1, rough: true) { nodes { number } }", Voyage_isRough=EMAIL)
    assert list(waiting(made).values()) == [{"consent:DirectMarketing:email"}]


def test_gates_are_asked_of_the_source_that_answers_them() -> None:
    """In one step for each offer; a gate that nobody answers is shut."""
    office = MemorySource("office", (CONSENTS,), {"consents": {}})
    objection = Gate(GateKind.OBJECTION, "DirectMarketing")
    made = gated("name callSign kind", office, Vessel_name=EMAIL, Vessel_callSign=CASE, Vessel_kind=objection)
    (step,) = made.gates
    assert (step.source, step.offer, step.gates) == ("office", CONSENTS, frozenset({EMAIL, objection}))
    assert made.gates[0].fields == ("channel", "purpose", "status", "valid_from", "valid_until")
    assert made.shut == {CASE}
    assert vessel("name").gates == ()
    assert not vessel("name").has_gates
