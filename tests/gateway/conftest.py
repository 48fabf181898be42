"""An open gateway for the tests of its doors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.settings import Settings
from resolvers import Engine, Request
from schema.caller import Caller
from tests.gateway.greenhouse import Greenhouse, greenhouse, write_all


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything is declared; no test changes it."""
    folder = tmp_path_factory.mktemp("greenhouse")
    write_all(folder)
    return folder


@pytest.fixture
def nothing_else_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking through what is installed takes longer than all the rest."""
    monkeypatch.setattr("gateway.checking.distributions_of", lambda _: {})


@pytest_asyncio.fixture
async def house(planted: Path, nothing_else_installed: None) -> AsyncIterator[Greenhouse]:
    """An open gateway."""
    made = greenhouse(planted, settings=Settings(most_body_bytes=4096))
    async with made.gateway.running():
        yield made


@pytest.fixture
def callers(monkeypatch: pytest.MonkeyPatch) -> list[Caller]:
    """Those of whom the engine is told."""
    told: list[Caller] = []
    answer = Engine.answer

    async def noted(engine: Engine, view: Any, request: Request, caller: Caller, *more: Any, **named: Any) -> Any:
        told.append(caller)
        return await answer(engine, view, request, caller, *more, **named)

    monkeypatch.setattr(Engine, "answer", noted)
    return told
