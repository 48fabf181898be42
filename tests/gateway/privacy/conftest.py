"""An open bureau for the tests of the privacy officer's API and page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.gateway.privacy.bureau import Bureau, bureau


@pytest_asyncio.fixture
async def opened(tmp_path: Path, nothing_else_installed: None) -> AsyncIterator[Bureau]:
    """An open gateway that knows two plants, of which nothing was asked yet."""
    async with bureau(tmp_path) as made:
        for key in ("N-p1", "N-p2"):
            await made.link(key)
        yield made
