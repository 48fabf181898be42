"""GraphQL by GET: the request stands in the URL."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from tests.gateway.greenhouse import GARDENER, Greenhouse, code_of

RESPONSE = "application/graphql-response+json"
LABEL = '{ plant(by: {id: "p1"}) { label } }'
BY = "query Named($by: PlantBy!) { plant(by: $by) { label } }"


async def get(house: Greenhouse, *, accept: str = RESPONSE, token: str = GARDENER, **parameters: Any) -> httpx.Response:
    """Ask by GET; what is no text is sent as JSON."""
    sent = {name: one if isinstance(one, str) else orjson.dumps(one).decode() for name, one in parameters.items()}
    async with house.client(token, accept=accept) as client:
        return await client.get("/views/watering/graphql", params=sent)


@pytest.mark.parametrize("accept", [RESPONSE, "application/json"])
async def test_a_query_in_a_url_is_answered(house: Greenhouse, accept: str) -> None:
    """As by POST: one read, one call a source, the media type that is wanted."""
    response = await get(house, query=LABEL, accept=accept)
    assert (response.status_code, response.headers["content-type"]) == (200, f"{accept}; charset=utf-8")
    assert response.json() == {"data": {"plant": {"label": "Fern"}}}
    assert (house.table.reads, house.calls) == (1, 1)


async def test_every_parameter_is_read(house: Greenhouse) -> None:
    """Variables and extensions as JSON; of several operations the named one."""
    document = BY + " query Other { __typename }"
    by, wanted = {"by": {"nursery": "N-p2"}}, {"receipt": "sources"}
    response = await get(house, query=document, operationName="Named", variables=by, extensions=wanted)
    assert response.json()["data"] == {"plant": {"label": "Moss"}}
    assert response.json()["extensions"]["receipt"]["view"] == "watering@2"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ unknown }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": BY}, "BAD_USER_INPUT"),
        ({"query": BY, "operationName": "null"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "{ a } mutation M { b }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{ __typename } mutation M { __typename }", "operationName": "X"}, None),
        ({"query": "{ x }" * 200}, "QUERY_BUDGET"),
    ],
)
async def test_a_document_in_a_url_is_refused_as_by_post(
    house: Greenhouse, parameters: dict[str, str], code: str | None
) -> None:
    """The same code and bytes, 400 or, with plain JSON, 200."""
    exact, plain = await get(house, **parameters), await get(house, accept="application/json", **parameters)
    posted = await house.post(parameters, accept=RESPONSE)
    assert (exact.status_code, plain.status_code, posted.status_code) == (400, 200, 400)
    assert exact.content == plain.content == posted.content
    assert code in (None, code_of(exact))
    assert house.is_untouched


@pytest.mark.parametrize("accept", [RESPONSE, "application/json", "*/*"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"query": "mutation { __typename }"},
        {"query": "mutation { plant { label } }"},
        {"query": "subscription { plant { label } }"},
        {"query": "mutation M { a } query Q { __typename }", "operationName": "M"},
        {"query": "#query\nfragment F on Query { x } mutation { ...F }"},
    ],
)
async def test_a_get_is_safe(house: Greenhouse, parameters: dict[str, str], accept: str) -> None:
    """What is no query is refused by its method, whatever else is wrong with it; by POST it is a wrong document."""
    response = await get(house, accept=accept, **parameters)
    assert (response.status_code, code_of(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"
    assert response.json()["errors"][0]["message"] == "By GET only queries are asked."
    posted = await house.post(parameters)
    assert posted.status_code == 200
    assert code_of(posted) in ("GRAPHQL_VALIDATION_FAILED", "OPERATION_RESOLUTION_FAILURE")
    assert house.is_untouched
