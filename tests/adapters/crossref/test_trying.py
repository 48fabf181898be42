"""Whether a cross-reference could be opened, tried without changing it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.crossref import HkdfSecrets, SecretError, StoreError, TenantUnknownError, open_crossref
from adapters.crossref.trying import try_crossref
from tests.adapters.crossref.contract import SECRETS, Backdoor, SteppedClock
from tests.adapters.crossref.postgres_tables import PostgresTables

OTHER = HkdfSecrets({1: b"x" * 32})


async def assert_tried(place: str, look: Backdoor) -> None:
    """The right secrets are taken; others are refused as opening refuses them. Nothing is written."""
    async with open_crossref(place, clock=SteppedClock(), secrets=SECRETS) as store:
        await store.link("mail", "canary.person@example.org", asserted_by="tester")
    before = look("SELECT tenant_id FROM tenant ORDER BY 1")
    await try_crossref(place, secrets=SECRETS)
    for secrets in (None, OTHER):
        with pytest.raises(SecretError) as tried:
            await try_crossref(place, secrets=secrets)
        with pytest.raises(SecretError) as opened:
            async with open_crossref(place, secrets=secrets):
                raise AssertionError
        assert str(tried.value) == str(opened.value)
    with pytest.raises(TenantUnknownError):
        await try_crossref(place, tenant="another")
    assert look("SELECT tenant_id FROM tenant ORDER BY 1") == before


async def test_a_file_is_tried_without_being_changed(file: str, backdoor: Backdoor) -> None:
    """Another tenant is not begun by it either."""
    await assert_tried(file, backdoor)


@pytest.mark.postgres
async def test_a_database_is_tried_without_being_changed(tables: PostgresTables) -> None:
    """Another tenant is not begun by it either."""
    await assert_tried(tables.url, tables.look)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Nor is one of something else changed; in an empty one there is nothing to look at yet."""
    with pytest.raises(StoreError, match="got no file of a cross-reference"):
        asyncio.run(try_crossref(str(tmp_path / "none.db")))
    other, empty = tmp_path / "other.db", tmp_path / "empty.db"
    other.write_bytes(b"no database at all" * 100)
    empty.touch()
    with pytest.raises(StoreError, match="no database of SQLite"):
        asyncio.run(try_crossref(str(other)))
    asyncio.run(try_crossref(str(empty)))
    assert {path.name for path in tmp_path.iterdir()} == {"other.db", "empty.db"}


@pytest.mark.postgres
async def test_no_tables_are_made_by_trying(tables: PostgresTables) -> None:
    """A schema with nothing in it is one that opening makes them in."""
    tables.script("DROP SCHEMA IF EXISTS fresh CASCADE; CREATE SCHEMA fresh")
    try:
        await try_crossref(f"{tables.url}&search_path=fresh")
        assert tables.look("SELECT count(*) FROM pg_tables WHERE schemaname = 'fresh'") == [(0,)]
    finally:
        tables.script("DROP SCHEMA fresh CASCADE")
