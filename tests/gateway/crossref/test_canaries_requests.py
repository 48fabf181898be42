"""Nothing of a person stands in the clear, whatever is asked of the API or of a view over the cross-reference."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key
from adapters.crossref import KeyFormat, KeyMode, SourceSystem, SqliteCrossReference
from gateway.crossref.application import OPERATIONS
from gateway.failure_log import FailureLog
from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.observer import Event, Failed
from schema.reasons import Reason
from tests.gateway.crossref.canaries import SEALED
from tests.gateway.crossref.canary_places import Findings, Listener, Logs, files_in
from tests.gateway.crossref.canary_requests import Requests, ask_everything, look_up
from tests.gateway.crossref.office import PEOPLE, SECRETS, Office, token_of
from tests.gateway.crossref.test_stream import listening
from tests.gateway.greenhouse import Plant, Source, nursery, soil, write_view

LABEL = "Fern"


class Careless(Source):
    """A source that tells keys where it should not."""

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Answer, or fail with all keys in the text of the error."""
        if any(key == SEALED[2].given.lower() for key in batch.keys):
            raise ValueError(f"no such record: {batch.keys}")
        return await super().fetch(batch, call)


class Both:
    """Tells two observers."""

    def __init__(self, listener: Listener) -> None:
        self._several = (FailureLog(), listener)

    def note(self, event: Event) -> None:
        for one in self._several:
            one.note(event)


def declare(folder: Path) -> None:
    """Write a view that is looked up by identifiers and by sealed keys, and the consumers."""
    views = folder / "views"
    views.mkdir()
    write_view(views, "calling@1", "Plant.label", identifiers="email, phone, tax_id, national_id, iban")
    people = {**PEOPLE, "gardener": {"views": ["calling"], "roles": ["developer"]}}
    entries = [
        {"name": name, "token_sha256": sha256(token_of(name).encode()).hexdigest(), "views": [], **what}
        for name, what in people.items()
    ]
    (folder / "consumers.yaml").write_text(json.dumps(entries))


def careless_nursery() -> Careless:
    """A source whose keys are sealed in the cross-reference."""
    made = nursery()
    records = {
        one.given.lower(): [{"number": one.given.lower(), "label": LABEL, "height": 1, "bed": None, "provenance": None}]
        for one in SEALED[:2]
    }
    return Careless(made.source, made.offers, records)


async def test_no_request_leaves_anything_of_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_else_installed: None
) -> None:
    """In files, logs, what the observer is told, or any answer but those that are to tell keys."""
    declare(tmp_path)
    listener = Listener()
    asyncio.get_running_loop().set_debug(True)
    asyncio.get_running_loop().slow_callback_duration = 0.0
    store = SqliteCrossReference.open(tmp_path / "crossref.db", secrets=SECRETS, kept_bytes=1_000_000)
    for name in ("mail", "nursery"):
        await store.register_source(SourceSystem(name, KeyFormat.LOWER, KeyMode.SEALED), actor="admin")
    for key in SEALED[:3]:
        await store.link("nursery", key.given, asserted_by="feed")
    gateway = Gateway(
        model=Plant,
        adapters=[careless_nursery(), soil()],
        views=tmp_path / "views",
        crossref=store,
        consumers=tmp_path / "consumers.yaml",
        settings=Settings(most_body_bytes=8192, identifiers_per_minute=1000),
        observer=Both(listener),
    )
    with Logs() as logs:
        findings = Findings({"files": files_in(tmp_path), "logs": logs, "observer": listener})
        async with gateway.running():
            ask = Requests(desk := Office(gateway, store), findings)
            customer = await ask_everything(ask)
            async with listening(desk) as (client, _):
                for _ in range(len(await store.changes(0))):
                    findings.look("GET /changes/stream", await client.next())
            await look_up(ask)
            await ask.done(f"/crossref/customers/{customer}/erase", {}, "officer", idempotency_key=SEALED[0].given)
            await ask.send(f"/crossref/customers/{customer}/export", who="officer")
            await look_up(ask)
        await store.aclose()
        findings.look("close")
    asyncio.get_running_loop().set_debug(False)
    findings.check()
    paths = {f"/crossref{one.path}" for one in OPERATIONS if not one.is_stream}
    assert {_unnamed(path) for path in paths} <= ask.asked


async def test_a_canary_is_found_in_what_is_told_and_answered(tmp_path: Path) -> None:
    """Planted there on purpose, where a repr does not show it too."""
    listener = Listener()
    findings = Findings({"observer": listener})
    listener.note(Failed("nursery", "plants", Reason.SOURCE_ERROR, f"no {SEALED[0].given}", 1))
    findings.look("a call")
    findings.look("an answer", [("x-name", SEALED[0].given)])
    findings.look("an event", {"body": SEALED[0].given.encode()})
    assert [line.partition(": ")[0] for line in str(findings).splitlines()] == [
        "observer, a call",
        "outcome, an answer",
        "outcome, an event",
    ]


def _unnamed(path: str) -> str:
    return "/".join("{}" if step.startswith("{") else step for step in path.split("/"))
