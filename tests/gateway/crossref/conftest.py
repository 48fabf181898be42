"""An open office for the tests of the API."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.crossref import SqliteCrossReference
from tests.gateway.crossref.office import SECRETS, Office, declare, office, register


@pytest.fixture(scope="session")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything is declared, with a cross-reference that knows the sources; no test changes it."""
    folder = tmp_path_factory.mktemp("office")
    declare(folder)
    with closing(SqliteCrossReference.open(folder / "crossref.db", secrets=SECRETS)) as store:
        asyncio.run(register(store))
    return folder


@pytest_asyncio.fixture
async def desk(declared: Path, tmp_path: Path, nothing_else_installed: None) -> AsyncIterator[Office]:
    """An open office, whose cross-reference knows the sources and nobody yet."""
    shutil.copy(declared / "crossref.db", tmp_path)
    with closing(SqliteCrossReference.open(tmp_path / "crossref.db", secrets=SECRETS)) as store:
        made = office(declared, store)
        async with made.gateway.running():
            yield made
