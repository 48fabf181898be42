"""Processes that are killed between any two statements of a write: it stands wholly or not at all."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest

from adapters.crossref import open_crossref
from tests.adapters.crossref.contract import SECRETS, SOURCES
from tests.adapters.crossref.story import Ask, Story, Telling, check_telling, loading, performed, telling_of

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("kind", ["link", "merge", "undo", "load"])
async def test_a_write_ends_between_any_two_of_its_statements(file: str, path: Path, kind: str) -> None:
    """Repeated it is made once, with one answer, also where it stood already and nobody had said so."""
    story = loading("doomed-load") if kind == "load" else telling_of("doomed")
    telling = await told_until(file, story, kind)
    await leave_copies(path, telling.open[0])
    copies = [copy for copy in path.parent.glob("*.db") if copy != path]
    assert len(copies) > 3
    for copy in copies:
        asked = Telling({client: [*asks] for client, asks in telling.asks.items()}, dict(telling.answers))
        async with open_crossref(f"sqlite:///{copy}", secrets=SECRETS) as store:
            await check_telling(store, asked, partial(performed, store), len(SOURCES))


async def told_until(file: str, story: Story, kind: str) -> Telling:
    """Write up to the first write of a kind, which is asked and not made."""
    telling, ask = Telling(), next(story)
    async with open_crossref(file, secrets=SECRETS) as store:
        telling.asked(ask)
        while ask.kind != kind:
            telling.answered(ask, await performed(store, ask))
            ask = story.send(telling.answers[ask])
            telling.asked(ask)
    return telling


async def leave_copies(path: Path, ask: Ask) -> None:
    program = [sys.executable, "-W", "error", "-m", "tests.adapters.crossref.doomed", str(path)]
    process = await asyncio.create_subprocess_exec(*program, json.dumps(asdict(ask)))
    assert await process.wait() == 0
