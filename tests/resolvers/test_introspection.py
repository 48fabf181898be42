"""Who may read a view's schema by asking for it is said by the view."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query

from resolvers import RefusalCode, RefusedError, Request
from schema.caller import Caller
from schema.deadline import Deadline
from tests.resolvers.harbour import harbour
from tests.resolvers.vessels import view

DEVELOPER = frozenset({"developer"})
HIDDEN = [("developers", frozenset()), ("developers", frozenset({"agent"})), ("nobody", DEVELOPER)]
QUERIES = [
    get_introspection_query(),
    '{ __type(name: "Vessel") { name } }',
    "{ ... { ...F } } fragment F on Query { x: __schema { __typename } }",
    "query ($never: Boolean = false) { __typename __schema @include(if: $never) { __typename } }",
]


async def ask(query: str, introspection: str, roles: frozenset[str]) -> dict[str, Any]:
    through = view(introspection=introspection)
    return await harbour().engine.answer(through, Request(query), Caller("desk", roles=roles), Deadline.after(5))


@pytest.mark.parametrize(("introspection", "roles"), [("everyone", frozenset()), ("developers", DEVELOPER)])
@pytest.mark.parametrize("query", QUERIES)
async def test_the_schema_is_told_to_whom_it_may_be(query: str, introspection: str, roles: frozenset[str]) -> None:
    """Everyone, where the view does not say otherwise."""
    assert "errors" not in await ask(query, introspection, roles)


@pytest.mark.parametrize(("introspection", "roles"), HIDDEN)
@pytest.mark.parametrize("query", QUERIES)
async def test_the_schema_is_not_told_to_others(query: str, introspection: str, roles: frozenset[str]) -> None:
    """By whatever way it is asked for, also where it would be skipped."""
    with pytest.raises(RefusedError, match=f"shows its schema to {introspection}") as caught:
        await ask(query, introspection, roles)
    assert caught.value.code is RefusalCode.INTROSPECTION_NOT_ALLOWED


@pytest.mark.parametrize(("introspection", "roles"), HIDDEN)
async def test_nor_is_it_told_in_small_pieces(introspection: str, roles: frozenset[str]) -> None:
    """An error suggests no field to them; `__typename` stays, for clients' caches need it."""
    with pytest.raises(RefusedError) as caught:
        await ask('{ vessel(by: {id: "v1"}) { nam } }', introspection, roles)
    assert "mean" not in str(caught.value)
    answer = await ask('{ __typename vessel(by: {id: "v1"}) { __typename name } }', introspection, roles)
    assert answer == {"data": {"__typename": "Query", "vessel": {"__typename": "Vessel", "name": "Anna"}}}


def test_the_operator_asks_what_it_likes() -> None:
    """`customer-view explain` has no caller."""
    told = harbour().engine.explain(view(introspection="nobody"), Request(QUERIES[0]))
    assert told["calls"] == 0


async def test_variables_are_told_without_suggestions() -> None:
    """The names of an enum's values or of an input's members are of the schema too."""
    query = "query ($by: VesselBy!, $kinds: [Kind!]) { vessel(by: $by) { portCalls(inKinds: $kinds) { on } } }"
    request = Request(query, variables={"by": {"regitry": "R1"}, "kinds": ["TANKR"]})
    caller = Caller("desk")
    with pytest.raises(RefusedError) as caught:
        await harbour().engine.answer(view(introspection="nobody"), request, caller, Deadline.after(5))
    told = " ".join(error.message for error in caught.value.errors)
    assert "TANKER" not in told
    assert "'registry'" not in told
