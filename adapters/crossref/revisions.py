"""Whether tables are those of a cross-reference, and of which revision."""

from __future__ import annotations

import re
from collections.abc import Set

from adapters.crossref.errors import SchemaOutdatedError
from adapters.crossref.migrations import HEAD

__all__ = ["are_ours", "checked", "is_head"]

_OURS = frozenset({"alembic_version", "tenant", "source_system", "customer", "link", "restriction", "xref_event"})
"""Tables of every revision. Another application that uses Alembic may have a revision of the same name."""

_REVISION = re.compile(r"[0-9]{4}")


def are_ours(tables: Set[str]) -> bool:
    """Return whether the tables of these names are a cross-reference's."""
    return tables >= _OURS


def checked(told: object) -> str:
    """Return the revision that the tables tell; raises SchemaOutdatedError when it cannot be one."""
    revision = str(told)
    if not _REVISION.fullmatch(revision):
        raise SchemaOutdatedError(
            f"got tables of no known revision; wanted {HEAD} or older: restore a backup, or correct the path"
        )
    return revision


def is_head(revision: str | None, *, migrate: bool) -> bool:
    """Return whether the tables are those of this release; False where revisions are to be applied, or nothing is yet.

    Raises SchemaOutdatedError for tables of a newer release, with `migrate` False of an older one too.
    """
    if revision is not None and revision > HEAD:
        raise SchemaOutdatedError(
            f"got tables of revision {revision}; wanted {HEAD}: use the release that wrote them, or newer"
        )
    if revision != HEAD and not migrate:
        got = "no tables" if revision is None else f"tables of revision {revision}"
        raise SchemaOutdatedError(f"got {got}; wanted those of revision {HEAD}: open once with migrate=True")
    return revision == HEAD
