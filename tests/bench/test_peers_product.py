"""This gateway as it is measured: declared without a fault, and with the answers that the sources give."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import build_schema, parse, validate

from gateway.gateway import Gateway
from tests.bench.peers.schemas import SCHEMA
from tests.bench.peers.sources import Sources
from tests.bench.peers.workload import PEER, QUERIES, Dialect, Query, expected, of_customers, of_fields, ours, some_ids
from tests.bench.product.declared import PATH, TOKEN, VIEW
from tests.bench.product.plain import PLAIN

CUSTOMERS = 1_000
OURS = ours(PATH, TOKEN)
OTHERS = build_schema(SCHEMA.read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("product")
    PLAIN.write_view(made)
    PLAIN.load(made, range(1, CUSTOMERS + 1))
    return made


def ids_of(query: Query) -> list[int]:
    """Customers whom the small cross-reference of these tests knows."""
    return [1 + place * 3 for place in range(query.count)]


async def answers(gateway: Gateway, dialect: Dialect, asked: list[tuple[Query, list[int]]]) -> list[Any]:
    async with gateway.running(), httpx.AsyncClient(transport=httpx.ASGITransport(gateway)) as client:
        headers = {"Content-Type": "application/json", **dialect.headers}
        url = f"http://gateway{dialect.path}"
        bodies = [dialect.body(query, ids) for query, ids in asked]
        return [(await client.post(url, content=body, headers=headers)).json() for body in bodies]


@pytest.mark.parametrize("batching", [True, False], ids=["batches", "one key a call"])
def test_answers_are_those_of_the_sources(running_sources: Sources, folder: Path, batching: bool) -> None:
    """Every query of the workload, with the receipt that was asked for."""
    asked = [(query, ids_of(query)) for query in QUERIES.values()]
    with running_sources.holding(batching=batching):
        gateway = PLAIN.gateway(running_sources.url, folder, batching=batching)
        found = asyncio.run(answers(gateway, OURS, asked))
    for (query, ids), answer in zip(asked, found, strict=True):
        assert answer["data"] == expected(query, running_sources.records(ids) if ids else [])
        assert "errors" not in answer
        assert answer["extensions"]["receipt"]["view"] == f"{VIEW}@1"


def test_only_the_fields_of_the_query_are_asked(running_sources: Sources, folder: Path) -> None:
    """Q3 asks one source for one field, and for the key that says whose it is."""
    running_sources.reset()
    asyncio.run(answers(PLAIN.gateway(running_sources.url, folder), OURS, [(QUERIES["q3"], [7])]))
    counted = running_sources.counts()
    assert (counted["calls"], counted["billing"]) == (1, 1)
    whole = len(running_sources.get("/billing/accounts/7")["invoices"]) * 60
    assert counted["bytes"] < whole


def test_the_longest_queries_are_within_the_views_limits(running_sources: Sources, folder: Path) -> None:
    """As many customers, and as many fields, as are measured."""
    many = of_customers(300), [1 + place for place in range(300)]
    wide = of_fields(200), [7]
    asked = [many, wide]
    customers, fields = asyncio.run(answers(PLAIN.gateway(running_sources.url, folder), OURS, asked))
    assert len(customers["data"]["customers"]) == 300
    assert len(fields["data"]["customer"]["wide"]) == 200
    assert "errors" not in {*customers, *fields}


@pytest.mark.parametrize("query", [*QUERIES.values(), of_customers(1_000)], ids=lambda query: query.name)
def test_others_are_asked_what_their_schema_has(query: Query) -> None:
    """The same selection, under the same names."""
    assert validate(OTHERS, parse(PEER.document(query))) == []


def test_a_receipt_can_be_left_out() -> None:
    """To tell what receipts cost."""
    assert b"receipt" in OURS.body(QUERIES["q1"], [1])
    assert b"receipt" not in ours(PATH, TOKEN, None).body(QUERIES["q1"], [1])


def test_customers_of_one_request_are_all_there() -> None:
    """Random ones, and none beyond the last."""
    query = of_customers(1_000)
    for _ in range(100):
        ids = some_ids(query)
        assert (len(ids), min(ids) >= 1, max(ids) <= 900_000) == (1_000, True, True)
