from __future__ import annotations

import asyncio
import json

import pytest

from adapters.crossref import ChainReport, SqliteCrossReference
from tests.gateway.crossref.office import Office, code_of


async def test_a_history_is_told_page_by_page_and_never_with_a_key(desk: Office) -> None:
    """By key or id; what happened to those merged into the customer belongs to it."""
    loser, survivor = await desk.link("crm", "C.1"), await desk.link("crm", "C.2")  # commitments have no full stop
    await desk.done("/merges", {"loser": loser, "survivor": survivor, "reasonRef": "T-1"})
    by = {"source": "crm", "key": "C.1"}
    first = await desk.done("/history", {"by": by, "limit": 2}, "auditor")
    second = await desk.done("/history", {"by": {"customer": survivor}, "limit": 2, "after": first["next"]}, "reader")
    entries = [*first["entries"], *second["entries"]]
    assert [one["type"] for one in entries] == ["customer.created", "customer.created", "customers.merged"]
    assert (entries[2]["actor"], entries[2]["reasonRef"], second["next"]) == ("steward", "T-1", None)
    assert "C.1" not in json.dumps(entries)


async def test_nothing_is_told_of_who_is_unknown(desk: Office) -> None:
    """A key that nobody ever had, and an id."""
    for by in ({"source": "crm", "key": "C-1"}, {"customer": "cus_unheard-of"}, {"source": "nowhere", "key": "C-1"}):
        assert await desk.done("/history", {"by": by}) == {"entries": [], "next": None}


async def test_changes_are_told_by_number(desk: Office) -> None:
    """Without gaps; at the end `next` is what was asked for, so that it can be asked again."""
    customer = await desk.link("crm", "C.1")
    told = (await desk.get("/changes?limit=3", "reader")).json()
    assert [one["seq"] for one in told["changes"]] == [1, 2, 3]
    told = (await desk.get(f"/changes?after={told['next']}", "auditor")).json()
    assert [(one["type"], one["customers"]) for one in told["changes"]] == [
        ("source.registered", []),
        ("customer.created", [customer]),
    ]
    assert (await desk.get("/changes?after=5")).json() == {"changes": [], "next": 5}
    assert "C.1" not in json.dumps(told)


@pytest.mark.parametrize("path", ["/changes", "/changes/stream"])
async def test_what_was_read_of_another_log_is_refused(desk: Office, path: str) -> None:
    """A number beyond the last event is of before a backup was restored."""
    refused = await desk.get(f"{path}?after=99")
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    assert "begin at 0" in refused.json()["errors"][0]["message"]


async def test_the_log_is_verified(desk: Office) -> None:
    """And the tables, which are what its events tell."""
    await desk.link("crm", "C-1")
    told = await desk.done("/verify", {}, "auditor")
    assert (told["holds"], told["events"], told["problems"]) == (True, 5, [])
    assert told["rows"] > 0


async def test_one_verification_is_made_at_a_time(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reads everything; who comes meanwhile is told to come back."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow(_: SqliteCrossReference) -> ChainReport:
        begun.set()
        await ended.wait()
        return ChainReport(1, 1, 0, ())

    monkeypatch.setattr(SqliteCrossReference, "verify", slow)
    first = asyncio.create_task(desk.post("/verify", {}, "auditor"))
    await begun.wait()
    second = await desk.post("/verify", {}, "auditor")
    assert (second.status_code, code_of(second), second.headers["retry-after"]) == (503, "UNAVAILABLE", "30")
    ended.set()
    assert (await first).status_code == 200
    assert (await desk.post("/verify", {}, "auditor")).status_code == 200
