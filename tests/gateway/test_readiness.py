"""Whether a gateway is ready: it is open, and its cross-reference answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from adapters.crossref import SqliteCrossReference, StoreError
from gateway.readiness import Readiness
from gateway.service import NotOpenError, Service
from gateway.sources import SourceStates
from tests.gateway.crossref.conftest import declared, desk
from tests.gateway.crossref.office import Office

__all__ = ["declared", "desk"]


@dataclass
class Table:
    """A cross-reference that answers, fails, or says nothing."""

    fails: Exception | None = None
    waits: float = 0.0
    asked: int = 0

    async def resolve(self, _lookup: object) -> None:
        self.asked += 1
        await asyncio.sleep(self.waits)
        if self.fails is not None:
            raise self.fails


@dataclass
class Opened:
    """An open gateway, as far as it is asked for, or one that is not open."""

    crossref: Table | None = field(default_factory=Table)
    is_open: bool = True
    audit: None = None
    sources: SourceStates | None = None

    def __call__(self) -> Opened:
        if not self.is_open:
            raise NotOpenError
        return self


def readiness(opened: Opened, now: list[float]) -> Readiness:
    return Readiness(cast("Callable[[], Service]", opened), lambda: now[0])


async def test_a_gateway_is_ready_while_its_cross_reference_answers(caplog: pytest.LogCaptureFixture) -> None:
    """It is asked once a second at most; what changes is logged, once."""
    table, now = Table(), [5.0]
    ready = readiness(Opened(table), now)
    assert [await ready.is_ready() for _ in range(3)] == [True] * 3
    table.fails = StoreError("the database is gone")
    assert (await ready.is_ready(), table.asked) == (True, 1)
    for moment in (6.0, 6.9, 7.0):
        now[0] = moment
        assert not await ready.is_ready()
    table.fails = None
    now[0] = 8.0
    assert (await ready.is_ready(), table.asked) == (True, 4)
    assert caplog.messages == [
        "not ready: the cross-reference cannot be read: the database is gone",
        "ready again",
    ]


async def test_a_cross_reference_that_says_nothing_has_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who ask meanwhile do not wait for it."""
    monkeypatch.setattr("gateway.readiness._PATIENCE", 0.05)
    table = Table(waits=30.0)
    ready = readiness(Opened(table), [5.0])
    first = asyncio.create_task(ready.is_ready())
    await asyncio.sleep(0)
    assert await ready.is_ready()
    assert not await first
    assert table.asked == 1


async def test_a_gateway_that_is_not_open_is_not_ready() -> None:
    """Nor is anything asked; opened anew it is asked anew. A cross-reference of others is not asked at all."""
    opened, now = Opened(Table(StoreError("gone"))), [5.0]
    ready = readiness(opened, now)
    assert not await ready.is_ready()
    opened.is_open = False
    assert not await ready.is_ready()
    opened.is_open, opened.crossref = True, Table()
    assert await ready.is_ready()
    opened.crossref, now[0] = None, 9.0
    assert await ready.is_ready()


async def test_health_tells_of_the_cross_reference(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A balancer sends requests elsewhere; the process is fine, and lives."""

    async def broken(*_: Any, **__: Any) -> Any:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(SqliteCrossReference, "resolve", broken)
    async with desk.client(None) as client:
        answers = [await client.get(f"/health/{kind}") for kind in ("live", "ready")]
    assert [(one.status_code, one.text) for one in answers] == [(200, "live\n"), (503, "not ready\n")]


async def test_an_outage_is_logged_by_the_innermost_places_and_once(
    desk: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The way to the cross-reference is that of every request."""

    async def broken(*_: Any, **__: Any) -> Any:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(SqliteCrossReference, "resolve", broken)
    for _ in range(3):
        assert (await desk.post("/resolve", {"by": {"source": "crm", "key": "C-1"}})).status_code == 503
    (told,) = caplog.messages
    assert "the cross-reference cannot be read: the disk is gone (StoreError in broken (test_readiness.py:" in told
    assert told.count(" < ") == 2
