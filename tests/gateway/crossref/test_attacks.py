"""What a consumer tries: to learn who is a customer, to get in another's way, to go past bounds."""

from __future__ import annotations

import json
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import (
    IdentifierType,
    KeyFormat,
    KeyMode,
    Lookup,
    Restriction,
    SourceSystem,
    SqliteCrossReference,
)
from gateway.gateway import Gateway
from gateway.settings import Settings
from tests.gateway.crossref.office import PEOPLE, SECRETS, Office, code_of, token_of
from tests.gateway.greenhouse import Plant, nursery, soil, write_view

LOOK_UP = "query ($by: PlantBy!) { plant(by: $by) { label } }"
EMAIL = "ada@example.com"


def by_email(value: str) -> dict[str, Any]:
    return {"identifier": {"type": "EMAIL", "value": value}}


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A cross-reference that keeps nothing in memory, so that every read can be counted."""
    with closing(SqliteCrossReference.open(tmp_path / "crossref.db", secrets=SECRETS)) as made:
        yield made


def office(folder: Path, store: SqliteCrossReference, per_minute: int = 100) -> Office:
    """A gateway with a consumer who both looks customers up in a view and reads the cross-reference."""
    views = folder / "views"
    views.mkdir()
    write_view(views, "calling@1", "Plant.label", identifiers="email, phone")
    both = {"views": ["calling"], "roles": ["crossref-reader", "steward"]}
    entries = [
        {"name": name, "token_sha256": sha256(token_of(name).encode()).hexdigest(), "views": [], **what}
        for name, what in {**PEOPLE, "gardener": both}.items()
    ]
    (folder / "consumers.yaml").write_text(json.dumps(entries))
    gateway = Gateway(
        model=Plant,
        adapters=[nursery(), soil()],
        views=views,
        crossref=store,
        consumers=folder / "consumers.yaml",
        settings=Settings(identifiers_per_minute=per_minute),
    )
    return Office(gateway, store)


async def look_up(desk: Office, by: Any, name: str = "gardener") -> Any:
    async with desk.client(name) as client:
        return await client.post("/views/calling/graphql", json={"query": LOOK_UP, "variables": {"by": by}})


async def test_identifiers_have_one_budget_whichever_way_is_taken(tmp_path: Path, store: SqliteCrossReference) -> None:
    """A view, a look-up of the API, and forgetting, whose version tells too: who goes round gets no more."""
    desk = office(tmp_path, store, per_minute=3)
    await store.register_source(SourceSystem("nursery"), actor="admin")
    linked = await store.link("nursery", "N-p1", asserted_by="feed")
    email = {"type": "email", "value": EMAIL}
    async with desk.gateway.running():
        assert (await look_up(desk, by_email(EMAIL))).status_code == 200
        await desk.done("/resolve", {"by": {"identifier": email}}, "gardener")
        forgotten = {"source": "nursery", "identifiers": [email]}
        everything = {"source": "nursery", "all": True}
        await desk.done(f"/customers/{linked.customer}/identifiers/forget", forgotten, "gardener")
        for refused in (
            await look_up(desk, by_email("eve@example.com")),
            await desk.post("/resolve", {"by": {"identifier": email}}, "gardener"),
            await desk.post("/resolve-many", {"by": [{"identifier": email}]}, "gardener"),
            await desk.post(f"/customers/{linked.customer}/identifiers/forget", forgotten, "gardener"),
        ):
            assert (refused.status_code, code_of(refused)) == (429, "RATE_LIMITED")
        await desk.done("/resolve", {"by": {"identifier": email}}, "reader")
        await desk.done(f"/customers/{linked.customer}/identifiers/forget", everything, "gardener")


async def test_whoever_cannot_be_shown_is_answered_alike(tmp_path: Path, store: SqliteCrossReference) -> None:
    """In the same bytes, after the same reads: unknown, erased, restricted, sharing, and what cannot be."""
    desk = office(tmp_path, store)
    await store.register_source(SourceSystem("nursery"), actor="admin")
    people = [(await store.link("nursery", f"N-p{n}", asserted_by="feed")).customer for n in range(4)]
    for n, customer in enumerate(people):
        values = {IdentifierType.EMAIL: [f"p{n}@example.com", *([EMAIL] if n < 2 else [])]}
        await store.note_identifiers(customer, "nursery", values, actor="feed")
    await store.erase(people[2], actor="officer")
    await store.restrict(people[3], Restriction("gdpr-art-18", frozenset({"*"})), actor="officer")
    reads: list[str] = []
    store._finder.connection.set_trace_callback(reads.append)
    told: dict[str, set[tuple[bytes, int]]] = {"nursery": set(), "id": set(), "identifier": set()}
    nobody = f"cus_{'e' * 32}"
    asked: list[dict[str, Any]] = [
        {"nursery": key} for key in ("N-p9", "N-p2", "N-p3", "N-p2\0", "\u202eN-p2", "x" * 3000)
    ]
    asked += [{"id": one} for one in (nobody, people[2], people[3], "N-p2", EMAIL, "x" * 3000)]
    asked += [by_email(one) for one in ("no@example.com", "p2@example.com", "p3@example.com", EMAIL)]
    async with desk.gateway.running():
        await look_up(desk, {"nursery": "N-p0"})
        for by in asked:
            reads.clear()
            response = await look_up(desk, by)
            assert response.status_code == 200
            told[next(iter(by))].add((response.content.replace(b"\n", b""), len(reads)))
    assert [len(alike) for alike in told.values()] == [1, 1, 1]
    assert len({content for alike in told.values() for content, _ in alike}) == 1


async def test_nobody_uses_up_the_idempotency_keys_of_others(desk: Office) -> None:
    """Nor learns by one what another has written."""
    customer = await desk.link("crm", "C-1")
    intruder = await desk.done("/links", {"source": "crm", "key": "X-1"}, "crm-feed", idempotency_key="unlink-C-1")
    gone = await desk.done("/links/unlink", {"source": "crm", "key": "C-1"}, "steward", idempotency_key="unlink-C-1")
    assert (gone["customer"], intruder["customer"] != customer) == (customer, True)


@pytest.mark.parametrize(
    "reference", ["she called on Monday", "ada@example.com", "+491712345678", "https://x.example/?to=a%40b", "a\\nb"]
)
async def test_a_reason_is_no_place_for_persons(desk: Office, reference: str) -> None:
    """What stands in the log of events stays there when the customer is erased."""
    refused = await desk.post("/links", {"source": "crm", "key": "C-1", "reasonRef": reference})
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    assert reference not in refused.text


async def test_events_of_another_tenant_are_no_events(tmp_path: Path, store: SqliteCrossReference) -> None:
    """Copied with all that belongs to them they are found out, and a sealed key does not open."""
    await store.register_source(SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED), actor="admin")
    await store.link("mail", EMAIL, asserted_by="feed")
    with closing(SqliteCrossReference.open(tmp_path / "crossref.db", secrets=SECRETS, tenant="other")) as other:
        writer = store._file.writer
        for table in ("source_system", "customer", "xref_event", "event_secret"):
            columns = [row[1] for row in writer.execute(f"PRAGMA table_info({table})") if row[1] != "tenant_id"]
            names = ", ".join(columns)
            writer.execute(f"INSERT INTO {table} (tenant_id, {names}) SELECT 'other', {names} FROM {table}")
        writer.execute(
            "UPDATE tenant SET (next_seq, head_hash) = (SELECT next_seq, head_hash FROM tenant AS t "
            "WHERE t.tenant_id = 'default') WHERE tenant_id = 'other'"
        )
        report = await other.verify()
        assert not report.holds
        assert EMAIL not in repr(report)
        assert await other.resolve(Lookup("mail", EMAIL)) is None
        assert (await store.verify()).holds
