"""The one place where a URL chooses the store."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import (
    Lookup,
    PostgresCrossReference,
    SourceSystem,
    SqliteCrossReference,
    StoreError,
    TenantUnknownError,
    open_crossref,
)
from adapters.crossref.kept_lookups import KeptLookups
from adapters.crossref.trying import try_crossref
from adapters.crossref.urls import file_of, url_fault
from tests.adapters.crossref.contract import Backdoor, SteppedClock
from tests.adapters.crossref.postgres_tables import PostgresTables


@pytest.mark.parametrize("form", ["sqlite:///{}", "{}"])
async def test_a_path_chooses_sqlite(path: Path, form: str) -> None:
    """It is open for as long as the context lasts."""
    async with open_crossref(form.format(path), clock=SteppedClock()) as store:
        assert isinstance(store, SqliteCrossReference)
        await store.register_source(SourceSystem("crm"), actor="admin")
        made = await store.link("crm", "C1", asserted_by="tester")
        found = await store.resolve(Lookup("crm", "C1"))
        assert found is not None
        assert found.customer_id == made.customer
    with pytest.raises(StoreError):
        await store.resolve(Lookup("crm", "C1"))


@pytest.mark.postgres
async def test_a_url_chooses_postgresql(tables: PostgresTables) -> None:
    """`postgresql://`, or `postgres://` as some write it."""
    for url in (tables.url, tables.url.replace("postgresql://", "postgres://")):
        async with open_crossref(url, tenant="other") as store:
            assert isinstance(store, PostgresCrossReference)
            await store.register_source(SourceSystem("crm"), actor="admin")
        with pytest.raises(StoreError, match="is closed"):
            await store.resolve(Lookup("crm", "C1"))


async def assert_no_tenant(place: str, look: Backdoor) -> None:
    """A tenant that is not there is refused, and nothing is written; one that has begun is opened."""
    tenants = "SELECT tenant_id FROM tenant ORDER BY 1"
    async with open_crossref(place, tenant="known"):
        before = look(tenants)
    with pytest.raises(TenantUnknownError, match="nothing is here; correct its name"):
        async with open_crossref(place, tenant="slip", make_tenant=False):
            raise AssertionError
    assert look(tenants) == before
    async with open_crossref(place, tenant="known", make_tenant=False) as store:
        assert await store.sources() == {}


async def assert_nobody_beside(place: str, look: Backdoor) -> None:
    """Where nothing is written of anybody a tenant begins; afterwards no other does, nor one of which nothing is
    written, until it was meant to."""
    for name in ("first", "second"):
        async with open_crossref(place, tenant=name, beside_others=False):
            pass
    async with open_crossref(place, tenant="first", beside_others=False) as store:
        await store.register_source(SourceSystem("crm"), actor="admin")
    before = look("SELECT tenant_id, next_seq FROM tenant ORDER BY 1")
    for name in ("slip", "second"):
        with pytest.raises(TenantUnknownError) as caught:
            async with open_crossref(place, tenant=name, beside_others=False):
                raise AssertionError
        assert "slip" not in str(caught.value)
        with pytest.raises(TenantUnknownError):
            await try_crossref(place, tenant=name)
    assert look("SELECT tenant_id, next_seq FROM tenant ORDER BY 1") == before
    async with open_crossref(place, tenant="second") as store:
        await store.register_source(SourceSystem("crm"), actor="admin")
    for name in ("first", "second"):
        async with open_crossref(place, tenant=name, beside_others=False) as store:
            assert [*await store.sources()] == ["crm"]
        await try_crossref(place, tenant=name)


@pytest.fixture
def look(path: Path) -> Backdoor:
    def run(statement: str, *given: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(statement, given).fetchall()

    return run


async def test_a_slip_begins_no_tenant_on_sqlite(path: Path, look: Backdoor) -> None:
    """Where that is asked for."""
    await assert_no_tenant(str(path), look)


async def test_no_tenant_begins_beside_others_on_sqlite(path: Path, look: Backdoor) -> None:
    """Where that is asked for."""
    await assert_nobody_beside(str(path), look)


@pytest.mark.postgres
async def test_a_slip_begins_no_tenant_on_postgresql(tables: PostgresTables) -> None:
    """Where that is asked for."""
    await assert_no_tenant(tables.url, tables.look)


@pytest.mark.postgres
async def test_no_tenant_begins_beside_others_on_postgresql(tables: PostgresTables) -> None:
    """Where that is asked for."""
    tables.look("UPDATE tenant SET next_seq = 1")
    await assert_nobody_beside(tables.url, tables.look)


@pytest.mark.parametrize(("most", "is_kept"), [(0, False), (None, False), (1, True)])
async def test_look_ups_are_kept_on_sqlite_when_it_is_asked_for(path: Path, most: int | None, is_kept: bool) -> None:
    """There is little to gain."""
    async with open_crossref(str(path), kept_bytes=most) as store:
        assert isinstance(store._reader, KeptLookups) is is_kept


@pytest.mark.postgres
@pytest.mark.parametrize(("most", "is_kept"), [(0, False), (None, True), (1, True)])
async def test_look_ups_are_kept_on_postgresql_as_it_suits(
    tables: PostgresTables, most: int | None, is_kept: bool
) -> None:
    """None means so; without anything said none are."""
    async with open_crossref(tables.url, tenant="other", kept_bytes=most) as store:
        assert isinstance(store._reader, KeptLookups) is is_kept


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("redis://:hunter2@cache", "a cross-reference of the kind redis://"),
        ("postgresql+asyncpg://me:hunter2@host/db", "a cross-reference of the kind postgresql+asyncpg://"),
        ("", "a cross-reference without a file"),
        ("hunter2 ://", "a cross-reference without a file"),
        ("postgresql://me:hunter2@host", "a URL of PostgreSQL without a database"),
        ("postgresql://me:hunter2@host/", "a URL of PostgreSQL without a database"),
        ("postgresql://me:hunter2@/db", "a URL of PostgreSQL without a host"),
        ("postgresql:///db", "a URL of PostgreSQL without a host"),
        ("postgresql://me:hunter 2@host/db", "a URL with blanks or control characters; encode them: a blank is %20"),
        ("postgresql://me:hunter2@host/db\n", "a URL with blanks or control characters; encode them: a blank is %20"),
        *(
            (
                f"postgresql://me:{password}@host/db",
                "a URL that cannot be taken apart; encode what stands in a password: @ : / ? # are %40 %3A %2F %3F %23",
            )
            for password in ("hunter@2", "hunter/2", "hunter?2", "hunter#2", "hunter[2")
        ),
    ],
)
async def test_a_place_that_cannot_be_is_told(place: str, fault: str) -> None:
    """Nothing of it is shown but the scheme, and nothing is opened."""
    assert url_fault(place) == fault
    with pytest.raises(StoreError) as caught:
        async with open_crossref(place):
            raise AssertionError
    assert str(caught.value).startswith(f"got {fault}; wanted sqlite:/// and the path of a file, or postgresql://")
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter%402@host/db",
        "postgres://host:5433/db",
        "postgresql://me@a:1,b:2/db?target_session_attrs=primary",
        "postgresql:///db?host=/run/postgresql",
        "postgresql://host?dbname=db&sslmode=verify-full",
    ],
)
def test_a_url_of_postgresql_is_taken(url: str) -> None:
    """As its driver takes it."""
    assert url_fault(url) is None
    assert file_of(url) is None


@pytest.mark.parametrize("tenant", ["", " ", "north ", "\x00", "\ud800", "a\nb", "x" * 129, None, 7])
def test_what_is_no_name_of_a_tenant_is_refused(path: Path, tenant: Any) -> None:
    """A variable that is not set would begin a tenant of its own; nothing is made, and the name is not told."""
    wanted = "^got what is no name of a tenant; wanted 1 to 128 printable characters"
    for place in (str(path), "postgresql://nobody@localhost/none"):
        for call in (open_crossref(place, tenant=tenant).__aenter__(), try_crossref(place, tenant=tenant)):
            with pytest.raises(StoreError, match=wanted):
                asyncio.run(call)
    assert not path.exists()
