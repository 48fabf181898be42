"""A grant that is ended before its time opens nothing any more, in no process that shares the records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import httpx
import pytest

from gateway.break_glass import EndedGrants
from gateway.break_glass.standing import ended
from tests.gateway.break_glass.breaking import NOW, Emergency, emergency, records
from tests.gateway.break_glass.test_standing import BEGIN, Record, opened, reviewed
from tests.gateway.greenhouse import FLORIST, GARDENER, code_of


async def end(one: Emergency, grant: str, token: str = FLORIST, **asked: Any) -> httpx.Response:
    """End a grant."""
    async with one.house.client(token) as client:
        return await client.request("DELETE", f"/privacy/break-glass/{grant}", **asked)


async def label(one: Emergency, token: str) -> tuple[int, object]:
    """What is shown by a grant: the status, and the label or the code."""
    response = await one.query(token)
    told = response.json()
    return response.status_code, told["data"]["plant"]["label"] if "data" in told else code_of(response)


async def test_a_review_that_finds_no_reason_ends_the_grant_at_once(opened: Emergency) -> None:
    """In the process of the review with the next request; a review that finds one leaves it open."""
    grants = [(await opened.break_glass()).json() for _ in range(2)]
    shown = await label(opened, grants[0]["grant"])
    assert shown[0] == 200
    await opened.review(grants[0]["id"], {"outcome": "unjustified", "reference": "DPO-9", "actor": "o-1"})
    await opened.review(grants[1]["id"])
    assert await label(opened, grants[0]["grant"]) == (403, "BREAK_GLASS_REFUSED")
    assert await label(opened, grants[1]["grant"]) == shown


async def test_a_grant_is_ended_in_every_process_within_a_second(opened: Emergency) -> None:
    """By what stands in the records that they share; what was read is a second old at most."""
    grant = (await opened.break_glass()).json()
    async with emergency(opened.folder, opened.time) as other:
        assert (await label(other, grant["grant"]))[0] == 200
        assert (await end(opened, grant["id"])).json() == {"id": grant["id"]}
        assert await label(opened, grant["grant"]) == (403, "BREAK_GLASS_REFUSED")
        ended_of = other.house.gateway._opened().ended
        assert ended_of is not None
        ended_of._begun_at -= 1.1
        assert await label(other, grant["grant"]) == (403, "BREAK_GLASS_REFUSED")
    (record,) = records(opened.folder, "break-glass.ended")
    assert record["happened"] == {"grant": grant["id"], "consumer": "florist"}


async def test_what_was_ended_still_waits_for_review_and_says_until_when_it_was_open(opened: Emergency) -> None:
    """To end it again writes nothing down, nor does ending what is over by itself."""
    grant = (await opened.break_glass()).json()
    opened.time.now += 60
    assert (await end(opened, grant["id"])).status_code == 200
    (waiting,) = (await opened.waiting()).json()["waiting"]
    assert (waiting["id"], waiting["until"]) == (grant["id"], "2027-01-15T08:01:00Z")
    assert (await end(opened, grant["id"])).status_code == 200
    late = (await opened.break_glass()).json()
    opened.time.now += 1_801
    assert (await end(opened, late["id"])).status_code == 200
    assert len(records(opened.folder, "break-glass.ended")) == 1


async def test_only_privacy_officers_end_what_was_opened(opened: Emergency) -> None:
    """403 for others, 404 for what nobody has opened, and 400 for what says more than which."""
    grant = (await opened.break_glass()).json()
    assert code_of(await end(opened, grant["id"], GARDENER)) == "ROLE_NEEDED"
    unknown = await end(opened, "bg_000000000000000000000000")
    assert (unknown.status_code, code_of(unknown)) == (404, "NOT_FOUND")
    assert (await end(opened, grant["id"], params={"why": "x"})).status_code == 400
    assert (await end(opened, grant["id"], json={"why": "x"})).status_code == 400
    assert (await label(opened, grant["grant"]))[0] == 200
    assert records(opened.folder, "break-glass.ended") == []


async def test_a_grant_opens_nothing_while_the_records_cannot_be_read(
    opened: Emergency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been ended: 503, and it may be asked again; without the grant all goes on."""
    grant = (await opened.break_glass()).json()["grant"]

    async def unreadable(*_: object) -> Sequence[Any]:
        raise PermissionError

    monkeypatch.setattr("gateway.audit.log.AuditLog.read_events", unreadable)
    response = await opened.query(grant)
    assert (response.status_code, code_of(response), response.headers["retry-after"]) == (503, "UNAVAILABLE", "1")
    assert (await opened.query(None)).status_code == 200


_T = TypeVar("_T")


class Counting:
    """Records that are counted as they are read, and read when they may be."""

    def __init__(self) -> None:
        self.read, self.told, self.may_go = 0, list[Record](), asyncio.Event()
        self.may_go.set()

    async def record_event(self, kind: str, happened: Mapping[str, str], *, customer: str | None = None) -> None:
        """Nothing is written here."""

    async def read_events(self, work: Callable[[Sequence[Any]], _T]) -> _T:
        """What is made of what was told."""
        self.read += 1
        told = [*self.told]
        await self.may_go.wait()
        return work(told)


async def test_records_are_read_once_a_second_for_all_who_ask() -> None:
    """And anew at once when this process has written something, whatever is being read just now."""
    ledger, runs = Counting(), [0.0]
    grants: Any = [SimpleNamespace(id=f"bg_{number}") for number in range(2)]
    known = EndedGrants(ledger, now=lambda: NOW, clock=lambda: runs[0])
    assert await asyncio.gather(*(known.has(grants[0]) for _ in range(50))) == [False] * 50
    runs[0] += 1.0
    assert (await known.has(grants[0]), ledger.read) == (False, 1)
    runs[0] += 0.1
    ledger.may_go.clear()
    slow = asyncio.create_task(known.has(grants[0]))
    await asyncio.sleep(0.01)
    ledger.told.append(reviewed("bg_0", 1, "unjustified"))
    known.forget()
    anew = asyncio.create_task(known.has(grants[0]))
    await asyncio.sleep(0.01)
    ledger.may_go.set()
    assert (await slow, await anew, ledger.read) == (False, True, 3)
    assert not await known.has(grants[1])


def test_whatever_was_changed_opens_nothing() -> None:
    """A review that is not as it was written may have said that there was no reason; nor does a second review help."""
    forged = Record("break-glass.reviewed", BEGIN, reviewed("bg_1", 0).members, is_signed=False)
    told = [opened("bg_0", 0), opened("bg_1", 0), opened("bg_2", 0), reviewed("bg_0", 5), forged]
    told += [reviewed("bg_2", 6), reviewed("bg_2", 7, "unjustified")]
    assert ended(told, BEGIN.timestamp()) == {"bg_1", "bg_2"}
    assert ended(told, BEGIN.timestamp() + 3_600) == frozenset()


async def test_a_grant_of_before_is_ended_after_a_restart_too(opened: Emergency, tmp_path: Path) -> None:
    """The records are all that is kept."""
    grant = (await opened.break_glass()).json()
    await end(opened, grant["id"])
    async with emergency(tmp_path, opened.time) as later:
        assert await label(later, grant["grant"]) == (403, "BREAK_GLASS_REFUSED")
