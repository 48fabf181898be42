"""The tables as the events tell them: what the store writes beside its events has to be equal to this."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from adapters.crossref import KeyFormat, KeyMode, SourceSystem
from adapters.crossref.sealing import KeptKey, Keyring
from tests.adapters.crossref.contract import Backdoor


@dataclass(frozen=True)
class FoldedLink:
    source: str
    key: str
    customer: str
    asserted_by: str
    method: str
    confidence: float
    opened: tuple[str, int]
    closed: tuple[str | None, int | None] = (None, None)


@dataclass
class Tables:
    customers: dict[str, tuple[str, str | None, int, int]] = field(default_factory=dict)
    links: dict[str, FoldedLink] = field(default_factory=dict)
    restrictions: list[tuple[str, str, tuple[str, ...], str]] = field(default_factory=list)
    candidates: dict[str, tuple[str, str | None, str, str]] = field(default_factory=dict)
    sources: dict[str, tuple[str, str, int | None]] = field(default_factory=dict)


def sources_of(look: Backdoor, tenant: str) -> dict[str, SourceSystem]:
    rows = look("SELECT source_id, key_format, key_mode, max_live FROM source_system WHERE tenant_id = ?", tenant)
    return {row[0]: SourceSystem(row[0], KeyFormat(row[1]), KeyMode(row[2]), row[3]) for row in rows}


class Fold:
    def __init__(self, look: Backdoor, tenant: str, keyring: Keyring) -> None:
        self.look, self.tenant, self.keyring = look, tenant, keyring
        self.sources = sources_of(look, tenant)
        self.tables = Tables()

    def run(self) -> Tables:
        statement = "SELECT seq, at, type, customer_id, actor, body FROM xref_event WHERE tenant_id = ? ORDER BY seq"
        for seq, at, kind, customer, actor, body in self.look(statement, self.tenant):
            getattr(self, kind.replace(".", "_"))(seq, at, customer, actor, json.loads(body))
        self.tables.restrictions.sort()
        return self.tables

    def source_registered(self, seq: int, at: str, customer: str, actor: str, body: dict) -> None:  # type: ignore[type-arg]
        self.tables.sources[body["name"]] = (body["key_format"], body["key_mode"], body["max_live"])

    def customer_created(self, seq: int, at: str, customer: str, actor: str, body: dict) -> None:  # type: ignore[type-arg]
        self.tables.customers[customer] = ("active", None, 0, 0)
        self.link_added(seq, at, customer, actor, body)

    def link_added(self, seq: int, at: str, customer: str, actor: str, body: dict) -> None:  # type: ignore[type-arg]
        self.touch(customer, seq)
        for link in body["links"]:
            key = self.key(seq, link["link"], link["source"])
            told = (link["asserted_by"], link["method"], link["confidence"])
            self.tables.links[link["link"]] = FoldedLink(link["source"], key, customer, *told, (at, seq))
        for one in body["restrictions"]:
            self.tables.restrictions.append((customer, one["ground"], tuple(one["coordinates"]), at))

    customer_restricted = link_added

    def candidate_opened(self, seq: int, at: str, customer: str, actor: str, body: dict) -> None:  # type: ignore[type-arg]
        self.tables.candidates[body["candidate"]] = (*body["customers"], body["kind"], "open")

    def customers_merged(self, seq: int, at: str, customer: str, actor: str, body: dict) -> None:  # type: ignore[type-arg]
        loser, survivor = body["loser"], body["survivor"]
        for move in body["moved"]:
            ended = self.tables.links[move["closed"]]
            self.tables.links[move["closed"]] = replace(ended, closed=(at, seq))
            self.tables.links[move["opened"]] = replace(
                ended, customer=survivor, asserted_by=actor, method="merge", opened=(at, seq)
            )
        for one in (loser, survivor, *body["repointed"]):
            self.touch(one, seq, None if one == survivor else survivor)
        for candidate in body["candidates"]:
            self.tables.candidates[candidate] = (*self.tables.candidates[candidate][:3], "superseded")

    def touch(self, customer: str, seq: int, survivor: str | None = None) -> None:
        version = self.tables.customers[customer][2]
        status = "merged" if survivor else "active"
        self.tables.customers[customer] = (status, survivor, version + 1, seq)

    def key(self, seq: int, link_id: str, source: str) -> str:
        statement = "SELECT key FROM event_secret WHERE tenant_id = ? AND seq = ? AND link_id = ?"
        ((sealed,),) = self.look(statement, self.tenant, seq, link_id)
        return self.keyring.unseal(self.sources[source], "event", sealed, link_id, "key").decode()


def stored(look: Backdoor, tenant: str, keyring: Keyring) -> Tables:
    """The tables as they stand."""
    run, sources = look, sources_of(look, tenant)
    tables = Tables()
    for row in run(
        "SELECT customer_id, status, survivor_id, version, changed_seq FROM customer WHERE tenant_id = ?", tenant
    ):
        tables.customers[row[0]] = row[1:]
    for link in run(
        "SELECT link_id, source_id, key_lookup, key_sealed, customer_id, asserted_by, method, confidence, valid_from, "
        "opened_seq, valid_to, closed_seq FROM link WHERE tenant_id = ?",
        tenant,
    ):
        key = keyring.read(sources[link[1]], KeptKey(link[2], link[3]))
        tables.links[link[0]] = FoldedLink(link[1], key, link[4], link[5], link[6], link[7], link[8:10], link[10:12])
    for row in run(
        "SELECT customer_id, ground, coordinates, valid_from FROM restriction WHERE tenant_id = ?",
        tenant,
    ):
        tables.restrictions.append((row[0], row[1], tuple(json.loads(row[2])), row[3]))
    for row in run(
        "SELECT candidate_id, customer_a, customer_b, kind, status FROM match_candidate WHERE tenant_id = ?", tenant
    ):
        tables.candidates[row[0]] = row[1:]
    tables.restrictions.sort()
    tables.sources = {one.name: (one.key_format, one.key_mode, one.max_live) for one in sources.values()}
    return tables
