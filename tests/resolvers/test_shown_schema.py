"""What introspection answers is made by graphql-core twice, and then told from what is kept: the same to everybody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cachetools import LRUCache
from graphql import get_introspection_query

from resolvers import RefusedError, Request
from resolvers.assembled import Assembled
from resolvers.assembly import assemble
from resolvers.shown_schema import KeptSchemas, ShownSchema
from schema.caller import Caller
from schema.deadline import Deadline
from schema.views import ReceiptDetail, View
from tests.resolvers.harbour import Harbour, harbour
from tests.resolvers.vessels import view

WHOLE = get_introspection_query()
DEVELOPER = frozenset({"developer"})


class Counted:
    """Counts the answers that are assembled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        monkeypatch.setattr("resolvers.engine.assemble", self)

    def __call__(self, *given: Any) -> Assembled:
        self.times += 1
        return assemble(*given)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


async def ask(
    house: Harbour,
    query: str = WHOLE,
    through: View | None = None,
    roles: frozenset[str] = DEVELOPER,
    variables: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    request = Request(query, variables=variables or {}, **more)
    return await house.engine.answer(through or view(), request, Caller("desk", roles=roles), Deadline.after(5))


async def test_what_was_asked_twice_is_made_no_more(made: Counted) -> None:
    """To the byte the same, whoever asks; what one caller does with it is not seen by the next."""
    house, told = harbour(), list[str]()
    for roles in (DEVELOPER, frozenset[str](), DEVELOPER, DEVELOPER):
        answer = await ask(house, roles=roles)
        told.append(json.dumps(answer))
        answer["data"]["__schema"]["types"].clear()
    assert (made.times, len(set(told)), len(told[0]) > 10_000) == (2, 1, True)


async def test_each_view_tells_its_own_schema(made: Counted) -> None:
    """A field that a view does not list stands in no answer of it."""
    house, narrow = harbour(), view(fields={"Vessel.name": None})
    told = [json.dumps(await ask(house, through=one)) for _ in range(4) for one in (view(), narrow)]
    assert ["draught" in one for one in told] == [True, False] * 4
    assert made.times == 4


async def test_who_may_not_read_the_schema_is_not_told_what_is_kept() -> None:
    """That is decided for every request, before anything is looked for."""
    house, hidden = harbour(), view(introspection="developers")
    for _ in range(3):
        assert "data" in await ask(house, through=hidden)
    with pytest.raises(RefusedError, match="shows its schema to developers"):
        await ask(house, through=hidden, roles=frozenset())


async def test_a_receipt_is_that_of_the_request() -> None:
    """It stands beside what is kept, and is not kept."""
    house = harbour()
    asked = [await ask(house, receipt=ReceiptDetail.SOURCES if n % 2 else ReceiptDetail.NONE) for n in range(6)]
    assert ["extensions" in one for one in asked] == [False, True] * 3


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query ($name: String!) { __type(name: $name) { name } }", [{"name": "Vessel"}, {"name": "Flag"}]),
        ("query ($old: Boolean = true) { __schema { types { fields(includeDeprecated: $old) { name } } } }", [{}]),
        ('{ __type(name: "Vessel") { name } }', [{}]),
        ('{ __schema { queryType { name } } vessel(by: {id: "v1"}) { name } }', [{}]),
    ],
)
async def test_what_may_differ_is_made_each_time(made: Counted, query: str, variables: list[dict[str, Any]]) -> None:
    """By variables, by texts in the document, or by whom it asks for."""
    house = harbour()
    for given in variables * 4:
        answer = await ask(house, query, variables=given)
        assert "errors" not in answer
        if "name" in given:
            assert answer["data"] == {"__type": {"name": given["name"]}}
    assert made.times == 4 * len(variables)


def test_errors_are_not_kept_and_neither_is_what_is_too_large() -> None:
    """What is kept has a bound, and makes room for others."""
    kept: KeptSchemas = LRUCache(20, getsizeof=len)
    wrong, large, small = ShownSchema(kept), ShownSchema(kept), ShownSchema(kept)
    for _ in range(3):
        wrong.keep(Assembled({"a": None}, [{"message": "no"}], [], [], []))
        large.keep(Assembled({"a": "x" * 20}, [], [], [], []))
        small.keep(Assembled({"a": "x"}, [], [], [], []))
    assert (wrong.known(), large.known()) == (None, None)
    assert small.known() == Assembled({"a": "x"}, [], [], [], [])
    assert len(kept) == 1
