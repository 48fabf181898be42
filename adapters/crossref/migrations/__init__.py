"""The tables and how they came to be: revisions that Alembic applies, shipped inside the package."""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["HEAD", "revision_of", "upgrade"]

HEAD = "0001"
"""The newest revision. A test holds it equal to what the revisions say."""


def revision_of(connection: sqlite3.Connection) -> str | None:
    """Return the revision that the database is at, None when it has no tables of ours."""
    named = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if named else None
    return None if row is None else str(row[0])


def upgrade(path: Path, *, busy_ms: int) -> None:
    """Bring the SQLite database to the newest revision, in one transaction that keeps other processes out."""
    # Imported here because SQLAlchemy and Alembic take a quarter of a second, which a start on current tables saves.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import URL, create_engine, event
    from sqlalchemy.pool import NullPool

    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": busy_ms / 1000})
    event.listen(engine, "connect", _leave_transactions_to_us)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
