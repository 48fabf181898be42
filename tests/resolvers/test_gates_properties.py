"""What a shut gate withholds is asked of nobody: as little as if it had been restricted from the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.crossref import Subject
from tests.resolvers.fleet import Raw
from tests.resolvers.gated import EMAIL, PHONE, Port, case, consent, gated, ship
from tests.resolvers.harbour import Harbour, harbour
from tests.resolvers.vessels import FIELDS, view

RULES: Mapping[str, dict[str, Any]] = {
    "email": {"consent": EMAIL},
    "phone": {"consent": PHONE},
    "objection": {"objection": EMAIL},
    "case": {"relationship": "open-case"},
}
COORDINATES = sorted(set(FIELDS) - {"Vessel.id"})
FIELDS_ASKED = (
    "id name callSign draught size { length beam }",
    "flag { code state } heardUnder { state } owners { name home { code } }",
    "portCalls { on port { name flag { state } } } log { line }",
    "voyages(first: 2) { nodes { number isRough notes { nodes { text } } } }",
    "sightings { on ... on RadarSighting { range } ... on PhotoSighting { seenUnder { code } } }",
    "cargo { __typename ... on Container { label home { state } } ... on Tank { litres } } name",
)
SEVERAL = """query ($by: [VesselBy!]!, $one: VesselBy!) {
  a: vessel(by: $one) { name flag { state } } b: vessels(by: $by) { n: name callSign flag { code } } }"""
DOCUMENTS = (*(f"query ($by: [VesselBy!]!) {{ vessels(by: $by) {{ {fields} }} }}" for fields in FIELDS_ASKED), SEVERAL)
WHOM = {"by": [{"id": "v1"}, {"id": "v2"}, {"id": "v3"}]}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Mapping[str, str], Mapping[int, frozenset[str]], str]:
    """Which rule stands on which coordinate, which gates are open for which vessel, and what is asked."""
    rules = draw(st.dictionaries(st.sampled_from(COORDINATES), st.sampled_from(sorted(RULES)), max_size=8))
    opened = {number: draw(st.frozensets(st.sampled_from(sorted(RULES)))) for number in (1, 2, 3)}
    return rules, opened, draw(st.sampled_from(DOCUMENTS))


def asked(source: Harbour) -> dict[tuple[str, str], set[str]]:
    """Which fields every offer was asked for, by key."""
    found: dict[tuple[str, str], set[str]] = {}
    for batch in source.batches:
        for key in batch.keys:
            found.setdefault((batch.offer.name, key), set()).update(batch.fields)
    return found


def paths(answer: Mapping[str, Any]) -> list[list[str | int]]:
    """Where the errors stand: a value that may not be null takes what is around it along."""
    return [error["path"] for error in answer.get("errors", ())]


def records(opened: Mapping[int, frozenset[str]]) -> tuple[list[Raw], list[Raw]]:
    """What the office has of whom: the consents and objections, and the cases."""
    consents: list[Raw] = []
    for number, gates in opened.items():
        status = "given" if "email" in gates else "requested"
        consents.append(consent(f"O{number}", status))
        if "phone" in gates:
            consents.append(consent(f"O{number}", "given", channel="phone"))
        if "objection" not in gates:
            consents.append(consent(f"O{number}", "objected"))
    return consents, [case(f"O{number}", is_open="case" in gates) for number, gates in opened.items()]


def is_open(rule: str, gates: frozenset[str]) -> bool:
    """Whether a rule holds: an objection to a use shuts the consent to it as well."""
    return rule in gates and (rule != "email" or "objection" in gates)


@settings(deadline=None, max_examples=150)
@given(worlds())
def test_a_shut_gate_costs_what_a_restriction_costs(
    world: tuple[Mapping[str, str], Mapping[int, frozenset[str]], str],
) -> None:
    """The same data, and of no key another field: whatever waits for what, and whoever is asked about together.

    It can cost less: what waits apart is asked for those look-ups alone that want it.
    """
    rules, opened, document = world
    port = Port(*records(opened))
    through = gated({name: RULES[rule] for name, rule in rules.items()})
    variables = WHOM | ({"one": {"id": "v1"}} if document is SEVERAL else {})
    answer = asyncio.run(port.ask(document, through, variables=variables))
    shut = {n: [name for name, rule in rules.items() if not is_open(rule, opened[n])] for n in opened}
    restricted: list[Subject] = [ship(number, *names) for number, names in shut.items()]
    plain = harbour(restricted)
    wanted = asyncio.run(plain.ask(document, variables, through=view()))
    assert answer["data"] == wanted["data"]
    assert paths(answer) == paths(wanted)
    most = asked(plain)
    assert all(fields <= most.get(place, set()) for place, fields in asked(port.harbour).items())
    assert len(port.office.batches) <= 2, "one for what was decided, and one for the cases"
    engine = port.harbour.engine = port.made()
    engine.prepare(through, document)
    assert asyncio.run(port.ask(document, through, variables=variables)) == answer, "compiled or not"
