"""A gateway that keeps audit, with a view in which something is shown in emergencies only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from gateway.secret_file import new_secret_line
from gateway.settings import Settings
from tests.gateway.greenhouse import (
    FLORIST,
    GARDENER,
    INSPECTOR,
    Greenhouse,
    greenhouse,
    publish_view,
    write_all,
    write_view,
)

NOW = 1_800_000_000.0
"""2027-01-15T08:00:00Z."""
DAY = 86_400.0
NOTHING: dict[str, Any] = {"waiting": [], "next": None}
"""What is told where nothing waits."""
RULE = "break_glass: {roles: [fraud-lead], reasons: [suspected-fraud, vital-interest], minutes: 30, review_hours: 24}\n"
ASKED = {"customer": {"id": "p1"}, "reason": "suspected-fraud", "reference": "T-17", "actor": "e-4"}
"""What is sent to have a glass broken."""


@dataclass
class Time:
    """The time of the tests, which they set."""

    now: float = NOW

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


@dataclass
class Emergency:
    """An open gateway, its clock and its folder. The gardener may break glasses, the florist reviews."""

    house: Greenhouse
    time: Time
    folder: Path

    async def break_glass(
        self, body: Any = None, *, token: str = GARDENER, view: str = "fraud-review", **headers: str
    ) -> httpx.Response:
        """Ask for it; bytes are sent as they are."""
        sent = ASKED if body is None else body
        content = {"content": sent} if isinstance(sent, bytes) else {"json": sent}
        given = {"content-type": "application/json"} | headers
        async with self.house.client(token) as client:
            return await client.post(f"/views/{view}/break-glass", headers=given, **content)

    async def waiting(self, token: str = FLORIST, **asked: Any) -> httpx.Response:
        """Ask what waits for review."""
        async with self.house.client(token) as client:
            return await client.get("/privacy/break-glass", params=asked)

    async def reviewed(self, **asked: Any) -> Any:
        """Ask what was reviewed, which has to be answered."""
        async with self.house.client(FLORIST) as client:
            response = await client.get("/privacy/break-glass/reviewed", params=asked)
        assert response.status_code == 200, response.text
        return response.json()

    async def drop_old(self) -> None:
        """Have old records dropped, as happens every hour."""
        audit = self.house.gateway._opened().audit
        assert audit is not None
        await asyncio.to_thread(audit._syncing.settle)  # a segment that has ended is closed by now
        await audit.drop_old()
        if audit._calendar._doubted_at is not None:  # the tests' clock jumps: as if that was a day ago
            audit._calendar._doubted_at -= DAY
            await audit.drop_old()

    async def review(self, grant: str, body: Any = None, *, token: str = FLORIST) -> httpx.Response:
        """Review it."""
        sent = {"outcome": "justified", "reference": "R-1", "actor": "dpo-1"} if body is None else body
        async with self.house.client(token) as client:
            return await client.post(f"/privacy/break-glass/{grant}/review", json=sent)

    async def query(
        self,
        grant: str | None,
        *,
        token: str = GARDENER,
        view: str = "fraud-review",
        query: str = '{ plant(by: {id: "p1"}) { label } }',
    ) -> httpx.Response:
        """Ask the view for the plant, or something else, with a grant."""
        headers = {} if grant is None else {"break-glass": grant}
        async with self.house.client(token) as client:
            return await client.post(f"/views/{view}/graphql", json={"query": query}, headers=headers)


def records(folder: Path, kind: str) -> list[dict[str, Any]]:
    """What stands in the audit, of one kind."""
    lines = [line for file in sorted((folder / "audit").iterdir()) for line in file.read_text().splitlines()]
    return [one for one in map(json.loads, lines) if one["kind"] == kind]


def write_emergency(folder: Path, minutes: int = 30) -> None:
    """Write the view, the consumers with their roles, and folders for the audit."""
    views, _ = write_all(folder)
    if (views / "fraud-review@1.yaml").exists():
        return
    listed = ("Plant.id", "Plant.height", "Plant.label: {break_glass: true}")
    write_view(views, "fraud-review@1", *listed, consumers="gardener, inspector, florist", published=False)
    with (views / "fraud-review@1.yaml").open("a") as file:
        file.write(RULE.replace("30", str(minutes)))
    publish_view(views, "fraud-review@1")
    (folder / "consumers.yaml").write_text(_consumers())
    for name in ("audit", "anchors"):
        (folder / name).mkdir(mode=0o700)
    (folder / "secrets.txt").write_text(new_secret_line() + "\n")
    (folder / "secrets.txt").chmod(0o600)


def _consumers() -> str:
    known = {
        "gardener": (GARDENER, "[watering, fraud-review]", "[fraud-lead]"),
        "inspector": (INSPECTOR, "[pests, fraud-review]", "[developer]"),
        "florist": (FLORIST, "[feeding, fraud-review]", "[privacy-officer, fraud-lead]"),
    }
    return "".join(
        f"- name: {name}\n  token_sha256: {sha256(token.encode()).hexdigest()}\n  views: {views}\n  roles: {roles}\n"
        for name, (token, views, roles) in known.items()
    )


@asynccontextmanager
async def emergency(folder: Path, time: Time | None = None, **settings: Any) -> AsyncIterator[Emergency]:
    """Open a gateway on the folder; another one on the same folder shares its audit."""
    write_emergency(folder)
    clock = time or Time()
    made = greenhouse(
        folder,
        settings=Settings(
            secret_file=folder / "secrets.txt",
            audit=folder / "audit",
            audit_anchors=folder / "anchors",
            **settings,
        ),
        now=clock,
    )
    async with made.gateway.running():
        yield Emergency(made, clock, folder)
