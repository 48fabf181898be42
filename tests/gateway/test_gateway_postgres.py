"""A gateway whose cross-reference is a database of PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.crossref import KeyMode, SecretError, SourceSystem, StoreError, open_crossref
from adapters.sandbox.postgres import PostgresServer
from gateway.gateway import Gateway
from gateway.secret_file import load_secrets, new_secret_line
from gateway.settings import Settings
from tests.gateway.greenhouse import Greenhouse, Plant, Table, code_of, nursery, soil, write_all

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("nothing_else_installed")]

LABEL = {"query": '{ plant(by: {nursery: "N-p1"}) { label } }'}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer.start() as started:
        yield started


def house_over(folder: Path, crossref: str, secret_file: Path | None = None) -> Greenhouse:
    views, consumers = write_all(folder)
    plants, beds = nursery(), soil()
    gateway = Gateway(
        model=Plant,
        adapters=[plants, beds],
        views=views,
        crossref=crossref,
        consumers=consumers,
        settings=Settings(secret_file=secret_file),
    )
    return Greenhouse(gateway, plants, beds, Table())


async def test_a_gateway_answers_over_postgresql(tmp_path: Path, server: PostgresServer) -> None:
    """A sealed key is looked up and read back; what is linked meanwhile is found; afterwards the table is closed."""
    url, secret_file = server.url("postgres"), tmp_path / "secrets.txt"
    secret_file.write_text(new_secret_line())
    house = house_over(tmp_path, url, secret_file)
    async with open_crossref(url, secrets=load_secrets(secret_file)) as loaded:
        await loaded.register_source(SourceSystem("nursery", key_mode=KeyMode.SEALED), actor="test")
        async with house.gateway.running() as service:
            assert (await house.post(LABEL)).json()["data"] == {"plant": None}
            await loaded.link("nursery", "N-p1", asserted_by="test")
            async with asyncio.timeout(1):  # it is kept that nobody was found, until the link is heard of
                while (await house.post(LABEL)).json() != {"data": {"plant": {"label": "Fern"}}}:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            crossref = service.engine._crossref
    with pytest.raises(StoreError, match="is closed"):
        await crossref.resolve_many([])
    with pytest.raises(SecretError):
        async with house_over(tmp_path, url).gateway.running():
            raise AssertionError


async def test_a_database_that_is_not_there_stops_the_start(tmp_path: Path, server: PostgresServer) -> None:
    """And closes the adapters; one that goes later costs the requests of that time, and says nothing of itself."""
    house = house_over(tmp_path, server.url("nowhere"))
    with pytest.raises(StoreError, match="is not there; make it, or correct its name"):
        async with house.gateway.running():
            raise AssertionError
    assert (house.nursery.closed, house.soil.closed) == (1, 1)
    with PostgresServer.start() as other:
        house = house_over(tmp_path, other.url("postgres"))
        async with house.gateway.running():
            await asyncio.to_thread(other.stop)
            answer = await house.post(LABEL)
        assert (answer.status_code, code_of(answer)) == (503, "UNAVAILABLE")
        assert "postgres" not in answer.text
