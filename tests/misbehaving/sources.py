"""Every base with what goes wrong with it, by its own doing or on the way, and each kind measured."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from adapters.sandbox.postgres import PostgresServer
from adapters.testing.wrongs import Wrong
from tests.misbehaving.goals import faults
from tests.misbehaving.house import prepare
from tests.misbehaving.measuring import DEADLINE, Measured, Sick, measure
from tests.misbehaving.ordered import ordered
from tests.misbehaving.proxied import proxied
from tests.misbehaving.proxy_wrongs import HTTP_PROXY_WRONGS, TCP_PROXY_WRONGS
from tests.misbehaving.stages import WRONGS, Stage, fill_postgres, staged

__all__ = ["WAYS", "Way", "measured"]

_STARVED, _AGAIN = 0.02, 3
"""Seconds for which a request has waited for a processor where a fault may be the machine's: how often a kind is then
measured again."""

Counted = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Way:
    """One base, and where it goes wrong: by its own doing, or in the Envoy before it."""

    base: str
    is_proxied: bool = False

    @property
    def wrongs(self) -> Mapping[str, Wrong]:
        """The kinds by their names."""
        if not self.is_proxied:
            return WRONGS[self.base]
        return TCP_PROXY_WRONGS if self.base == "PostgreSQL" else HTTP_PROXY_WRONGS

    @property
    def title(self) -> str:
        """What it is called."""
        return f"{self.base} behind Envoy" if self.is_proxied else self.base

    async def opened(
        self, stack: AsyncExitStack, folder: Path, server: PostgresServer | None
    ) -> tuple[Sick, str, Counted]:
        """Return the source, where it is asked, and what counts its calls. The server is that of PostgreSQL."""
        if self.is_proxied:
            proxy, url = await stack.enter_async_context(proxied(folder, self.base, server))
            return proxy, url, proxy.counted
        place = folder / "labels.db" if self.base == "SQLite" else server
        stage, url = await stack.enter_async_context(staged(self.base, place))
        return stage, url, _counting(stage)


def _counting(stage: Stage) -> Counted:
    async def counted() -> int:
        return stage.calls

    return counted


WAYS = (
    *(Way(base) for base in WRONGS),
    *(Way(base, is_proxied=True) for base in ("REST", "GraphQL", "PostgreSQL")),
)
"""All of them."""


async def measured(way: Way, kinds: Iterable[str] | None = None, *, margin: float = 1.0) -> AsyncIterator[Measured]:
    """Yield what each kind comes to, in a process of its own: all of them, or those that are named."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="customer-view-misbehaving-")))
        prepare(folder, deadline=int(DEADLINE * 1_000))
        server = None
        if way.base == "PostgreSQL":
            server = stack.enter_context(PostgresServer.start(scram_iterations="1"))
            await asyncio.to_thread(fill_postgres, server)
        sick, url, counted = await way.opened(stack, folder, server)
        asking = await stack.enter_async_context(ordered("tests.misbehaving.asker", str(folder), way.base))
        for name in kinds or way.wrongs:
            found = await measure(asking, url, way.wrongs[name], sick, counted)
            for _ in range(_AGAIN):
                if found.starved < _STARVED or not faults(found, margin=margin):
                    break
                found = await measure(asking, url, way.wrongs[name], sick, counted)
            yield found
