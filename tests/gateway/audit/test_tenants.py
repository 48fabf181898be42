"""Every tenant has an audit of its own, also where several gateways have one secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.crossref import HkdfSecrets, SourceSystem, open_crossref
from gateway.audit import AuditKeys, AuditPlace, audit_problems
from gateway.audit.reading import Entries
from gateway.audit.tenants import tenants_anchored, tenants_in
from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.problems import ConfigurationError, Level
from tests.gateway.audit.books import SECRETS, Books, disclosure
from tests.gateway.audit.commands import audit
from tests.gateway.break_glass.breaking import ASKED, write_emergency
from tests.gateway.greenhouse import FLORIST, GARDENER, Greenhouse, Plant, Table, code_of, nursery, soil

ANNA, BERT = (f"cus_{letter * 32}" for letter in "ab")


def test_the_keys_of_a_tenant_are_its_own() -> None:
    """Of one secret: the reference of one customer is another, and nothing that the one signed holds at the other."""
    north, south = (AuditKeys.of(SECRETS, tenant) for tenant in ("north", "south"))
    assert north.reference(ANNA) != south.reference(ANNA)
    assert not {*north.names} & {*south.names}
    assert north.chain(north.current) != south.chain(south.current)
    assert (north.chain(south.current), north.anchor(south.current)) == (None, None)
    assert AuditKeys.of(SECRETS, "north").reference(ANNA) == north.reference(ANNA)


def test_every_segment_and_anchor_says_whose_it_is(books: Books) -> None:
    """In its own words, which its HMAC covers; a file that says nothing is nobody's."""
    books.of_tenant("north").written(disclosure(ANNA))
    begun = json.loads(books.lines[0])
    assert (begun["kind"], begun["tenant"]) == ("segment.begun", "north")
    assert tenants_in(books.folder) == tenants_anchored(books.anchors) == {"north"}
    assert books.of_tenant("north").verified().holds
    books.files[0].write_bytes(b"")
    (books.folder / "2026-11-22-7f3a9c41d2e80b65-000001.jsonl").write_bytes(b"[]\n")
    assert tenants_in(books.folder) == frozenset()


def test_a_folder_with_records_of_another_tenant_is_refused(books: Books) -> None:
    """Before anything is recorded: by the check of the settings, of the records' folder and of the anchors'."""
    books.of_tenant("north").written(disclosure(ANNA))

    def wrong(tenant: str) -> list[tuple[str, str, str]]:
        place = AuditPlace(books.folder, books.anchors, tenant=tenant)
        found = audit_problems(place, has_secrets=True)
        return [(one.file, one.got, one.wanted) for one in found if one.level is Level.ERROR]

    assert wrong("north") == []
    assert wrong("south") == [
        (name, f"{folder}, which has records or anchors of the tenant north", "a folder for the tenant south alone")
        for name, folder in (("CUSTOMER_VIEW_AUDIT_ANCHORS", books.anchors), ("CUSTOMER_VIEW_AUDIT", books.folder))
    ]
    books.of_tenant("west").written(disclosure(ANNA))
    assert wrong("south")[1][1].endswith("of the tenants north, west")


def test_what_another_tenant_wrote_there_all_the_same_is_nobody_s(books: Books) -> None:
    """Two gateways that start at once may both begin: the one's customers are not found by the other's keys."""
    north, south = books.of_tenant("north"), books.of_tenant("south")
    north.written(disclosure(ANNA))
    assert [*Entries(books.folder, south.keys).of_references(south.keys.references(ANNA))] == []
    (entry,) = Entries(books.folder, north.keys).of_references(north.keys.references(ANNA))
    assert entry.is_signed
    report = south.verified()
    assert (report.holds, report.other_keys) == (False, {north.keys.current: 1})


def test_verify_goes_by_the_tenant_that_the_records_name(kept: Books) -> None:
    """Or by the one that is named; where several have recorded, one has to be."""
    first, second = (AuditKeys.of(HkdfSecrets({1: bytes(32)}), tenant) for tenant in ("north", "south"))
    kept.keys = first
    kept.written(disclosure(ANNA))
    assert audit("verify").code == 0
    other = audit("verify", "--tenant", "south")
    assert other.code == 3
    assert f"has {second.current} for the tenant south" in " ".join(other.out.split())
    kept.keys = second
    kept.written(disclosure(ANNA))
    several = audit("verify")
    assert several.code == 2
    assert "in which the tenants north, south have recorded" in " ".join(several.err.split())


async def test_a_grant_of_one_tenant_opens_nothing_at_another(tmp_path: Path) -> None:
    """Of gateways with one secret file, consumers and views; nor does an officer of the one see the other's."""
    write_emergency(tmp_path)
    url = f"sqlite:///{tmp_path}/x.db"
    async with open_crossref(url, tenant="north") as north, open_crossref(url, tenant="south") as south:
        for store, customer, key in ((north, ANNA, "p1"), (south, BERT, "p2")):
            await store.register_source(SourceSystem("nursery"), actor="admin")
            await store.load([(customer, {"nursery": [key]})], actor="feed")
    houses = {tenant: _house(tmp_path, url, tenant, records=tenant) for tenant in ("north", "south")}
    async with houses["north"].gateway.running(), houses["south"].gateway.running():
        async with houses["north"].client(GARDENER) as client:
            asked = ASKED | {"customer": {"id": ANNA}}
            opened = (await client.post("/views/fraud-review/break-glass", json=asked)).json()
        async with houses["south"].client(GARDENER) as client:
            headers = {"break-glass": opened["grant"]}
            query = {"query": f'{{ plant(by: {{id: "{BERT}"}}) {{ label }} }}'}
            refused = await client.post("/views/fraud-review/graphql", headers=headers, json=query)
            assert (refused.status_code, code_of(refused)) == (403, "BREAK_GLASS_REFUSED")
        async with houses["south"].client(FLORIST) as client:
            assert (await client.get("/privacy/break-glass")).json()["waiting"] == []
            review = {"outcome": "justified", "reference": "R", "actor": "dpo-1"}
            assert (await client.post(f"/privacy/break-glass/{opened['id']}/review", json=review)).status_code == 404
        async with houses["north"].client(FLORIST) as client:
            (waiting,) = (await client.get("/privacy/break-glass")).json()["waiting"]
            assert waiting["id"] == opened["id"]


async def test_a_gateway_does_not_start_on_the_folder_of_another_tenant(tmp_path: Path) -> None:
    """As it does not on a cross-reference of others alone."""
    write_emergency(tmp_path)
    url = f"sqlite:///{tmp_path}/x.db"
    for tenant in ("north", "south"):
        async with open_crossref(url, tenant=tenant) as store:
            await store.register_source(SourceSystem("nursery"), actor="admin")
    north, south = (_house(tmp_path, url, tenant, records="one") for tenant in ("north", "south"))
    async with north.gateway.running():
        pass
    with pytest.raises(ConfigurationError, match="of the tenant north; wanted a folder for the tenant south alone"):
        await south.gateway.running().__aenter__()


def _house(folder: Path, url: str, tenant: str, records: str) -> Greenhouse:
    """A gateway of a tenant, on one secret file, with its records in a folder of that name."""
    plants, beds, kept = nursery(), soil(), folder / records
    for name in ("audit", "anchors"):
        (kept / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    gateway = Gateway(
        model=Plant,
        adapters=[plants, beds],
        views=folder / "views",
        crossref=url,
        consumers=folder / "consumers.yaml",
        tenant=tenant,
        settings=Settings(secret_file=folder / "secrets.txt", audit=kept / "audit", audit_anchors=kept / "anchors"),
    )
    return Greenhouse(gateway, plants, beds, Table())
