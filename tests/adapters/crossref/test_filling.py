"""How SQLite is made ready for a bulk load, and left as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.crossref import LoadRow, SqliteCrossReference, StoreError

USUAL = [(-2000,), (1000,)]


def held(store: SqliteCrossReference) -> list[tuple[int]]:
    run = store._file.writer.execute
    return [run(f"PRAGMA {name}").fetchone() for name in ("cache_size", "wal_autocheckpoint")]


async def test_more_is_held_while_a_load_lasts(store: SqliteCrossReference) -> None:
    """64 MiB of pages, and of the log; afterwards it is what a gateway holds that only answers."""
    seen: list[list[tuple[int]]] = []
    assert held(store) == USUAL
    await store.load([(None, {"crm": ["C-1"]})], actor="feed", noted=lambda _: seen.append(held(store)))
    assert seen == [[(-65_536,), (16_384,)]]
    assert held(store) == USUAL


async def test_a_load_that_fails_gives_back_what_it_held(store: SqliteCrossReference) -> None:
    """Whatever it was that failed."""

    def broken() -> Iterator[LoadRow]:
        yield None, {"crm": ["C-1"]}
        raise ValueError("the file is gone")

    with pytest.raises(ValueError, match="the file is gone"):
        await store.load(broken(), actor="feed")
    assert held(store) == USUAL


async def test_statistics_are_of_a_part_of_the_tables(store: SqliteCrossReference) -> None:
    """They are gathered within a moment, however large the tables are, for nobody else can write meanwhile."""
    await store.load([(None, {"crm": ["C-1"]})], actor="feed")
    run = store._file.writer.execute
    assert run("PRAGMA analysis_limit").fetchone() == (100_000,)
    assert run("SELECT stat FROM sqlite_stat1 WHERE idx = 'link_current_key'").fetchone() == ("1 1 1 1",)


async def test_a_store_that_is_closed_meanwhile_says_so(store: SqliteCrossReference) -> None:
    """What it held is given back with the file."""
    with pytest.raises(StoreError, match="failed"):
        await store.load([(None, {"crm": ["C-1"]})], actor="feed", noted=lambda _: store.close())
