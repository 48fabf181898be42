"""What is kept has bounds; what was prepared is there for the first request, and stays whatever else comes."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from resolvers import NoRoomError, RefusalCode, RefusedError
from resolvers.document import Document
from resolvers.documents import Documents
from resolvers.kept import Kept, Planned
from resolvers.planning import Planner
from tests.resolvers.planned import documents
from tests.resolvers.shapes.test_shaping import EVERYTHING

TEXT = "query ($by: VesselBy!) { vessel(by: $by) { name draught } }"
BY = {"id": "v1"}


def switched(booleans: int) -> str:
    """A document on whose fields so many booleans decide."""
    declared = " ".join(f"$b{n}: Boolean!" for n in range(booleans))
    fields = " ".join(f"n{n}: name @include(if: $b{n})" for n in range(booleans))
    return f"query ($by: VesselBy! {declared}) {{ vessel(by: $by) {{ id {fields} }} }}"


def asked(kept: Documents, text: str, **variables: Any) -> tuple[Document, Planned]:
    """The document and the plan of a request; `name` is that of the operation, where there are several."""
    document = kept.document(text)
    operation = document.operation(variables.pop("name", None))
    return document, kept.plan(document, operation, kept.variables(document, operation, {"by": BY, **variables}))


def flood(kept: Documents) -> None:
    """Ask documents that take more than 100,000 bytes together."""
    for number in range(20):
        asked(kept, f"query Q{number}($by: VesselBy!) {{ vessel(by: $by) {{ name callSign }} }}")


def stop_planning(patched: pytest.MonkeyPatch) -> None:
    """From now on nothing is read, planned or compiled."""
    for name in ("parse", "select", "compile_shape"):
        patched.setattr(f"resolvers.documents.{name}", None)
    patched.setattr(Planner, "plan", None)


def test_what_was_prepared_outlives_everything_else() -> None:
    """Document and plan are the same ones, before and after others have filled the memory."""
    kept = documents(kept=Kept(most_bytes=100_000))
    kept.prepare(TEXT)
    before, other = asked(kept, TEXT), f"{TEXT} # not prepared"
    gone = asked(kept, other)
    flood(kept)
    after = asked(kept, TEXT)
    assert kept.known(other) is None
    assert asked(kept, other)[1] is not gone[1]
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, True]


def test_the_first_request_finds_what_was_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read, planned or compiled for it; the plan has its shape."""
    kept = documents()
    kept.prepare(TEXT)
    stop_planning(monkeypatch)
    _, planned = asked(kept, TEXT)
    assert planned.shape is not None
    assert "def shape" in planned.shape.code


def test_all_texts_of_a_document_are_one_document() -> None:
    """It is kept once, under each of them, and so are its plans; prepared again, it stays what it is."""
    kept = documents()
    kept.prepare(f"{TEXT}\n", TEXT)
    one, other = asked(kept, f"{TEXT}\n"), asked(kept, TEXT)
    assert [before is after for before, after in zip(one, other, strict=True)] == [True, True]
    kept.prepare(TEXT)
    kept.prepare(f"{TEXT} ", TEXT)
    assert {id(kept.document(text)) for text in (TEXT, f"{TEXT}\n", f"{TEXT} ")} == {id(one[0])}


@pytest.mark.parametrize("booleans", [1, 2, 6])
def test_every_combination_of_booleans_is_prepared(booleans: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to six; each has a plan of its own, with its shape, on the first request."""
    memory = Kept()
    kept = documents(kept=memory)
    kept.prepare(switched(booleans))
    stop_planning(monkeypatch)
    for values in product((False, True), repeat=booleans):
        given = {f"b{number}": value for number, value in enumerate(values)}
        _, planned = asked(kept, switched(booleans), **given)
        shown = list(planned.plan.roots[0].position.fields)
        assert shown == ["id", *(f"n{number}" for number, value in enumerate(values) if value)]
        assert planned.shape is not None
    assert len(memory.plans) == len(memory.documents) == 0


def test_what_more_than_six_booleans_decide_on_is_planned_as_it_comes() -> None:
    """The document is kept for good; another operation in it, with fewer of them, has its plan."""
    text = f"{switched(7).replace('query', 'query Many')} query One($by: VesselBy!) {{ vessel(by: $by) {{ name }} }}"
    kept = documents()
    kept.prepare(text)
    given = {f"b{number}": number == 3 for number in range(7)}
    document, planned = asked(kept, text, name="Many", **given)
    assert list(planned.plan.roots[0].position.fields) == ["id", "n3"]
    assert asked(kept, text, name="Many", **given)[0] is document
    assert asked(kept, text, name="Many", **given)[1] is not planned
    assert asked(kept, text, name="One")[1].shape is not None


def test_a_null_that_decides_is_refused_of_what_was_prepared_too() -> None:
    """It is neither of the values for which plans were made."""
    text = "query ($by: VesselBy!, $a: Boolean = true) { vessel(by: $by) { name @include(if: $a) } }"
    kept = documents()
    kept.prepare(text)
    assert asked(kept, text)[1] is asked(kept, text, a=True)[1]
    with pytest.raises(RefusedError) as caught:
        asked(kept, text, a=None)
    assert caught.value.code is RefusalCode.BAD_USER_INPUT


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", RefusalCode.GRAPHQL_PARSE_FAILED),
        ('{ vessel(by: {id: "v1"}) { name } }', RefusalCode.BAD_USER_INPUT),
        ("{ vessel { nothing } }", RefusalCode.GRAPHQL_VALIDATION_FAILED),
    ],
)
def test_what_is_refused_is_not_prepared(text: str, code: RefusalCode) -> None:
    """As it would be of a request; nor is what has keys in it."""
    kept = documents()
    with pytest.raises(RefusedError) as caught:
        kept.prepare(text)
    assert caught.value.code is code
    assert kept.known(text) is None


def size_of(*texts: str) -> int:
    """What documents take for good, with all of their plans, as it is counted."""
    return sum(documents().document(text).size + sum(one.size for one in plans_of(text)) for text in texts)


def plans_of(text: str) -> Iterator[Planned]:
    """A plan for each combination of the booleans that decide."""
    (names,) = documents().document(text).deciding.values()
    for values in product((False, True), repeat=len(names)):
        yield asked(documents(), text, **dict(zip(names, values, strict=True)))[1]


@pytest.mark.parametrize("texts", [(TEXT,), (switched(2),), (TEXT, switched(1), "{ __typename }")])
def test_what_is_prepared_has_a_bound_in_bytes(texts: tuple[str, ...]) -> None:
    """Of documents and all of their plans together, over all views; what does not fit is not kept."""
    size = size_of(*texts)
    memory = Kept(most_prepared_bytes=size)
    for text in texts:
        documents(kept=memory).prepare(text)
    memory = Kept(most_prepared_bytes=size - 1)
    for text in texts[:-1]:
        documents(kept=memory).prepare(text)
    last = documents(kept=memory)
    with pytest.raises(NoRoomError) as caught:
        last.prepare(texts[-1])
    assert caught.value.most_bytes == size - 1
    assert last.known(texts[-1]) is None


def test_a_document_alone_can_be_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing of it is planned."""
    kept = documents(kept=Kept(most_prepared_bytes=documents().document(TEXT).size - 1))
    monkeypatch.setattr(Planner, "plan", None)
    with pytest.raises(NoRoomError, match=r"^the documents that are prepared would take more than 0 MiB of memory$"):
        kept.prepare(TEXT)


def test_what_is_prepared_twice_takes_room_once() -> None:
    """Two files of one view may hold the same."""
    kept = documents(kept=Kept(most_prepared_bytes=size_of(TEXT)))
    kept.prepare(TEXT)
    kept.prepare(TEXT, f"{TEXT} ")


def test_a_shape_is_compiled_for_the_second_request() -> None:
    """Most documents that come once never come again."""
    kept = documents()
    first = asked(kept, TEXT)[1]
    assert first.shape is None
    second = asked(kept, TEXT)[1]
    assert second is first
    assert second.shape is not None
    assert asked(kept, TEXT)[1].shape is second.shape


def test_what_is_counted_is_roughly_what_is_taken() -> None:
    """Within a factor of two, documents and compiled plans alike."""
    texts = [f"query Q{number}($by: VesselBy!) {{ vessel(by: $by) {{ {EVERYTHING} }} }}" for number in range(8)]

    def made(kept: Documents, text: str) -> tuple[Document, Planned]:
        kept.prepare(text)
        return asked(kept, text)

    kept = documents()
    made(kept, texts[0])  # what is made once for all
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        held = [made(kept, text) for text in texts[1:]]
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    counted = sum(document.size + planned.size for document, planned in held)
    assert counted / 2 < after - before < counted * 2


@pytest.mark.parametrize(
    "fields", ["name", "name callSign size { length beam } flag { code state } draught", EVERYTHING]
)
def test_a_plan_is_counted_with_its_code(fields: str) -> None:
    """Which takes at least four bytes for every character of its text, compiled and as text."""
    kept, text = documents(), f"query ($by: VesselBy!) {{ vessel(by: $by) {{ {fields} }} }}"
    before = asked(kept, text)[1].size
    planned = asked(kept, text)[1]
    assert planned.shape is not None
    assert planned.size == before > 4 * len(planned.shape.code)
