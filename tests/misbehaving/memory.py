"""What wrong answers cost the process that asks, in memory: each is asked for by a child, and served from here."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["Asking", "asking"]


@dataclass(frozen=True, slots=True)
class Asking:
    """A child that asks a source."""

    process: asyncio.subprocess.Process

    async def ask(self) -> dict[str, Any]:
        """Have it ask once, and return what it tells: `reasons`, `seconds`, and `grown` in MiB."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(b"ask\n")
        async with asyncio.timeout(60):
            return dict(json.loads(await stdout.readline()))


@asynccontextmanager
async def asking(base: str, url: str) -> AsyncIterator[Asking]:
    """Start a child that asks the source of a base at this URL."""
    arguments: Sequence[str] = (sys.executable, "-m", "tests.misbehaving.child", base, url)
    process = await asyncio.create_subprocess_exec(
        *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Asking(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
