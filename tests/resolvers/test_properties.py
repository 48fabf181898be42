"""What holds for every query, every restriction and whatever the sources answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adapter import Batch
from adapters.answers import Answer, Denied, Gone, Missing, ReplacedBy, SourceError
from adapters.crossref import Subject
from resolvers import Request
from schema.reasons import Reason
from schema.views import ReceiptDetail
from tests.resolvers.harbour import Harbour, harbour, known
from tests.resolvers.oracle import expected, own_keys
from tests.resolvers.queries import Query, queries
from tests.resolvers.vessels import FIELDS, MODEL, view

WIDE = view(
    limits={"tokens": 4_000, "calls": 10_000, "depth": 50, "aliases": 1_000, "fields": 5_000, "weight": 100_000}
)
LONG = settings(max_examples=40, deadline=None)

RESTRICTIONS = st.lists(st.lists(st.sampled_from([*FIELDS, "*"]), max_size=4), min_size=4, max_size=4)
ANSWERS = st.sampled_from(
    [
        Missing(),
        Gone(),
        ReplacedBy("secret"),
        Denied(),
        SourceError(Reason.SOURCE_TIMEOUT, "secret"),
        SourceError(Reason.CIRCUIT_OPEN, "secret"),
        None,
    ]
)
KEYS = ["R1", "R2", "R3", "R4", "S1", "S2", "S3", "NL", "NO", "PA", "NLRTM", "NOBGO", "L1", "L3"]
KEYS += [f"N{key}-{number}" for key in ("R1", "R2") for number in range(1, 8)]
TROUBLE: st.SearchStrategy[dict[str, Answer | None]] = st.dictionaries(st.sampled_from(KEYS), ANSWERS, max_size=6)


def subjects(restrictions: list[list[str]]) -> list[Subject]:
    return [known(number, *restricted) for number, restricted in enumerate(restrictions, start=1)]


def troubled(h: Harbour, answers: Mapping[str, Answer | None]) -> Harbour:
    """The harbour, whose sources answer so for these keys; None leaves the key out."""
    for source in h.sources:
        source.answers = {key: answer for key, answer in answers.items() if answer is not None}
        source.leaves_out = {key for key, answer in answers.items() if answer is None}
    return h


async def ask(h: Harbour, query: Query, **more: Any) -> dict[str, Any]:
    return await h.ask(query.text, query.variables, through=WIDE, **more)


@LONG
@given(query=queries(), restrictions=RESTRICTIONS)
async def test_the_data_is_what_the_records_say(query: Query, restrictions: list[list[str]]) -> None:
    """Found by the plan or by walking the records: the data is the same, and so is its order."""
    h = harbour(subjects(restrictions))
    answer = await ask(h, query)
    wanted = expected(h, query)
    assert answer["data"] == wanted
    assert list(places(answer["data"])) == list(places(wanted))


@LONG
@given(query=queries(), restrictions=RESTRICTIONS, answers=TROUBLE)
async def test_no_call_holds_what_is_withheld(
    query: Query, restrictions: list[list[str]], answers: dict[str, Answer | None]
) -> None:
    """Every key goes out with fields that are allowed for a customer on whose behalf it is asked."""
    h = troubled(harbour(subjects(restrictions)), answers)
    await ask(h, query)
    for batch in h.batches:
        for key in batch.keys:
            assert any(is_allowed(one, batch) for one in behind(h, key))


def behind(h: Harbour, key: str) -> list[Subject]:
    """The customers to whom a key can lead: whose own it is, or whose records hold it."""
    return [one for name, one in h.crossref.subjects.items() if key in set(keys_of(h, name))]


def keys_of(h: Harbour, customer: str) -> Iterator[str]:
    own = own_keys(h, customer)
    yield from own.values()
    for source in h.sources:
        for records in source.records.values():
            for key in {*own.values(), *held(h, own)} & records.keys():
                for raw in records[key]:
                    yield from (value for value in texts(raw) if value in KEYS)


def held(h: Harbour, own: Mapping[str, str]) -> Iterator[str]:
    for records in (*h.registry.records.values(), *h.sonar.records.values()):
        for key in own.values():
            for raw in records.get(key, ()):
                yield from texts(raw)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def is_allowed(subject: Subject, batch: Batch) -> bool:
    """Whether no field of the batch is withheld for the customer."""
    restricted = frozenset().union(*(one.coordinates for one in subject.restrictions))
    return not restricted & {"*", "Vessel.id"} and all(
        coordinates(batch, path).isdisjoint(restricted) for path in batch.fields
    )


def coordinates(batch: Batch, path: str) -> set[str]:
    """The coordinates of a dotted path of a record, the list's own included."""
    serves = batch.offer.serves
    found = {serves} if batch.offer.is_list else set()
    found |= {one for name, _ in batch.arguments for one in told_by(serves, name)}
    type_name = MODEL.coordinates[serves].of if batch.offer.is_list else serves
    for step in path.split("."):
        concrete, _, name = step.rpartition(":")
        (one,) = (
            each
            for each in MODEL.coordinates.values()
            if (each.type_name, each.python_name) == (concrete or type_name, name)
        )
        found |= MODEL.standing(one.type_name, one.field_name)
        type_name = one.of
    return found


def told_by(serves: str, python_name: str) -> frozenset[str]:
    """The coordinates of which an argument tells."""
    arguments = MODEL.coordinates[serves].arguments
    (name,) = (name for name, one in arguments.items() if one.python_name == python_name)
    return MODEL.told_by(serves, name)


@LONG
@given(query=queries(), restrictions=RESTRICTIONS, answers=TROUBLE)
async def test_every_null_has_a_reason(
    query: Query, restrictions: list[list[str]], answers: dict[str, Answer | None]
) -> None:
    """It is told in errors, withheld or absent; or the source's own record has a null there."""
    h = troubled(harbour(subjects(restrictions)), answers)
    answer = await ask(h, query)
    own = dict(places(expected(harbour(), query)))
    told = list(explained(answer))
    for path, value in places(answer["data"]):
        if value is None and own.get(path, "") is not None:
            assert any(matches(one, path) for one in told), path
    assert "secret" not in str(answer)


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every place in the data, with what stands there."""
    yield path, data
    if isinstance(data, dict | list):
        for name, inner in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(inner, (*path, name))


def explained(answer: Mapping[str, Any]) -> Iterator[tuple[list[Any], bool]]:
    """The paths that have a reason, and whether the null may stand above: as an error's may."""
    for error in answer.get("errors", ()):
        yield error["path"], True
    for place in ("withheld", "absent"):
        for entry in answer.get("extensions", {}).get(place, ()):
            yield from ((path, False) for path in entry["paths"])


def matches(told: tuple[list[Any], bool], path: tuple[Any, ...]) -> bool:
    pattern, may_stand_above = told
    if len(pattern) < len(path) or (len(pattern) > len(path) and not may_stand_above):
        return False
    return all(one in ("*", other) for one, other in zip(pattern, path, strict=False))


@LONG
@given(query=queries(), restrictions=RESTRICTIONS, answers=TROUBLE)
async def test_a_reason_stands_at_a_null(
    query: Query, restrictions: list[list[str]], answers: dict[str, Answer | None]
) -> None:
    """No entry is for a value that is shown, and a `*` holds at every position."""
    answer = await ask(troubled(harbour(subjects(restrictions)), answers), query)
    for path, value in places(answer["data"]):
        if value is not None:
            assert not any(matches((pattern, False), path) for pattern, _ in explained(answer)), path


@LONG
@given(query=queries(), answers=TROUBLE)
async def test_no_more_is_sent_than_is_explained(query: Query, answers: dict[str, Answer | None]) -> None:
    """In calls, and in the fields of each."""
    h = troubled(harbour(), answers)
    told = h.engine.explain(WIDE, Request(query.text, variables=query.variables))
    answer = await ask(h, query, receipt=ReceiptDetail.SOURCES)
    sources = answer.get("extensions", {}).get("receipt", {}).get("sources", [])
    assert sum(one["calls"] for one in sources) <= told["calls"]
    steps = {(step["offer"], tuple(step["fields"])) for step in told["steps"]}
    assert {(batch.offer.name, batch.fields) for batch in h.batches} <= steps
    assert len(h.batches) <= len(told["steps"])
