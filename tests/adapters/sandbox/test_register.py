"""The sandbox's public register: GLEIF's shape, filter, sparse fields and paging, without a socket."""

from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.sandbox.companies import companies
from adapters.sandbox.register import Register
from adapters.sandbox.server import sandbox_app

FIRMS = companies()
LEIS = [firm.lei for firm in FIRMS]


@pytest.fixture
async def register() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(sandbox_app(Register()))
    async with httpx.AsyncClient(transport=transport, base_url="http://register", trust_env=False) as client:
        yield client


async def ask(register: httpx.AsyncClient, keys: list[str], **more: str) -> httpx.Response:
    named = {"fields": "fields[lei-records]", "size": "page[size]", "page": "page[number]"}
    query = {"filter[lei]": ",".join(keys), **{named[name]: value for name, value in more.items()}}
    return await register.get("/api/v1/lei-records", params=query)


async def test_it_answers_in_the_shape_of_gleif(register: httpx.AsyncClient) -> None:
    """JSON:API: the key is data[].id, the rest stands under attributes; an identifier unknown is left out."""
    answer = (await ask(register, [LEIS[3], "ZZZZ00000000000000XX"])).json()
    firm = FIRMS[3]
    assert answer["meta"] == {"pagination": {"currentPage": 1, "perPage": 15, "total": 1}}
    (record,) = answer["data"]
    assert (record["type"], record["id"]) == ("lei-records", firm.lei)
    entity = record["attributes"]["entity"]
    assert entity["legalName"] == {"name": firm.name, "language": "en"}
    assert (entity["status"], entity["jurisdiction"]) == (firm.status, firm.jurisdiction)
    assert entity["legalAddress"]["country"] == firm.jurisdiction
    assert entity["creationDate"] == f"{firm.founded}T00:00:00Z"
    assert record["attributes"]["registration"] == {"status": firm.registration}


async def test_it_answers_the_attributes_asked(register: httpx.AsyncClient) -> None:
    """Sparse fields name attributes; type and id are always there."""
    (record,) = (await ask(register, LEIS[:1], fields="registration,lei")).json()["data"]
    assert record["id"] == LEIS[0]
    assert sorted(record["attributes"]) == ["lei", "registration"]
    assert (await register.get("/__sandbox/counters")).json()["fields"] == {"registration": 1, "lei": 1}


async def test_it_answers_a_page_at_a_time(register: httpx.AsyncClient) -> None:
    """Fifteen records, unless another size is asked; the rest on the pages that follow."""
    assert len((await ask(register, LEIS[:50])).json()["data"]) == 15
    assert len((await ask(register, LEIS[:50], size="50")).json()["data"]) == 50
    last = (await ask(register, LEIS[:50], page="4")).json()
    assert [record["id"] for record in last["data"]] == LEIS[45:50]


@pytest.mark.parametrize("size", ["0", "201", "-1", "many", "", "1_0", "²", "9" * 5000])
async def test_it_refuses_a_page_that_cannot_be(register: httpx.AsyncClient, size: str) -> None:
    """400 for whatever is no whole number from 1 to 200."""
    assert (await ask(register, LEIS[:1], size=size)).status_code == 400


async def test_it_refuses_a_call_without_an_identifier(register: httpx.AsyncClient) -> None:
    """It does not list the world."""
    assert (await ask(register, [])).status_code == 400
    assert (await register.get("/api/v1/lei-records")).status_code == 400
