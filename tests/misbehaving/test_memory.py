"""What answers that are far too long cost in memory, measured from without in a process that asks and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.sandbox.postgres import PostgresServer
from tests.misbehaving.ordered import ordered
from tests.misbehaving.stages import WRONGS, staged

_MOST = 50
"""MiB by which the process may grow while it is answered."""

_LARGE = (
    *("bomb", "dense", "endless", "endless chunks", "announced too long", "long header", "many headers", "trailers"),
    *("wide headers", "chunk extension", "flood of words between", "huge number", "deep"),
)
_LARGE_ROWS = ("huge cell", "large cells", "rows without end", "notices", "settings", "notifications", "long length")


@pytest.mark.parametrize("base", ["REST", pytest.param("GraphQL", marks=pytest.mark.long)])
async def test_answers_over_http_that_are_too_long_cost_little_memory(base: str) -> None:
    """Compressed, dense in values, without end, in headers, in chunks, or before the answer."""
    await _check(base, _LARGE, None)


@pytest.mark.postgres
async def test_answers_of_a_database_that_are_too_long_cost_little_memory(filled_postgres: PostgresServer) -> None:
    """In cells, in rows, or in messages that nobody asked for."""
    await _check("PostgreSQL", _LARGE_ROWS, filled_postgres)


@pytest.mark.long
async def test_files_that_hold_too_much_cost_little_memory(tmp_path: Path) -> None:
    """One cell that is too long, many that come to too much, and too many rows."""
    for kind in ("huge cell", "large cells", "rows without end"):
        await _check("SQLite", (kind,), tmp_path / f"{kind}.db")


async def _check(base: str, kinds: tuple[str, ...], place: PostgresServer | Path | None) -> None:
    async with staged(base, place) as (stage, url), ordered("tests.misbehaving.child", base, url) as child:
        assert (await child.ask())["reasons"] == [""]
        for kind in kinds:
            wrong = WRONGS[base][kind]
            await stage.go_wrong(wrong)
            told = await child.ask()
            assert set(told["reasons"]) <= {str(reason or "") for reason in wrong.reasons}, (kind, told)
            assert told["grown"] < _MOST, f"{kind}: the process grew by {told['grown']:.1f} MiB"
