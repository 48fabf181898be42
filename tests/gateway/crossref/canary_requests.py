"""Every operation of the API and look-ups of a view, asked with canaries wherever a value goes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx

from adapters.crossref import IdentifierType
from tests.gateway.crossref.canaries import EMAIL, NATIONAL_ID, OTHER_EMAIL, PHONE, SEALED
from tests.gateway.crossref.canary_calls import IDENTIFIERS
from tests.gateway.crossref.canary_places import Findings
from tests.gateway.crossref.office import Office

__all__ = ["Requests", "ask_everything", "look_up"]

MAIL = [one.given for one in SEALED]
NOTED = [{"type": kind, "value": value} for kind, values in IDENTIFIERS.items() for value in values]
WRONG = (EMAIL.given, PHONE.given, NATIONAL_ID.given)
NOBODY = f"cus_{'e' * 32}"
LOOK_UP = "query ($by: PlantBy!) { plant(by: $by) { label } }"
_ID = re.compile(r"/(?:cus_|cand_|[0-9])[^/?]*")


class Requests:
    """Asks an open office, and has everything looked through after each answer."""

    def __init__(self, office: Office, findings: Findings) -> None:
        self._office, self._findings = office, findings
        self.asked: set[str] = set()

    async def done(self, path: str, body: Any = None, who: str = "steward", **more: Any) -> Any:
        """Return the answer, which has to be one. Without a body it is asked by GET."""
        response = await self.send(path, body, who, **more)
        assert response.status_code == 200, (path, response.text)
        self.asked.add(_ID.sub("/{}", path.partition("?")[0]))
        return response.json()

    async def send(
        self, path: str, body: Any = None, who: str = "steward", *, tells: bool = False, **headers: str
    ) -> httpx.Response:
        """Return the answer, whatever it is."""
        named = {"content-type": "application/json"} | {one.replace("_", "-"): text for one, text in headers.items()}
        method, content = ("GET", None) if body is None else ("POST", _content(body))
        async with self._office.client(who) as client:
            response = await client.request(method, path, headers=named, content=content)
        told = [*response.headers.items(), "" if tells else response.text]
        self._findings.look(f"{method} {_ID.sub('/{}', path)[:40]}", told)
        return response


def _content(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


async def ask_everything(ask: Requests) -> str:
    """Ask for every operation but the stream; return a customer who has canaries and has not been erased."""
    first, second = await _linked(ask)
    await _decided(ask, first, second)
    await _changed(ask, first, second)
    await _told(ask, first)
    await _refused(ask, first)
    return first


async def _linked(ask: Requests) -> tuple[str, str]:
    link = {"source": "mail", "key": MAIL[0]}
    key: dict[str, Any] = {"idempotency_key": EMAIL.given}
    first = await ask.done("/crossref/links", link, **key)
    assert await ask.done("/crossref/links", link, **key) == first
    assert (await ask.send("/crossref/links", {**link, "key": MAIL[1]}, **key)).status_code == 422
    second = await ask.done("/crossref/links", {"source": "mail", "key": MAIL[1]})
    for customer in (first["customer"], second["customer"]):
        noted = {"source": "mail", "identifiers": NOTED}
        await ask.done(
            f"/crossref/customers/{customer}/identifiers", noted, idempotency_key=f"{PHONE.given} {customer}"
        )
    forgotten = {"source": "mail", "identifiers": NOTED[1:]}
    await ask.done(f"/crossref/customers/{second['customer']}/identifiers/forget", forgotten)
    return first["customer"], second["customer"]


async def _decided(ask: Requests, first: str, second: str) -> None:
    conflict = await ask.send("/crossref/links", {"source": "mail", "key": MAIL[0], "customer": second})
    assert conflict.status_code == 409
    shared, other = (await ask.done("/crossref/candidates", who="reader"))["candidates"]
    await ask.done(f"/crossref/candidates/{other['candidateId']}")
    await ask.done(f"/crossref/candidates/{shared['candidateId']}/reject", {"reasonRef": "T-1"})
    merged = await ask.done(f"/crossref/candidates/{other['candidateId']}/accept", {})
    await ask.done(f"/crossref/merges/{merged['seq']}/undo", {})
    pair = {"first": {"source": "mail", "key": MAIL[0]}, "second": {"source": "mail", "key": MAIL[1]}}
    await ask.done("/crossref/non-matches", pair)
    assert len((await ask.done("/crossref/non-matches", who="reader", tells=True))["nonMatches"]) == 1
    assert (await ask.send("/crossref/merges", {"loser": second, "survivor": first})).status_code == 409
    await ask.done("/crossref/non-matches/clear", pair)


async def _changed(ask: Requests, first: str, second: str) -> None:
    for key in (MAIL[2], MAIL[3]):
        await ask.done("/crossref/links", {"source": "mail", "key": key, "customer": second})
    await ask.done("/crossref/links/relink", {"source": "mail", "key": MAIL[2], "customer": first})
    await ask.done("/crossref/links/replace-key", {"source": "mail", "old": MAIL[2], "new": MAIL[4]})
    await ask.done("/crossref/links/unlink", {"source": "mail", "key": MAIL[3]})
    await ask.done("/crossref/merges", {"customers": [first, second], "dryRun": True})
    await ask.done("/crossref/merges", {"loser": second, "survivor": first})
    split = {"customer": first, "keys": [{"source": "mail", "key": MAIL[1]}]}
    await ask.done("/crossref/splits", split)
    restriction = {"ground": "gdpr-art-18", "coordinates": ["Plant.label"]}
    await ask.done(f"/crossref/customers/{first}/restrict", restriction, "officer")
    await ask.done(f"/crossref/customers/{first}/lift", {"ground": "gdpr-art-18"}, "officer")
    await ask.done(f"/crossref/customers/{first}/identifiers", {"source": "mail", "identifiers": NOTED})


async def _told(ask: Requests, first: str) -> None:
    await ask.done("/crossref/consumer")
    await ask.done(f"/crossref/customers/{first}", who="reader")
    by = {"source": "mail", "key": MAIL[0]}
    assert (await ask.done("/crossref/resolve", {"by": by}, tells=True))["subject"]["customer"] == first
    await ask.done("/crossref/outline", {"by": by})
    for identifier in NOTED:
        found = await ask.done("/crossref/resolve", {"by": {"identifier": identifier}}, tells=True)
        assert found["subject"]["customer"] == first
    several = [by, {"customer": first}, {"identifier": {"type": "email", "value": OTHER_EMAIL.given}}]
    await ask.done("/crossref/resolve-many", {"by": several}, tells=True)
    await ask.done("/crossref/history", {"by": by}, "auditor")
    await ask.done("/crossref/changes", who="auditor")
    await ask.done(f"/crossref/customers/{first}/export", who="officer", tells=True)
    assert (await ask.done("/crossref/verify", {}, "auditor"))["holds"]


async def _refused(ask: Requests, first: str) -> None:
    for path, body in _wrong_bodies(first):
        response = await ask.send(path, body, "officer" if path.endswith(("restrict", "lift", "erase")) else "steward")
        assert 400 <= response.status_code < 500, (path, response.text)
    for wrong in WRONG:
        paths = ("customers/{}", "customers/{}/export", "candidates/{}", "changes?after={}", "changes?{}=1", "{}")
        for path in (*paths, "non-matches?after={}"):
            response = await ask.send(f"/crossref/{path.format(wrong)}", who="officer")
            assert 400 <= response.status_code < 500, (path, response.text)
        link = {"source": "mail", "key": MAIL[0]}
        for name in ("if_match", "idempotency_key", "content_type", "content_encoding", "origin", "authorization"):
            header: dict[str, Any] = {name: f"{wrong} \t" if name == "idempotency_key" else wrong}
            await ask.send("/crossref/links", {**link, "extra": 1}, **header)
        await ask.send("/crossref/changes", who="auditor", last_event_id=wrong)
        await ask.send(f"/crossref/links?{wrong}", link)


def _wrong_bodies(first: str) -> Iterator[tuple[str, Any]]:
    """Yield bodies with a canary in a place where it does not belong."""
    key, customer = {"source": "mail", "key": MAIL[0]}, f"/crossref/customers/{first}"
    for wrong in WRONG:
        yield from (("/crossref/resolve", wrong.encode()), ("/crossref/resolve", {wrong: wrong}))
        yield from (("/crossref/resolve", wrong), ("/crossref/resolve", {"by": {wrong: wrong}}))
        yield from (
            ("/crossref/resolve", {"by": {"customer": wrong}}),
            ("/crossref/resolve", {"by": key, "asOf": wrong}),
        )
        yield ("/crossref/resolve", {"by": {"identifier": {"type": wrong, "value": wrong}}})
        yield ("/crossref/resolve", {"by": {"source": wrong, "key": wrong}})
        yield from (("/crossref/links", {**key, "customer": wrong}), ("/crossref/links", {**key, "method": wrong}))
        yield from (("/crossref/links", {**key, "reasonRef": wrong}), ("/crossref/links", {**key, "reasonCode": wrong}))
        yield from (("/crossref/links", {**key, "confidence": wrong}), ("/crossref/links", {**key, "source": wrong}))
        yield from (("/crossref/links", {**key, "key": f"{wrong}\0"}), ("/crossref/links", {**key, "key": [wrong]}))
        yield from (("/crossref/links/unlink", {**key, "key": wrong}), ("/crossref/merges", {"loser": wrong}))
        yield from (("/crossref/merges", {"customers": [first, wrong]}), ("/crossref/splits", {"customer": wrong}))
        yield ("/crossref/splits", {"customer": first, "keys": [{"source": "mail", "key": wrong}]})
        yield (f"{customer}/restrict", {"ground": wrong, "coordinates": ["*"]})
        yield (f"{customer}/restrict", {"ground": "x", "coordinates": [wrong]})
        yield (f"{customer}/lift", {"ground": wrong})
        yield (f"{customer}/erase", {"reasonRef": wrong})
        for kind in IdentifierType:
            noted = [{"type": kind, "value": f"{wrong} no such"}]
            yield (f"{customer}/identifiers", {"source": "mail", "identifiers": noted})
        yield (f"{customer}/identifiers", {"source": "mail", "identifiers": NOTED, "country": wrong})
        yield ("/crossref/history", {"by": {"identifier": wrong}})
        yield ("/crossref/verify", {wrong: 1})


async def look_up(ask: Requests) -> None:
    """Look customers up in a view: by identifiers and sealed keys, rightly and wrongly."""
    path = "/views/calling/graphql"
    given: list[Any] = [{"identifier": {"type": one["type"].upper(), "value": one["value"]}} for one in NOTED]
    given += [
        {"identifier": {"type": "EMAIL", "value": value}} for value in (PHONE.given, f"{EMAIL.given}\0", "\ud800")
    ]
    given += [{"nursery": key} for key in MAIL] + [{"id": wrong} for wrong in WRONG]
    given += [{"nursery": [MAIL[0]]}, {"identifier": EMAIL.given}, {"identifier": {"type": EMAIL.given, "value": 1}}]
    given += [{"identifier": {EMAIL.given: 1}}, {EMAIL.given: 1}, EMAIL.given, {"nursery": MAIL[0], "id": EMAIL.given}]
    for by in given:
        await ask.send(path, {"query": LOOK_UP, "variables": {"by": by}}, "gardener")
    for wrong in (*WRONG, MAIL[0]):
        written = json.dumps(wrong)
        for query in (
            f"{{ plant(by: {{identifier: {{type: EMAIL, value: {written}}}}}) {{ label }} }}",
            f"{{ plant(by: {{nursery: {written}}}) {{ label }} }}",
            f"{{ plant(by: {{id: {written}}}) {{ label {wrong} }} }}",
            f"{{ plant(by: {{identifier: {{type: {written}, value: 1}}}}) {{ label }} }}",
            f"# {wrong}\n{{ nothing({written}: 1) }}",
            wrong,
        ):
            await ask.send(path, {"query": query}, "gardener")
            await ask.send(f"{path}?{httpx.QueryParams(query=query)}", who="gardener")
            await ask.send("/views/calling/explain", {"query": query}, "gardener")
        await ask.send(path, {"query": LOOK_UP, "variables": wrong, wrong: wrong}, "gardener")
        await ask.send(path, {"query": LOOK_UP, "operationName": wrong, "extensions": {wrong: wrong}}, "gardener")
        await ask.send(f"/views/{wrong}/graphql", {"query": LOOK_UP}, "gardener")
