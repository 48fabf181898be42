"""The tables and how they came to be: revisions that Alembic applies, shipped inside the package."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import cast

from adapters.crossref.errors import SchemaOutdatedError

__all__ = ["HEAD", "upgrade"]

HEAD = "0001"
"""The newest revision. A test holds it equal to what the revisions say."""


def upgrade(path: Path, *, busy_ms: int) -> None:
    """Bring the SQLite database to the newest revision, in one transaction that keeps other processes out.

    Raises sqlite3.Error when SQLite fails, and SchemaOutdatedError when it is at a revision that is not known here.
    """
    # Imported here because SQLAlchemy and Alembic take a quarter of a second, which a start on current tables saves.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from sqlalchemy import URL, create_engine, event
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": busy_ms / 1000})
    event.listen(engine, "connect", _leave_transactions_to_us)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except CommandError:
        raise SchemaOutdatedError(
            f"got tables of a revision that is not known; wanted {HEAD} or older: use the release that wrote them"
        ) from None
    except DBAPIError as error:
        raise cast("sqlite3.Error", error.orig) from None


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
