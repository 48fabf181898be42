"""Tables filled with links: a file of SQLite, which is kept for the next run, and a database of PostgreSQL.

Indexes are made when the rows are there, as the schema has them, and statistics are gathered, as after a load.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from adapters.crossref import (
    PostgresCrossReference,
    SourceSystem,
    SqliteCrossReference,
    StoredCrossReference,
    migrations,
)
from adapters.crossref.postgres.database import connected
from tests.bench.linked.rows import POSTGRES, SOURCES, SQLITE, inserts

__all__ = ["fill_postgres", "sqlite_file"]

_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('customer', 'link') AND sql <> ''"

_INDEXES_THERE = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = current_schema() AND tablename IN ('customer', 'link') AND indexname NOT LIKE '%_pkey'
"""

_PATIENCE = 3600.0


async def sqlite_file(folder: Path, links: int) -> Path:
    """Return the file with so many links, which is made where it is not there; about 500 bytes a link.

    Its name tells the schema that it was made for. A run that is interrupted leaves none behind that a later one would
    take for a whole one.
    """
    file = folder / f"{links}-{_schema(links)}.db"
    if not file.exists():
        unfinished = _emptied(folder, links) / f"{file.stem}.filling"
        store = SqliteCrossReference.open(unfinished)
        await _register(store)
        await store.aclose()
        _fill_file(unfinished, links)
        unfinished.rename(file)
    return file


def _emptied(folder: Path, links: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{links}-*"):
        left.unlink()
    return folder


def _schema(links: int) -> str:
    versions = Path(migrations.__file__).with_name("versions")
    made_by = [file.read_text("utf-8") for file in sorted(versions.glob("*.py"))]
    return hashlib.sha256("".join((*made_by, *inserts(SQLITE, links))).encode()).hexdigest()[:12]


def _fill_file(file: Path, links: int) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        run = connection.execute
        run("PRAGMA journal_mode = OFF")
        run("PRAGMA synchronous = OFF")
        run("PRAGMA cache_size = -262144")
        indexes = run(_INDEXES).fetchall()
        for name, _ in indexes:
            run(f"DROP INDEX {name}")
        for statement in (*inserts(SQLITE, links), *(made_by for _, made_by in indexes), "ANALYZE"):
            run(statement)


async def fill_postgres(url: str, links: int) -> None:
    """Make the tables in an empty database, and fill them. The user has to be a superuser: no reference is checked."""
    store = await PostgresCrossReference.open(url)
    await _register(store)
    await store.aclose()
    async with connected(url) as driver:
        await driver.execute("SET session_replication_role = replica; SET maintenance_work_mem = '256MB'")
        indexes = await driver.fetch(_INDEXES_THERE)
        for name, _ in indexes:
            await driver.execute(f"DROP INDEX {name}")
        for statement in (*inserts(POSTGRES, links), *(made_by for _, made_by in indexes)):
            await driver.execute(statement, timeout=_PATIENCE)
        await driver.execute("VACUUM ANALYZE customer, link", timeout=_PATIENCE)


async def _register(store: StoredCrossReference) -> None:
    for source in SOURCES:
        await store.register_source(SourceSystem(source), actor="bench")
