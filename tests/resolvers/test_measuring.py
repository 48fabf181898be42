"""How much a document asks for is found in one linear pass, whatever the document is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import strawberry
from graphql import get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from resolvers.measures import MOST, Count, Measured
from resolvers.measuring import LIST_SIZE, measure
from schema.directives import Subject
from schema.model import Model
from schema.relay import PAGE_SIZE, Connection, Forward, listing
from schema.view_schema import ViewSchema, cut_schema


class Short(Forward):
    first: int = 5
    """Fewer than elsewhere."""


@strawberry.type
class Stop:
    """Where a voyage stops."""

    port: str | None
    """The port's name."""
    pilots: Connection[Stop] | None = listing(Short)
    """Who came on board."""


@strawberry.type
class Voyage:
    """One voyage."""

    number: int | None
    """Its number."""
    stops: Connection[Stop] | None = listing()
    """Where it stops."""


@strawberry.type(directives=[Subject(plural="ships")])
class Ship:
    """A ship."""

    id: strawberry.ID
    """The canonical id."""
    name: str | None
    """The ship's name."""
    names: list[str] | None
    """Earlier names."""
    decks: list[Stop | None] | None
    """A short list."""
    holds: list[list[Stop] | None] | None
    """Lists in a list."""
    voyages: Connection[Voyage] | None = listing()
    """Where it went."""


@cache
def ships() -> ViewSchema:
    model = Model(Ship)
    arguments = (f"{one}({name}:)" for one, about in model.coordinates.items() for name in about.arguments)
    return cut_schema(model, (*model.coordinates, *arguments), ("id", "registry"))


def measured(text: str) -> Measured:
    return measure(ships(), parse(text))


def counted(text: str, count: Count) -> int:
    """What is counted of the first definition."""
    return measured(text).definitions[0].counts[count]


def weight(text: str, operation: str = "", **variables: object) -> int:
    return measured(text).weight(operation, variables)


SHIP = '{ ship(by: {id: "1"}) { # } }'


def of_ship(selections: str) -> str:
    return SHIP.replace("#", selections)


@pytest.mark.parametrize(
    ("selections", "wanted"),
    [
        ("name", 2),
        ("name names", 3),
        ("decks { port }", 2 + LIST_SIZE),
        ("holds { port port }", 2 + 2 * LIST_SIZE**2),
        ("voyages { nodes { number } }", 3 + PAGE_SIZE),
        ("voyages(first: 7) { nodes { number } }", 3 + 7),
        ("voyages(first: null) { nodes { number } }", 3 + PAGE_SIZE),
        ("voyages(first: -7) { nodes { number } }", 3),
        ('voyages(first: "7") { nodes { number } }', 3 + 1),
        ("voyages(first: 7) { edges { cursor node { number } } pageInfo { endCursor } }", 2 + 1 + 7 * 3 + 2),
        ("decks { pilots { nodes { port } } }", 2 + LIST_SIZE * (1 + 1 + 5)),
        ("hull { colour }", 3),
        ("... on Ghost { name }", 2),
        ("... on Date { name }", 2),
        ("...Ghost", 1),
    ],
)  # fmt: skip
def test_a_field_weighs_as_often_as_its_lists_are_long(selections: str, wanted: int) -> None:
    """A list counts ten, a connection a page as its `first` says; what does not exist counts once."""
    assert weight(of_ship(selections)) == wanted


def test_a_fragment_of_a_page_weighs_as_the_page_that_it_stands_in() -> None:
    """It is measured once, and its pages are as long as each connection says."""
    text = of_ship("voyages(first: 7) { ...P } x: voyages(first: 9) { ...P }") + (
        " fragment P on VoyageConnection { nodes { number } ... { ...Q } }"
        " fragment Q on VoyageConnection { x: nodes { number stops { nodes { port } } } pageInfo { endCursor } }"
    )
    a_voyage = 2 + 1 + PAGE_SIZE
    assert weight(text) == 1 + sum(1 + 1 + first * 1 + 1 + first * a_voyage + 2 for first in (7, 9))


def test_a_customer_weighs_for_each_look_up() -> None:
    """Written in the document, or in a variable."""
    assert weight('{ ships(by: [{id: "1"}, {id: "2"}]) { name decks { port } } }') == 1 + 2 * (2 + LIST_SIZE)
    assert weight('{ ships(by: {id: "1"}) { name } }') == 2
    assert weight("{ ships { name } }") == 2
    text = "query ($by: [ShipBy!]!) { ships(by: $by) { name decks { port } } }"
    assert [weight(text, by=[{}] * many) for many in (0, 1, 3)] == [1 + many * 12 for many in (0, 1, 3)]
    assert weight(text, by={"id": "1"}) == weight(text) == 1 + 12


PAGES = """
query A($by: [ShipBy!]! = [{id: "1"}, {id: "2"}], $n: Int! = 3, $m: Int) { ships(by: $by) { ...Long } }
query B($n: Int!, $m: Int! = null) { ship(by: {id: "1"}) { ...Long } }
fragment Long on Ship { name voyages(first: $n) { ...Page nodes { number } } }
fragment Page on VoyageConnection { nodes { stops(first: $m) { nodes { port } } } }
"""


@pytest.mark.parametrize(
    ("operation", "variables", "ships_", "n", "m"),
    [
        ("A", {}, 2, 3, PAGE_SIZE),
        ("A", {"by": [{}] * 7, "n": 4, "m": 5}, 7, 4, 5),
        ("A", {"n": 0, "m": 5.0}, 2, 0, 5),
        ("A", {"n": None, "m": None}, 2, 3, PAGE_SIZE),
        ("A", {"n": True, "m": "5"}, 2, 1, 1),
        ("A", {"n": -1, "m": 10**40}, 2, 0, MOST),
        ("B", {}, 1, PAGE_SIZE, PAGE_SIZE),
        ("B", {"n": 2, "m": 3, "by": [{}] * 9}, 1, 2, 3),
    ],
)
def test_variables_weigh_in_without_another_pass(
    operation: str, variables: Mapping[str, Any], ships_: int, n: int, m: int
) -> None:
    """The request's value, else the operation's default, else the list's own; fragments know no operation."""
    page = 1 + n * (1 + 1 + m)
    wanted = 1 + ships_ * (1 + 1 + page + 1 + n)
    assert measured(PAGES).weight(operation, variables) == wanted


def test_the_longest_list_of_look_ups_is_known_before_it_is_read() -> None:
    """From the variables alone."""
    text = "query ($a: [ShipBy!]!, $b: [ShipBy!]!, $c: [Int]) { x: ships(by: $a) { name } ships(by: $b) { name } }"
    found = measured(text)
    assert found.longest("", {"a": [1], "b": [1, 2, 3], "c": [1] * 9}) == 3
    assert found.longest("", {}) == 0
    assert measured("{ __typename }").longest("", {"a": [1]}) == 0


@pytest.mark.parametrize(("operation", "longest"), [("One", 1), ("Two", 5), ("Three", 5), ("None", 0)])
def test_look_ups_of_another_operation_do_not_count(operation: str, longest: int) -> None:
    """Also where they stand in a fragment: it counts for the operations that spread it, wherever it is written."""
    text = """
    fragment F on Query { ... { ships(by: $b) { name } } }
    query One($a: [ShipBy!]!) { ships(by: $a) { name } }
    query Two($b: [ShipBy!]!) { ...F }
    query Three($a: [ShipBy!]!, $b: [ShipBy!]!) { ...G x: ships(by: $a) { name } }
    fragment G on Query { ...F }
    query None($b: [Int]) { __typename }
    """
    assert measured(text).longest(operation, {"a": [1], "b": [1] * 5}) == longest


def test_a_fragment_counts_wherever_it_is_spread() -> None:
    """Depth, fields, aliases and directives, as if it were written there; nesting counts its braces too."""
    text = of_ship("name ... { a: name @skip(if: true) ...F } b: decks { ...G }") + (
        " fragment F on Ship { c: decks { ...G } ...H } fragment G on Stop @x { d: port @a @b }"
        " fragment H on Ship { name }"
    )
    counts = measured(text).operations[""].counts
    assert counts[Count.DEPTH] == 3
    assert counts[Count.NESTING] == 6
    assert counts[Count.FIELDS] == 1 + 2 + 1 + 1 + 3
    assert counts[Count.ALIASES] == 1 + 2 + 2
    assert counts[Count.DIRECTIVES] == 1 + 2 * 3
    assert counts[Count.INTROSPECTION_DEPTH] == 0


def test_a_bomb_is_measured_and_not_expanded() -> None:
    """What it would come to is told up to a thousand million; the work stays below the document's bytes."""
    parts = " ".join(f"fragment F{n} on Ship {{ a: name ...F{n + 1} ...F{n + 1} }}" for n in range(500))
    text = of_ship("...F0") + parts + " fragment F500 on Ship { decks { port } }"
    found = measured(text)
    counts = found.operations[""].counts
    assert (counts[Count.FIELDS], counts[Count.ALIASES], found.weight("", {})) == (MOST, MOST, MOST)
    assert counts[Count.NESTING] == 2 + 501 + 1
    assert found.work < len(text)


@pytest.mark.parametrize(
    "text",
    [
        of_ship("...A") + " fragment A on Ship { name ...A }",
        of_ship("...A") + " fragment A on Ship { name ...B } fragment B on Ship { ...C } fragment C on Ship { ...A }",
        " fragment A on Ship { name ...B } fragment B on Ship { ...A } " + of_ship("...B ...A ...B"),
    ],
)
def test_a_fragment_within_itself_ends(text: str) -> None:
    """Validation refuses it; the pass has to come to an end first."""
    assert measured(text).work < len(text)


def test_everything_the_parser_takes_is_measured() -> None:
    """Other operations, definitions of types, several of one name, nothing at all."""
    text = "mutation { ships { name } } subscription { ships { name } } type Ship { a: Int } extend schema @a"
    assert [one.counts[Count.DEPTH] for one in measured(text).definitions] == [2, 2]
    twice = measured("{ ships { name } } { __typename } fragment F on Ship { name } fragment F on Ship { name name }")
    assert [one.counts[Count.FIELDS] for one in twice.definitions] == [2, 1, 2, 2]
    assert measured("scalar Date").definitions == []
    assert counted("{ ship { } }", Count.DEPTH) == 1


def test_introspection_is_counted_apart() -> None:
    """It has levels of its own, weighs nothing, and its fields and aliases are counted among the others."""
    found = measured(get_introspection_query()).operations["IntrospectionQuery"]
    assert found.introspects
    assert (found.counts[Count.DEPTH], found.weight.number) == (0, 1)
    assert 15 <= found.counts[Count.INTROSPECTION_DEPTH] <= 20
    assert found.counts[Count.INTROSPECTION_LISTS] == 1
    assert 100 < found.counts[Count.FIELDS] < 300
    assert found.counts[Count.INTROSPECTION_ALIASES] == 0
    assert not measured("{ __typename ship { __typename } }").operations[""].introspects


@pytest.mark.parametrize(
    ("text", "depth", "lists", "aliases"),
    [
        ('{ a: __type(name: "Ship") { b: fields { c: name } } ship { d: name } }', 3, 1, 3),
        ("{ __schema { types { fields { type { fields { name } } } } } }", 6, 2, 0),
        ("{ __schema { types { ...T } } } fragment T on __Type { interfaces { ...U } } "
         "fragment U on __Type { possibleTypes { inputFields { x: name } } }", 6, 3, 1),
        ("{ __schema { unknown { fields { name } } } }", 2, 0, 0),
        ("query { ...Q } fragment Q on Query { __type { name } }", 2, 0, 0),
        ("query { ship { __schema { types { name } } } }", 1, 0, 0),
    ],
)  # fmt: skip
def test_introspection_within_introspection_is_seen(text: str, depth: int, lists: int, aliases: int) -> None:
    """Lists of what types hold within each other multiply; so do aliases."""
    counts = measured(text).definitions[0].counts
    assert counts[Count.INTROSPECTION_DEPTH] == depth
    assert counts[Count.INTROSPECTION_LISTS] == lists
    assert counts[Count.INTROSPECTION_ALIASES] == aliases


@pytest.mark.parametrize(
    ("text", "largest"),
    [
        ("{ ships(by: [{id: 1}, {id: 2, x: 3}, 4]) { name } }", 2),
        ("{ ship(by: {a: [1, 2, {b: 3}], c: {}}) { name } }", 6),
        ("query ($by: ShipBy = {id: 1, b: {c: 2}}, $n: Int = 1 @x(a: {a: 1})) { ship(by: $by) { name } }", 3),
        ("{ ship @x(y: {a: 1, b: 2}) { name } }", 2),
        ("{ ship(by: 1) { name } }", 0),
    ],
)
def test_the_largest_input_object_is_found(text: str, largest: int) -> None:
    """With all that is nested in it; the entries of a list are looked at one by one."""
    assert counted(text, Count.INPUTS) == largest


def test_directives_count_wherever_they_stand() -> None:
    """On operations, variables, fields, fragments and spreads."""
    part = " fragment F on Ship @g { name @h }"
    text = "query ($a: Int @a) @b { ship(by: {id: 1}) @c { ... @d { name @e } ...F @f } }" + part
    assert counted(text, Count.DIRECTIVES) == 8


NAMES = ("name", "decks", "voyages", "ghost", "ships", "__schema", "fields", "nodes", "node")
TYPES = ("Ship", "Stop", "Voyage", "VoyageConnection", "Query", "__Type", "Ghost")


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Documents of fragments that spread each other at random: bombs, rings, and what does not exist."""
    number = draw(st.integers(1, 8))

    def selections(levels: int) -> str:
        return " ".join(selection(levels) for _ in range(draw(st.integers(1, 4))))

    def selection(levels: int) -> str:
        kind = draw(st.integers(0, 5 if levels else 3))
        if kind <= 1:
            return f"...F{draw(st.integers(0, number))}"
        if kind == 2:
            return f"{draw(st.sampled_from(('', 'a: ')))}{draw(st.sampled_from(NAMES))}"
        if kind == 3:
            return f"{draw(st.sampled_from(NAMES))}(first: $n, by: [{{id: 1}}]) @skip(if: $b)"
        if kind == 4:
            return f"... on {draw(st.sampled_from(TYPES))} {{ {selections(levels - 1)} }}"
        return f"{draw(st.sampled_from(NAMES))}(first: {draw(st.integers(0, 99))}) {{ {selections(levels - 1)} }}"

    parts = [f"fragment F{n} on {draw(st.sampled_from(TYPES))} {{ {selections(3)} }}" for n in range(number)]
    return f"query ($n: Int = 4) {{ {selections(3)} }} {' '.join(parts)}"


@given(documents(), st.integers(0, 10**30))
def test_the_work_is_bounded_by_the_bytes_of_any_document(text: str, n: int) -> None:
    """At most twenty times, and no number runs away."""
    found = measured(text)
    assert found.work <= 20 * len(text)
    assert 0 <= found.weight("", {"n": n}) <= MOST
    assert all(0 <= number <= MOST for one in found.definitions for number in one.counts.values())
    assert len(found.sums) <= found.work


@st.composite
def graphs(draw: st.DrawFn) -> list[list[tuple[str, int]]]:
    """Fragments by number, each with fields of one alias and spreads of later fragments: no rings."""
    number = draw(st.integers(1, 7))
    kinds = st.sampled_from(("name", "decks", "spread"))
    return [
        [(draw(kinds), draw(st.integers(one + 1, number))) for _ in range(draw(st.integers(0, 4)))]
        for one in range(number)
    ] + [[("name", 0)]]


def expanded(graph: list[list[tuple[str, int]]], one: int) -> tuple[int, int, int]:
    """Fields, depth and weight of a fragment, by writing out every spread."""
    fields = depth = weight_ = 0
    for kind, below in graph[one]:
        if kind == "spread":
            more, deep, heavy = expanded(graph, below)
            fields, depth, weight_ = fields + more, max(depth, deep), weight_ + heavy
        elif kind == "decks":
            fields, depth, weight_ = fields + 2, max(depth, 2), weight_ + 1 + LIST_SIZE
        else:
            fields, depth, weight_ = fields + 1, max(depth, 1), weight_ + 1
    return fields, depth, weight_


@given(graphs())
def test_measuring_equals_expanding(graph: list[list[tuple[str, int]]]) -> None:
    """The pass that never expands a fragment finds what one that does finds."""
    written = {"name": "name", "decks": "decks { port }"}
    parts = " ".join(
        f"fragment F{n} on Ship {{ {' '.join(written.get(kind, f'...F{below}') for kind, below in one)} }}"
        for n, one in enumerate(graph)
    )
    found = measured(of_ship("...F0") + parts)
    fields, depth, heavy = expanded(graph, 0)
    counts = found.operations[""].counts
    assert (counts[Count.FIELDS], counts[Count.DEPTH], found.weight("", {})) == (fields + 1, depth + 1, heavy + 1)
