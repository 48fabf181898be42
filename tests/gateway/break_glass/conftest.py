"""An open gateway for the tests of broken glasses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.gateway.break_glass.breaking import Emergency, emergency


@pytest_asyncio.fixture
async def opened(tmp_path: Path, nothing_else_installed: None) -> AsyncIterator[Emergency]:
    """An open gateway that keeps audit."""
    async with emergency(tmp_path) as one:
        yield one
