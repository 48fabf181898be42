"""A person asks who was shown what of them: through a view like any other, whose source is the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from adapters.crossref import SourceSystem, SqliteCrossReference
from gateway.audit import Disclosures
from gateway.gateway import Gateway
from gateway.secret_file import new_secret_line
from gateway.settings import Settings
from resolvers.disclosure import Disclosed, Effect
from schema.customer import Customer
from schema.lock import publish
from schema.reasons import Reason
from schema.verification import Level
from tests.gateway.audit.books import DAY, Books, disclosure
from tests.gateway.verification.issuing import CALL, NOW, signed, write_verifiers

WITHHELD = {"Customer.name": Effect("withhold", (Reason.VERIFICATION_REQUIRED,))}
TOKEN = "cv_" + "g" * 43

VIEW = """\
name: self-service
version: 1
title: What is shown of me
description: Who was shown what of the customer, told to the customer.
owner: Head of customer service
review_by: 2090-01-01
purpose: {dpv: RightsFulfilment}
lawful_basis: {gdpr: A6-1-c}
consumers: [gardener]
lookups: [id]
verification: {max_age: 900, methods: [otp, app]}
situation: {interaction: required}
subject: {mode: single, bound: true}
audit: required
fields:
  Customer.id:
  Customer.disclosures: {min: V2}
  Customer.disclosures(first:):
  Customer.disclosures(after:):
  DisclosureEntry.disclosedAt: {min: V2}
  DisclosureEntry.shownBy: {min: V2}
  DisclosureEntry.shownFor: {min: V2}
  DisclosureEntry.shownTo: {min: V2}
  DisclosureEntry.shownInCase: {min: V2}
  DisclosureEntry.shownInEmergency: {min: V2}
  DisclosureEntry.shownWhole: {min: V2}
  DisclosureEntry.shownMasked: {min: V2}
limits: {customers: 1, deadline_ms: 5000, calls: 20, tokens: 300}
receipt: none
"""

QUERY = """query ($id: ID!, $first: Int, $after: String) { customer(by: {id: $id}) {
  disclosures(first: $first, after: $after) {
    nodes { disclosedAt shownBy shownFor shownTo shownInCase shownInEmergency shownWhole shownMasked }
    pageInfo { endCursor hasNextPage } } } }"""


@dataclass
class Desk:
    """An open gateway, what it records, and the ids of two customers."""

    gateway: Gateway
    books: Books
    anne: str
    ben: str

    async def ask(self, customer: str, *, level: Level = Level.V2, of: str | None = None, **more: Any) -> Any:
        """Ask what was shown of a customer, with an assertion of that customer, or of another."""
        body = {
            "query": QUERY,
            "variables": {"id": customer, "first": 20, **more},
            "extensions": {"situation": {"interaction": CALL}},
        }
        assertion = signed(customer={"id": of or customer}, acr=str(level))
        headers = {"authorization": f"Bearer {TOKEN}", "customer-verification": assertion}
        transport = httpx.ASGITransport(self.gateway)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers) as client:
            answer = await client.post("/views/self-service/graphql", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest_asyncio.fixture
async def desk(books: Books, tmp_path: Path, nothing_else_installed: None) -> AsyncIterator[Desk]:
    """A gateway that tells customers what it has recorded, and nothing else."""
    crossref = SqliteCrossReference.open(tmp_path / "crossref.db")
    await crossref.register_source(SourceSystem("crm"), actor="t")
    ids = [(await crossref.link("crm", key, asserted_by="t")).customer or "" for key in "AB"]
    views = tmp_path / "views"
    views.mkdir()
    (views / "self-service@1.yaml").write_text(VIEW)
    publish(views, "self-service@1")
    consumers = tmp_path / "consumers.yaml"
    digest = sha256(TOKEN.encode()).hexdigest()
    consumers.write_text(f"- name: gardener\n  token_sha256: {digest}\n  views: [self-service]\n")
    secrets = tmp_path / "secrets.txt"
    secrets.write_text(f"{new_secret_line()}\n")
    secrets.chmod(0o600)
    settings = Settings(
        secret_file=secrets,
        audit=books.folder,
        audit_anchors=books.anchors,
        verifiers=write_verifiers(tmp_path),
    )
    books.at = float(NOW) - 10 * DAY
    gateway = Gateway(
        model=Customer,
        adapters=[Disclosures()],
        views=views,
        crossref=crossref,
        consumers=consumers,
        settings=settings,
        now=lambda: books.at,
    )
    async with gateway.running() as service:
        assert service.audit is not None
        for day in range(3):
            await service.audit.record(disclosure(ids[0], case=f"T-{day}"))
            await service.audit.record(disclosure(ids[1]))
            books.at += DAY
        await service.audit.record(replace(disclosure(), customers=[Disclosed(ids[0], Level.V0, WITHHELD)]))
        await service.audit.record_event("break-glass.opened", {"grant": "bg_1"}, customer=ids[0])
        books.at = float(NOW)
        yield Desk(gateway, books, *ids)
    await crossref.aclose()


async def test_a_person_is_told_who_was_shown_what_when_and_why(desk: Desk) -> None:
    """The newest first, in words; what was withheld is not told, for it was not shown, nor who asked at the desk."""
    answer = await desk.ask(desk.anne)
    nodes = answer["data"]["customer"]["disclosures"]["nodes"]
    assert [node["shownInCase"] for node in nodes] == ["T-2", "T-1", "T-0"]
    assert nodes[0] == {
        "disclosedAt": "2027-01-07T08:00:00Z",
        "shownBy": "support-call@3",
        "shownFor": "CustomerCare",
        "shownTo": "agent-desktop",
        "shownInCase": "T-2",
        "shownInEmergency": None,
        "shownWhole": ["The group of customers that the business serves in the same way"],
        "shownMasked": ["The customer's name"],
    }
    assert "'e-17'" not in str(answer)


async def test_the_case_of_a_request_for_several_is_told_to_none_of_them(desk: Desk) -> None:
    """It may be the case of another one, as the situation is one for all."""
    audit = desk.gateway._opened().audit
    assert audit is not None
    await audit.record(disclosure(desk.anne, desk.ben, case="T-of-ben"))
    answer = await desk.ask(desk.anne)
    nodes = answer["data"]["customer"]["disclosures"]["nodes"]
    assert (len(nodes), nodes[0]["shownTo"], nodes[0]["shownInCase"]) == (4, "agent-desktop", None)
    assert "T-of-ben" not in str(answer)


async def test_that_a_person_asked_is_shown_too(desk: Desk) -> None:
    """By the title of the view, and with the answer that it was part of no more than before."""
    await desk.ask(desk.anne)
    nodes = (await desk.ask(desk.anne))["data"]["customer"]["disclosures"]["nodes"]
    assert (len(nodes), nodes[0]["shownBy"], nodes[0]["shownInCase"]) == (4, "What is shown of me", CALL)
    assert "What was shown of the customer, to whom and for what, the newest first" in nodes[0]["shownWhole"]


async def test_pages_are_followed_to_the_end(desk: Desk) -> None:
    """Each with a cursor that is sealed."""
    first = (await desk.ask(desk.anne, first=2))["data"]["customer"]["disclosures"]
    assert [node["shownInCase"] for node in first["nodes"]] == ["T-2", "T-1"]
    assert first["pageInfo"]["hasNextPage"]
    after = first["pageInfo"]["endCursor"]
    second = (await desk.ask(desk.anne, first=2, after=after))["data"]["customer"]["disclosures"]
    assert [node["shownInCase"] for node in second["nodes"]] == ["T-0"]
    assert not second["pageInfo"]["hasNextPage"]


async def test_nobody_is_told_of_another_person(desk: Desk) -> None:
    """Whoever is looked up and is not the one who was verified: VERIFICATION_WRONG_SUBJECT, and nothing is read."""
    answer = await desk.ask(desk.ben, of=desk.anne)
    assert answer["data"] == {"customer": None}
    assert [entry["code"] for entry in answer["extensions"]["withheld"]] == ["VERIFICATION_WRONG_SUBJECT"]


async def test_a_record_that_was_changed_tells_a_person_nothing_but_that_it_is_there(desk: Desk) -> None:
    """Its values are errors: nobody is told that another has seen their data than the one who did."""
    (file, *_) = desk.books.files
    file.write_bytes(file.read_bytes().replace(b'"agent-desktop"', b'"somebody-else"', 1))
    answer = await desk.ask(desk.anne)
    nodes = answer["data"]["customer"]["disclosures"]["nodes"]
    assert [node["shownTo"] for node in nodes] == ["agent-desktop", "agent-desktop", None]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"VALUE_INVALID"}
    assert "somebody-else" not in str(answer)


async def test_who_is_not_verified_well_enough_is_told_nothing(desk: Desk) -> None:
    """The audit is not searched for them."""
    answer = await desk.ask(desk.anne, level=Level.V1)
    assert answer["data"]["customer"] is None
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["code"], entry["stepUp"]["required"]) == ("VERIFICATION_REQUIRED", "V2")
    assert b'"calls"' not in desk.books.lines[-1]


async def test_without_audit_the_source_fails_and_nothing_else() -> None:
    """As it does where the cross-reference is not a stored one."""
    adapter = Disclosures()
    assert (adapter.source, [offer.serves for offer in adapter.offers]) == ("audit", ["Customer.disclosures"])
    await adapter.aclose()
