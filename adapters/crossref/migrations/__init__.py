"""The tables and how they came to be: revisions that Alembic applies, shipped inside the package."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, cast

from adapters.crossref.errors import SchemaOutdatedError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["HEAD", "script", "upgrade"]

HEAD = "0003"
"""The newest revision. A test holds it equal to what the revisions say."""


def upgrade(path: Path, *, busy_ms: int) -> None:
    """Bring the SQLite database to the newest revision, in one transaction that keeps other processes out.

    Raises sqlite3.Error when SQLite fails, and SchemaOutdatedError when it is at a revision that is not known here.
    """
    # Imported here because SQLAlchemy and Alembic take a quarter of a second, which a start on current tables saves.
    from alembic import command
    from alembic.util import CommandError
    from sqlalchemy import URL, create_engine, event
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": busy_ms / 1000})
    event.listen(engine, "connect", _leave_transactions_to_us)
    config = _config()
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except CommandError:
        raise _unknown() from None
    except DBAPIError as error:
        raise cast("sqlite3.Error", error.orig) from None


def script(revision: str | None) -> str:
    """Return the statements that bring PostgreSQL's tables from a revision, or None for no tables, to the newest.

    They stand in a text, for Alembic speaks with PostgreSQL by other drivers than ours, or through greenlets.
    """
    from alembic import command

    written = io.StringIO()
    config = _config(written)
    command.upgrade(config, f"{revision}:head" if revision else "head", sql=True)
    return written.getvalue()


def _config(written: io.StringIO | None = None) -> Config:
    from alembic.config import Config

    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _unknown() -> SchemaOutdatedError:
    return SchemaOutdatedError(
        f"got tables of a revision that is not known; wanted {HEAD} or older: use the release that wrote them"
    )


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
