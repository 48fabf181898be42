"""Documents and facts at which two ways of assembly may part: each asked by itself, whatever else occurs by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from adapters.answers import TYPE_NAME, Answer, Facts, Fault, Found, Gone, Key, Missing, Page, SourceError
from adapters.crossref import LinkedKey, Restriction, Subject
from resolvers.assembly import MOST_VALUES
from schema.reasons import Reason
from tests.resolvers.differential.both_ways import both_ways
from tests.resolvers.differential.gallery import Mood as MoodOf
from tests.resolvers.differential.scripted import Script
from tests.resolvers.differential.worlds import world
from tests.resolvers.vessels import Kind

Answers = Mapping[tuple[str, Key], Answer | Facts]

AT = datetime(2026, 1, 1, tzinfo=UTC)
INVALID, LATE, LOST = Fault(Reason.VALUE_INVALID), Fault(Reason.SOURCE_TIMEOUT), Fault(Reason.SOURCE_RECORD_MISSING)
TIMEOUT = SourceError(Reason.SOURCE_TIMEOUT)


@dataclass(frozen=True)
class Case:
    """A question: which fields of customers 1 and 2, or a whole document, through which of the views, about what."""

    world: str
    fields: str
    answers: Answers = field(default_factory=dict)
    subjects: Mapping[str, Subject | None] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    view: int = 0

    @property
    def text(self) -> str:
        """The document."""
        if self.fields.lstrip().startswith(("query", "{")):
            return self.fields
        root = {"ships": "vessels", "customers": "customers", "gallery": "artists"}[self.world]
        return f'{{ {root}(by: [{{id: "1"}}, {{id: "2"}}]) {{ {self.fields} }} }}'


def who(name: str, *restricted: str, **keys: tuple[str, ...]) -> Subject:
    """A customer with keys, some of whose fields are withheld."""
    linked = {source: tuple(LinkedKey(key, key) for key in of_source) for source, of_source in keys.items()}
    return Subject(name, False, linked, (Restriction("test", frozenset(restricted)),) if restricted else ())


def ship(fields: str, view: int = 0, /, **facts: Any) -> Case:
    """Fields of two vessels; these are facts of the first one, the other one is as chance has it."""
    return Case("ships", fields, {("vessels", "registry-1"): facts}, view=view)


def artist(fields: str, view: int = 0, /, **facts: Any) -> Case:
    """Fields of two artists; these are facts of the first one."""
    return Case("gallery", fields, {("artists", "archive-1"): facts}, view=view)


def several(*answers: Answer | Facts, fields: str = "name kind") -> Case:
    """Fields of a vessel that the registry knows by several keys, with what it answers for each."""
    keys = tuple(f"K{number}" for number in range(len(answers)))
    answered = {("vessels", key): answer for key, answer in zip(keys, answers, strict=True)}
    return Case("ships", fields, answered, {"1": who("c1", registry=keys, sonar=("S",))})


FRAME = {
    "width": 1.5,
    "price": {"amount": Decimal("1.50"), "currency": "EUR"},
    "around": {"city": {"name": "A", "country": None}, "number": 1, "rooms": [{"name": "B", "country": "NL"}]},
}
DEEP = "around { city { name country } number rooms { name } }"


def framed(**changes: Any) -> dict[str, Any]:
    """A frame, in whose house something is changed."""
    return {**FRAME, "around": {**FRAME["around"], **changes}}  # type: ignore[dict-item]


DOCUMENTS = {
    "nothing but __typename": Case("ships", "{ __typename }"),
    "__typename between root fields": Case(
        "ships", '{ a: __typename vessel(by: {id: "1"}) { id } __typename b: __typename }'
    ),
    "all of a root field is skipped": Case("ships", "id @skip(if: true)"),
    "every root field is skipped": Case("ships", '{ vessel(by: {id: "1"}) @skip(if: true) { id } }'),
    "objects of which all is skipped": Case(
        "ships", "size { beam @skip(if: true) } flag { code @skip(if: true) } owners { name @include(if: false) }"
    ),
    "a field that stands in three places": Case(
        "ships",
        '{ vessel(by: {id: "1"}) { draught ... on Vessel { draught } ...F kind } } '
        "fragment F on Vessel { draught flag { code } x: id }",
    ),
    "one customer twice in a list": Case("ships", '{ vessels(by: [{id: "1"}, {id: "1"}, {registry: "1"}]) { name } }'),
    "one customer under two root fields": Case(
        "ships",
        '{ a: vessel(by: {id: "1"}) { name size { beam } } b: vessels(by: [{id: "1"}]) { draught name } }',
        subjects={"1": who("c1", "Vessel.name", registry=("R",), sonar=("S",))},
    ),
    "equal arguments written in two ways": Case(
        "ships",
        'query ($a: Date) { vessel(by: {id: "1"}) { a: portCalls(since: $a) { on } '
        'b: portCalls(since: "2026-01-01") { port { name } on } } }',
        variables={"a": "2026-01-01"},
    ),
    "arguments in another order": Case(
        "ships",
        'portCalls(info: "x", since: "2026-01-01") { on } '
        '... on Vessel { portCalls(since: "2026-01-01", info: "x") { port { flag { state } } } }',
    ),
    "a size of a page that is left to its default": Case(
        "ships",
        'query ($n: Int) { vessel(by: {id: "1"}) { voyages(first: $n) { edges { cursor x: cursor } pageInfo '
        "{ endCursor e: endCursor hasNextPage } } } }",
    ),
    "pages in pages": Case(
        "ships",
        "voyages(first: 2) { nodes { notes(first: 1) { nodes { text } edges { node { text } cursor } } } "
        "edges { node { number } } __typename }",
    ),
    "an interface inside of another one": Case(
        "gallery",
        "best { ... on Exhibit { label ... on Painting { mood year } } ... on Print { year copies } __typename }",
    ),
    "a union in lists of lists": Case(
        "gallery", "parts { ... on Canvas { threads } ... on Stretcher { pieces t: __typename } }"
    ),
    "the same fields below two names": Case(
        "gallery", "a: best { label frame { width } } b: best { frame { width price { amount } } }"
    ),
    "nobody is known": Case(
        "ships", '{ vessels(by: []) { name } vessel(by: {id: "1"}) { name } }', subjects={"1": None}
    ),
    "masks in a list of texts": Case("gallery", "tags exhibits { label } name mentor { motto }", view=1),
}

LEAVES = {
    "true for a number": ship("size { length }", size={"length": True, "beam": 1}),
    "a whole fraction for a number": ship("size { length beam }", size={"length": 1.0, "beam": 2.0}),
    "a number of more than 32 bits": ship("size { length }", size={"length": 2**31, "beam": 1}),
    "a text for a number": ship("size { length }", size={"length": "3", "beam": 1}),
    "a number for a text": ship("name", name=7),
    "true for a text": ship("name", name=True),
    "half a character": ship("name callSign", name="\ud800", call_sign="ok"),
    "half a character, masked": ship("name callSign", 1, name="\ud800x", call_sign="\udfff"),
    "an enum by its value": ship("kind", kind="tanker"),
    "an enum by its name": ship("kind", kind="TANKER"),
    "an enum's member": ship("kind", kind=Kind.FERRY),
    "an enum of another kind": ship("kind", kind=MoodOf.CALM),
    "an enum that cannot be hashed": ship("kind", kind=["tanker"]),
    "a word that names one member and is the value of another": artist(
        "moods", moods=["CALM", "calm", MoodOf.NAMELESS]
    ),
    "a list for an enum": artist("moods", moods=MoodOf.CALM),
    "whole numbers for fractions": artist("fame cells", fame=1, cells=[[[1, 2.5, True]]]),
    "no number for a fraction": artist("fame", fame=math.nan),
    "infinity for a fraction": artist("fame", fame=-math.inf),
    "a fraction of another class": artist("fame", fame=Decimal("1.5")),
    "a number whose digits have no end": artist("fame", fame=Decimal("1E+999999")),
    "a number for a truth": artist("alive", alive=1),
    "a number for an id": artist("number", number=7),
    "an amount that is none": Case(
        "gallery",
        "walls { price { amount } }",
        {("artists", "archive-1"): {"walls": [[{"price": {"amount": Decimal("NaN"), "currency": "EUR"}}]]}},
    ),
    "an amount too long": artist("walls { price { amount } }", walls=[[{"price": {"amount": Decimal("1E+999999")}}]]),
    "a moment without a zone": artist("seen", seen=datetime(2026, 1, 1)),  # noqa: DTZ001
    "a moment for a day": artist("born", born=AT),
    "a tag of no language": artist("language", language="not a tag"),
    "a fault of what is absent": ship("name kind", name=LOST, kind=LATE),
    "faults in a list of texts": artist("tags", tags=["a", INVALID, LOST]),
    "nulls in a list without any": artist("tags cells", tags=["a", None], cells=[[None], [[1.0]]]),
    "a tuple for a list": artist("tags cells", tags=("a",), cells=[([1.0],)]),
    "a text for a list": artist("tags", tags="abc"),
    "a list for a leaf": ship("name", name=["a"]),
    "an object for a leaf": ship("name", name={"a": "b"}),
    "an object for a leaf, masked": ship("name", 1, name={"a": "b"}),
    "a field that is left out": ship("name size { length } flag { code }"),
}

OBJECTS = {
    "a null where none may be, in an object": ship(
        "name size { length beam }", name="n", size={"length": 1, "beam": None}
    ),
    "a null where none may be, in a list": ship(
        "cargo { ... on Tank { litres } }",
        cargo=[{TYPE_NAME: "Tank", "litres": None}, {TYPE_NAME: "Tank", "litres": 1}, None],
    ),
    "a null that goes up a long way": artist(f"walls {{ width {DEEP} }}", walls=[[FRAME, framed(number=None), FRAME]]),
    "a fault that goes up a long way": artist(
        f"walls {{ {DEEP} }}", walls=[[framed(city={"name": LATE, "country": "NL"})]]
    ),
    "a null in a list without nulls": artist(f"walls {{ {DEEP} }}", walls=[[framed(rooms=[None])]]),
    "an absent one where none may be null": artist(f"walls {{ {DEEP} }}", walls=[[framed(city=LOST)]]),
    "null for a list inside of a list without nulls": artist("walls { width }", walls=[[FRAME], None]),
    "nulls and errors side by side": artist(
        f"name walls {{ width {DEEP} }} tags", name=LATE, walls=[[None, framed(number="x")], []], tags=INVALID
    ),
    "a text for an object": ship("size { length } owners { name }", size="x", owners=["x", {"name": "y"}]),
    "an empty object": ship("size { length } owners { name home { code } }", size={}, owners=[{}]),
    "an object that is no dict": ship("size { length }", size=MappingProxyType({"length": 1, "beam": 2})),
    "a type that nobody knows": artist("best { label }", best={TYPE_NAME: "Nobody", "label": "l"}),
    "a type that the view does not show": artist(
        "best { label } exhibits { label }",
        best={TYPE_NAME: "Loan", "label": "l"},
        exhibits=[{TYPE_NAME: "Print", "label": "l"}, {TYPE_NAME: "Loan", "label": "l"}],
    ),
    "a type that is a fault": artist("best { label }", best={TYPE_NAME: INVALID}),
    "a type that cannot be hashed": artist("best { label }", best={TYPE_NAME: []}),
    "no type": artist(
        "best { label } parts { ... on Canvas { threads } }", best={"label": "l"}, parts=[[{"threads": 1}]]
    ),
    "a type where only one is": ship("size { length }", size={TYPE_NAME: "Size", "length": 1, "beam": 1}),
    "another type where only one is": ship("size { length }", size={TYPE_NAME: "Flag", "length": 1, "beam": 1}),
    "a key that is none": ship("flag { code }", flag=7),
    "keys that are none, in a list": artist("friends { name }", friends=["people-1", None, 7, INVALID, "people-1"]),
    "a list of keys for one": artist("mentor { name }", mentor=["people-1"]),
    "a key for a list of them": artist("friends { name }", friends="people-1"),
}

SOURCES = {
    "the second of two keys answers": several(Missing(), {"name": "b", "kind": Kind.FERRY}),
    "the first of three keys failed": several(Gone(), TIMEOUT, {"name": "c", "kind": None}),
    "no key answers": several(Gone(), Missing()),
    "a page in place of a record": several(Found(Page(()), AT)),
    "no record at all": several(Found("secret", AT)),  # type: ignore[arg-type]
    "not linked": Case("ships", "name draught log { line } portCalls { on }", subjects={"1": who("c1")}),
    "lists of two keys": Case(
        "ships",
        "portCalls { on port { name } } sightings { on }",
        {("calls", "K1"): Found(Page([{"on": None, "port": "port-1"}]), AT), ("calls", "K2"): Missing()},
        {"1": who("c1", registry=("K1", "K2", "K1"))},
    ),
    "a page of two keys": Case(
        "ships",
        "voyages(first: 1) { nodes { number } edges { cursor } pageInfo { endCursor hasNextPage } }",
        {("voyages", "K1"): Found(Page([]), AT), ("voyages", "K2"): Found(Page([{"number": 1}] * 2, "c", True), AT)},
        {"1": who("c1", registry=("K1", "K2"))},
    ),
    "a page that stands below a null": Case(
        "ships",
        "voyages { nodes { number } }",
        {("voyages", "registry-1"): Found(Page([None, {"number": 1}]), AT)},  # type: ignore[list-item]
    ),
    "a record in place of a list": Case("ships", "portCalls { on }", {("calls", "registry-1"): {"on": None}}),
    "everything is withheld": Case(
        "ships",
        "name size { length } flag { code state } portCalls { on port { name } }",
        subjects={
            "1": who("c1", "Vessel.name", "Size.length", "Flag.code", "Flag.state", "PortCall.on", registry=("R",))
        },
    ),
    "withheld where no null may be": Case(
        "ships", "name size { length beam }", subjects={"1": who("c1", "Size.beam", registry=("R",))}
    ),
    "withheld below a type that the view does not show": Case(
        "gallery",
        "exhibits { label } best { label }",
        {
            ("artists", "K"): {
                "exhibits": [
                    {TYPE_NAME: "Print", "label": "l"},
                    {TYPE_NAME: "Loan"},
                    {TYPE_NAME: "Loan"},
                    {"label": "l"},
                ],
                "best": {TYPE_NAME: "Print", "label": "l"},
            }
        },
        {"1": who("c1", "Exhibit.label", archive=("K",))},
    ),
    "withheld and masked": Case(
        "ships", "name callSign", subjects={"1": who("c1", "Vessel.callSign", registry=("R",))}, view=1
    ),
    "every source failed": Case(
        "ships",
        "a: name size { beam length } flag { code } owners { name } draught log { line } portCalls { on }",
        {("vessels", "registry-1"): TIMEOUT, ("heard", "sonar-1"): TIMEOUT, ("calls", "registry-1"): TIMEOUT},
    ),
    "what a key leads to failed": Case(
        "ships",
        "flag { code state } portCalls { port { name flag { state } } }",
        {**{("flags", f"flag-{number}"): TIMEOUT for number in range(5)}, ("ports", "port-1"): Missing()},
    ),
    "a list with more values than are shown": artist("tags name", tags=["x"] * (MOST_VALUES + 1), name="n"),
    "lists that come to too many together": artist("a: tags b: tags", tags=["x"] * (MOST_VALUES // 2 + 1)),
    "objects that come to too many values": ship("owners { name share }", owners=[{}] * (MOST_VALUES // 3 + 1)),
    "lists that come to just as many as are shown": artist("tags name", tags=["x"] * MOST_VALUES, name="n"),
}

CASES = {**DOCUMENTS, **LEAVES, **OBJECTS, **SOURCES}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_both_ways_answer_alike(case: Case) -> None:
    """The one who is not told of is as chance has it; from sources that give dicts, and from those that give rows."""
    with both_ways(world(case.world)) as both:
        for rows in (False, True):
            both.speak(Script("found", rows=rows, answers=case.answers, subjects=case.subjects))
            assert both.look(case.text, case.variables, view=case.view) is not None
            assert both.compiled is not None
