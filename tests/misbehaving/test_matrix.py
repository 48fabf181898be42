"""Every kind of wrong answer of every base, through a whole gateway: it costs the fields of its source, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.sandbox.postgres import PostgresServer
from adapters.testing.wrongs import Wrong
from tests.misbehaving.conftest import DEADLINE_MS
from tests.misbehaving.matrix import Played, play
from tests.misbehaving.record_wrongs import GRAPHQL_WRONGS
from tests.misbehaving.stages import WRONGS

_SAME_WIRE = {
    *("cut body", "hang", "throttled", "redirected", "deep", "dense", "NaN", "null", "HTML", "bomb", "endless", "gzip"),
    *("truncated", "empty", "two documents", "error", "forbidden", "no UTF-8", "number", "flapping", "text"),
    *GRAPHQL_WRONGS,
}
"""The kinds that are played to GraphQL every time: its own; its wire is that of REST, to which all are."""

_FLOODS = {"huge cell", "large cells", "rows without end", "notices", "settings", "notifications"}
"""Kinds of a database whose sending takes a second of this process's own time: another process is asked of them."""


def check(wrong: Wrong, played: Played) -> None:
    """Check what a kind may cost: its own values, by its own reasons, or what a breaker says once it is open."""
    assert played.is_well_whole, f"got {played.seen}; wanted all of the other source"
    allowed = {str(reason) for reason in wrong.reasons if reason} | (
        {"CIRCUIT_OPEN"} if wrong.reasons != {None} else set()
    )
    assert played.codes <= allowed, f"got {played.codes}; wanted no other than {allowed}"
    assert played.codes or None in wrong.reasons, "got values of a source that cannot have told them"
    assert played.slowest < 10 * DEADLINE_MS / 1_000
    assert played.calls <= played.most_calls, f"got {played.calls} calls; wanted {played.most_calls} at most"


@pytest.mark.parametrize("kind", WRONGS["REST"])
async def test_a_rest_source_costs_its_own_fields_only(prepared: Path, kind: str) -> None:
    """All kinds of the kit, byte by byte on a real socket."""
    wrong = WRONGS["REST"][kind]
    check(wrong, await play(prepared, "REST", wrong))


@pytest.mark.parametrize(
    "kind", [kind if kind in _SAME_WIRE else pytest.param(kind, marks=pytest.mark.long) for kind in WRONGS["GraphQL"]]
)
async def test_a_graphql_source_costs_its_own_fields_only(prepared: Path, kind: str) -> None:
    """The same, where a POST is answered by data and errors."""
    wrong = WRONGS["GraphQL"][kind]
    check(wrong, await play(prepared, "GraphQL", wrong))


@pytest.mark.postgres
@pytest.mark.parametrize("kind", [kind for kind in WRONGS["PostgreSQL"] if kind not in _FLOODS])
async def test_a_postgres_source_costs_its_own_fields_only(
    prepared: Path, filled_postgres: PostgresServer, kind: str
) -> None:
    """A real server, whose messages are exchanged on the way."""
    wrong = WRONGS["PostgreSQL"][kind]
    check(wrong, await play(prepared, "PostgreSQL", wrong, filled_postgres))


@pytest.mark.parametrize("kind", WRONGS["SQLite"])
async def test_an_sqlite_source_costs_its_own_fields_only(prepared: Path, tmp_path: Path, kind: str) -> None:
    """A real file, spoilt."""
    wrong = WRONGS["SQLite"][kind]
    check(wrong, await play(prepared, "SQLite", wrong, tmp_path / "labels.db"))
