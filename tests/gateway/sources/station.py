"""The greenhouse with somebody who runs it: a consumer with the role operator, and limits at one of the sources."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from adapters.limits import Limits, SourceLimits
from gateway.settings import Settings
from tests.gateway.greenhouse import Greenhouse, greenhouse, write_all

__all__ = ["OPERATOR_TOKEN", "Station", "station"]

OPERATOR_TOKEN = "cv_" + "o" * 43


@dataclass
class Station:
    """The greenhouse, the time by its clocks, and the limits of its nursery."""

    house: Greenhouse
    limits: SourceLimits
    clock: list[float]

    async def asked(self, token: str | None = OPERATOR_TOKEN, path: str = "/health/sources") -> httpx.Response:
        """Ask how the sources do."""
        async with self.house.client(token) as client:
            return await client.get(path)

    async def told(self) -> dict[str, Any]:
        """How the sources do, by their names."""
        return {one["source"]: one for one in (await self.asked()).json()["sources"]}


def station(folder: Path, *, settings: Settings | None = None) -> Station:
    """A greenhouse that is not open yet; the seconds since 1970 are those of its clock."""
    is_new = not (folder / "consumers.yaml").exists()
    _, consumers = write_all(folder)
    if is_new:
        digest = sha256(OPERATOR_TOKEN.encode()).hexdigest()
        with consumers.open("a") as opened:
            opened.write(f"- name: operations\n  token_sha256: {digest}\n  views: []\n  roles: [operator]\n")
    clock = [1_800_000_000.0]
    house = greenhouse(folder, settings=settings, clock=lambda: clock[0], now=lambda: clock[0])
    limits = SourceLimits(Limits(), clock=lambda: clock[0], chance=lambda: 0.5)
    vars(house.nursery)["limits"] = limits
    return Station(house, limits, clock)
