"""Views, documents and plans are found again, and looked for once."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from resolvers import RefusedError, Request
from resolvers.catalog import Catalog
from resolvers.cursors import Cursors
from resolvers.documents import Documents
from resolvers.reading import Reader
from schema.caller import Caller
from schema.view_schema import cut_schema
from schema.views import View
from tests.resolvers.harbour import harbour
from tests.resolvers.vessels import MODEL, view

CALLER = Caller("bridge-desk")
TEXT = "query ($by: VesselBy!) { vessel(by: $by) { name draught } }"
REQUEST = Request(TEXT, variables={"by": {"id": "v1"}})
SMALL: dict[str, Any] = {"fields": {"Vessel.id": None, "Vessel.name": None}, "lookups": ["id"]}


def reader() -> Reader:
    return Reader(MODEL, Catalog(harbour().sources), Cursors())


def open_others(made: Reader) -> None:
    """Open as many other views as are kept, and one more."""
    for number in range(1, 258):
        made.schema_of(view(name=f"other-{number}", **SMALL))


def test_a_view_with_documents_that_were_prepared_stays_open() -> None:
    """However many others are opened: schema, document, plan and shape are the same ones, from the first request on."""
    made, through = reader(), view()
    made.prepare(through, TEXT, f"{TEXT} ")
    schema, first = made.schema_of(through), made.read(through, REQUEST, CALLER)
    assert first.shape is not None
    open_others(made)
    assert made.schema_of(through) is schema
    for text in (TEXT, f"{TEXT} "):
        again = made.read(view(), Request(text, variables=REQUEST.variables), CALLER)
        assert again.plan is first.plan
        assert again.shape is first.shape
        assert again.operation.document is first.operation.document


def test_other_views_make_room() -> None:
    """A view that is not asked any more is cut anew when it is."""
    made, through = reader(), view(**SMALL)
    schema = made.schema_of(through)
    assert made.schema_of(through) is schema
    open_others(made)
    assert made.schema_of(through) is not schema


def test_a_view_of_which_no_document_could_be_prepared_makes_room_too() -> None:
    """Nothing is kept for good with it."""
    made, through = reader(), view(**SMALL)
    with pytest.raises(RefusedError):
        made.prepare(through, "{")
    schema = made.schema_of(through)
    open_others(made)
    assert made.schema_of(through) is not schema


def test_what_is_over_a_limit_is_explained_with_the_views_own_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut once, the largest thing that is kept of a view: limits are no part of it."""
    made, through, cutting = reader(), view(limits={"weight": 1}), Mock(wraps=cut_schema)
    monkeypatch.setattr("resolvers.reading.cut_schema", cutting)
    for _ in range(2):
        assert made.explain(through, REQUEST)["over"] != []
    assert cutting.call_count == 1


def test_a_document_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may see the schema is asked only for a document that is new: its errors may name fields that were meant."""
    looked: list[str] = []
    known = Documents.known

    def counted(self: Documents, text: str) -> Any:
        looked.append("document")
        return known(self, text)

    def shows(_: View, caller: Caller) -> bool:
        looked.append(caller.consumer)
        return True

    monkeypatch.setattr(Documents, "known", counted)
    monkeypatch.setattr(View, "shows_schema_to", shows)
    made, through = reader(), view()
    made.read(through, REQUEST, CALLER)
    assert looked == ["document", "bridge-desk"]
    made.read(through, REQUEST, CALLER)
    assert looked == ["document", "bridge-desk", "document"]


def test_the_code_of_a_request_is_that_which_answers_it() -> None:
    """Compiled for it where that was not done; there is none where graphql-core answers alone."""
    made, prepared = reader(), reader()
    prepared.prepare(view(), TEXT)
    code = made.code(view(), REQUEST)
    assert "def shape" in code
    assert prepared.code(view(), REQUEST) == code
    asked = prepared.read(view(), REQUEST, CALLER)
    assert asked.shape is not None
    assert asked.shape.code == code
    assert made.code(view(), Request("{ __schema { queryType { name } } }")) == ""
