"""A process of its own that does what it is ordered to: a line of JSON for each order, and one for what it tells."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["Ordered", "ordered"]


@dataclass(frozen=True, slots=True)
class Ordered:
    """A process that takes orders."""

    process: asyncio.subprocess.Process

    async def order(self, **order: Any) -> Any:
        """Have it do something, and return what it tells."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(60):
            return json.loads(await stdout.readline())

    async def ask(self) -> Any:
        """Have it ask once."""
        return await self.order(ask=True)


@asynccontextmanager
async def ordered(module: str, *arguments: str) -> AsyncIterator[Ordered]:
    """Start a module as a process, which ends with its input."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Ordered(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
