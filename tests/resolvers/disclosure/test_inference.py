"""What is withheld cannot be found out: two worlds that differ in it alone are the same to whoever asks.

Byte for byte the same answer with its extensions and its receipt, the same calls, the same record, the same events, at
the same moment.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.answers import Gone, Missing, SourceError
from schema.reasons import Reason
from tests.resolvers.disclosure.cases import Case as Asked
from tests.resolvers.disclosure.cases import made
from tests.resolvers.disclosure.checking import Asking, Checked
from tests.resolvers.disclosure.documents import documents
from tests.resolvers.disclosure.marked import Change, Marked
from tests.resolvers.disclosure.searching import written_out
from tests.resolvers.gated import Port, case, ship
from tests.resolvers.harbour import Harbour, harbour, known
from tests.resolvers.queries import Query
from tests.resolvers.test_relationship import Time, desk
from tests.resolvers.verified import asked, ruled
from tests.resolvers.vessels import view

TOGETHER = 4
FAILURES = (Missing(), Gone(), SourceError(Reason.SOURCE_TIMEOUT, "late"), SourceError(Reason.CIRCUIT_OPEN, "open"))


async def same(asked_of: Asked, query: Query, chance: Random) -> None:
    """Ask a case in two worlds, of which the second has other values, lists and failures wherever something is
    withheld, and other texts wherever a mask hides them."""
    first = Asking(asked_of)
    seen = await first.ask(query)
    if seen.refusal is not None:
        return
    checked = Checked(asked_of, query, first, seen)
    change = Change(chance, checked.shown, checked.withheld, checked.masks, first.marked.numbers)
    second = Asking(asked_of, Marked(change))
    for key, (customer, way) in second.marked.keys.items():
        if way and change.hides(customer, way):
            for source in second.h.sources:
                source.answers[key] = chance.choice(FAILURES)
    other = await second.ask(query)
    assert json.dumps(other.answer) == json.dumps(seen.answer)
    assert second.port.asked == first.port.asked
    assert written_out([other.recorded, other.events, other.logged]) == written_out(
        [seen.recorded, seen.events, seen.logged]
    )
    assert (second.now, second.slept, second.h.crossref.reads) == (first.now, first.slept, first.h.crossref.reads)


@pytest.mark.no_cover  # it would take twice as long, and the tests of each part cover the same
@settings(max_examples=60, deadline=None)
@given(query=documents(), seeds=st.lists(st.integers(0, 2**32), min_size=TOGETHER, max_size=TOGETHER))
async def test_two_worlds_that_differ_in_what_is_withheld_are_the_same(query: Query, seeds: list[int]) -> None:
    """Whatever the view, the document, the customers and what comes with the request."""
    for seed in seeds:
        await same(made(seed), query, Random(seed + 1))


LEVEL = {"min": "V2"}
ONE = '{ vessel(by: {id: "v1"}) { %s } }'
PAGE = "voyages(first: 2) { edges { cursor node { number } } pageInfo { hasNextPage endCursor } }"


def turned(h: Harbour) -> None:
    """The other voyages are the rough ones."""
    for one in h.registry.records["voyages"]["R1"]:
        one["is_rough"] = not one["is_rough"]


def renumbered(h: Harbour) -> None:
    """The voyages have other numbers, and some of them none."""
    for one in h.registry.records["voyages"]["R1"]:
        one["number"] = None if one["number"] % 2 else one["number"] * 100


def without_voyages(h: Harbour) -> None:
    """There are none."""
    h.registry.records["voyages"]["R1"] = []


def without_beam(h: Harbour) -> None:
    """What may not be null is."""
    h.registry.records["vessels"]["R1"][0]["beam"] = None


def without_cargo(h: Harbour) -> None:
    """There is nothing on board, not even an empty list."""
    h.registry.records["vessels"]["R1"][0]["cargo"] = None


def of_a_wrong_type(h: Harbour) -> None:
    """The value is none that the model knows."""
    h.sonar.records["heard"]["S1"][0]["draught"] = "deep"


def failing(h: Harbour) -> None:
    """The source does not answer."""
    h.sonar.fails = RuntimeError("down")


def masked_alike(h: Harbour) -> None:
    """Another name with the same initials."""
    h.registry.records["vessels"]["R1"][0]["ship_name"] = "Agatha"


@pytest.mark.parametrize(
    ("rules", "fields", "other"),
    [
        ({"Voyage.isRough": LEVEL}, "voyages(rough: true) { nodes { number } }", turned),
        ({"Voyage.isRough": LEVEL}, "voyages(rough: true, first: 3) { pageInfo { hasNextPage } }", turned),
        ({"Voyage.number": LEVEL}, PAGE, renumbered),
        ({"Vessel.voyages": LEVEL}, PAGE, without_voyages),
        ({"Voyage.number": LEVEL, "Voyage.isRough": LEVEL}, "voyages { nodes { number isRough } }", without_voyages),
        ({"Vessel.size": LEVEL}, "size { beam length }", without_beam),
        ({"Size.beam": LEVEL}, "size { beam length }", without_beam),
        ({"Vessel.cargo": LEVEL}, "cargo { __typename }", without_cargo),
        ({"Vessel.draught": LEVEL}, "draught", of_a_wrong_type),
        ({"Vessel.draught": LEVEL}, "draught", failing),
        (
            {"Vessel.heardUnder": LEVEL, "Vessel.draught": LEVEL, "Vessel.log": LEVEL},
            "draught heardUnder { code } log { line }",
            failing,
        ),
        ({"Vessel.name": {"mask": "initials"}}, "name", masked_alike),
        ({"Vessel.name": {"min": "V2", "below": "all"}}, "name", masked_alike),
    ],
    ids=[
        "filter",
        "filter and count",
        "cursor",
        "count of a list",
        "count of what is in it",
        "null of an object",
        "null of what may not be null",
        "null of a union",
        "error of a value",
        "error of a source",
        "error of a whole source",
        "mask",
        "mask below a level",
    ],
)
async def test_nothing_tells_of_what_is_withheld(rules: Any, fields: str, other: Any) -> None:
    """One way after the other in which an answer could: it is the same in both worlds, and so are the calls."""
    first, second = asked(), asked()
    second.h.engine._cursors = first.h.engine._cursors
    other(second.h)
    through = ruled(rules, receipt="sources")
    answers = [await one.ask(ONE % fields, through) for one in (first, second)]
    assert json.dumps(answers[0]) == json.dumps(answers[1])
    assert first.h.batches == second.h.batches
    whole = [await one.ask(ONE % fields, ruled({})) for one in (first, second)]
    assert whole[0]["data"] != whole[1]["data"] or other is masked_alike, "the worlds differ to whom it is shown"


NOBODY = {
    "who does not exist": ("nobody", [], ()),
    "who was erased": ("erased", [], ()),
    "who is restricted": ("v3", [case("O3")], ("*",)),
    "who has no case": ("v1", [], ()),
    "whose case is closed": ("v1", [case("O1", is_open=False)], ()),
}


@pytest.mark.parametrize("who", NOBODY)
async def test_whoever_is_refused_is_refused_at_one_moment(who: str) -> None:
    """With the same answer, byte for byte, the same reads of who is meant, and no call to any source but the gate's."""
    name, cases, restricted = NOBODY[who]
    time = Time(Port(cases=cases, subjects=[ship(1), ship(2), ship(3, *restricted)]))
    answer = await time.ask(ONE.replace("v1", name) % "id name draught", desk())
    assert (time.now, time.slept) == (50.3, [0.3])
    assert time.port.harbour.crossref.reads == 1
    assert time.port.harbour.calls == {}
    answer["extensions"]["receipt"].pop("sources")
    assert answer == {
        "data": {"vessel": None},
        "extensions": {
            "withheld": [
                {
                    "coordinate": "Query.vessel",
                    "code": "SUBJECT_UNKNOWN",
                    "message": Reason.SUBJECT_UNKNOWN.message,
                    "remedy": Reason.SUBJECT_UNKNOWN.remedy,
                    "paths": [["vessel"]],
                }
            ],
            "receipt": {"view": "bridge@1", "purpose": "CustomerCare", "customers": 0, "ms": 300.0},
        },
    }


@pytest.mark.parametrize("names", [("nobody", "v1"), ("v1", "nobody"), ("v1", "v3"), ("v3", "nobody")])
async def test_whoever_is_refused_beside_one_who_is_shown_is_refused_at_one_moment(names: tuple[str, str]) -> None:
    """One of the two has a case, or none: the time tells nothing of either."""
    time = Time(Port(cases=[case("O1")], subjects=[ship(1), ship(2), ship(3, "*")]))
    both = ", ".join(f'{{id: "{one}"}}' for one in names)
    answer = await time.ask(f"{{ vessels(by: [{both}]) {{ name }} }}", desk())
    assert [one and one["name"] for one in answer["data"]["vessels"]] == [
        "Anna" if one == "v1" else None for one in names
    ]
    assert (time.now, time.slept) == (50.3, [0.3])


async def test_without_a_gate_unknown_and_restricted_make_the_same_reads_and_no_call() -> None:
    """In a view that wants no case nobody is kept waiting: there is nothing to wait for."""
    answers = []
    for name in ("nobody", "v2"):
        h = harbour([known(1), known(2, "*")])
        answers.append(await h.ask(ONE.replace("v1", name) % "id name", receipt=view().receipt))
        answers[-1]["extensions"]["receipt"]["ms"] = 0
        assert (h.crossref.reads, h.calls) == (1, {})
    assert json.dumps(answers[0]) == json.dumps(answers[1])
