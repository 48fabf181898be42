"""An open gateway over a real cross-reference, and those who work with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from adapters.crossref import HkdfSecrets, KeyFormat, KeyMode, SourceSystem, SqliteCrossReference
from gateway.gateway import Gateway
from gateway.settings import Settings
from tests.gateway.greenhouse import KNOWN_AS, Plant, nursery, soil, write_view

__all__ = ["PEOPLE", "SECRETS", "SOURCES", "Office", "code_of", "declare", "office", "register", "token_of"]

PEOPLE: Mapping[str, Mapping[str, Sequence[str]]] = {
    "reader": {"roles": ["crossref-reader"]},
    "steward": {"roles": ["steward"]},
    "officer": {"roles": ["privacy-officer"]},
    "auditor": {"roles": ["auditor"]},
    "crm-feed": {"roles": ["steward"], "crossref_sources": ["crm"]},
    "crm-officer": {"roles": ["privacy-officer"], "crossref_sources": ["crm"]},
    "gardener": {"views": ["watering"], "roles": ["developer"]},
}
"""The consumers, all but the last of whom work with the cross-reference."""

SOURCES = (
    SourceSystem("crm"),
    SourceSystem("billing"),
    SourceSystem("one", max_live=1),
    SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED),
)

SECRETS = HkdfSecrets({1: b"one secret of thirty-two bytes.."})


def token_of(name: str) -> str:
    """The token of a consumer."""
    return "cv_" + name.replace("-", "_").ljust(43, "-")


@dataclass
class Office:
    """A gateway and its cross-reference."""

    gateway: Gateway
    store: SqliteCrossReference

    def client(self, name: str | None = "steward", **headers: str) -> httpx.AsyncClient:
        """A client without a socket, with the token of a consumer."""
        bearer = {"x-request-id": KNOWN_AS} | ({} if name is None else {"authorization": f"Bearer {token_of(name)}"})
        transport = httpx.ASGITransport(self.gateway)
        return httpx.AsyncClient(transport=transport, base_url="http://office", headers={**bearer, **headers})

    async def post(self, path: str, body: Any, name: str | None = "steward", **headers: str) -> httpx.Response:
        """Send a body to a path of the API; bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": "application/json"} | {one.replace("_", "-"): text for one, text in headers.items()}
        async with self.client(name) as client:
            return await client.post(f"/crossref{path}", headers=given, content=content)

    async def get(self, path: str, name: str | None = "steward", **headers: str) -> httpx.Response:
        """Ask a path of the API."""
        async with self.client(name) as client:
            return await client.get(f"/crossref{path}", headers=headers)

    async def done(self, path: str, body: Any, name: str = "steward", **headers: str) -> dict[str, Any]:
        """Send a body and return the answer, which has to be one."""
        response = await self.post(path, body, name, **headers)
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    async def link(self, source: str, key: str, customer: str | None = None) -> str:
        """Link a key and return the customer."""
        linked = await self.done("/links", {"source": source, "key": key, "customer": customer})
        return str(linked["customer"])


def declare(folder: Path) -> None:
    """Write a view, and the file of consumers."""
    views = folder / "views"
    views.mkdir()
    write_view(views, "watering@1", "Plant.label")
    entries = [
        {"name": name, "token_sha256": sha256(token_of(name).encode()).hexdigest(), "views": [], **what}
        for name, what in PEOPLE.items()
    ]
    (folder / "consumers.yaml").write_text(json.dumps(entries))


async def register(store: SqliteCrossReference) -> None:
    """Make the sources known."""
    for source in SOURCES:
        await store.register_source(source, actor="admin")


def office(folder: Path, store: SqliteCrossReference) -> Office:
    """A gateway that is declared in the folder and not yet open."""
    gateway = Gateway(
        model=Plant,
        adapters=[nursery(), soil()],
        views=folder / "views",
        crossref=store,
        consumers=folder / "consumers.yaml",
        settings=Settings(most_body_bytes=8192, identifiers_per_minute=3, identifiers_noted_per_minute=20),
    )
    return Office(gateway, store)


def code_of(response: httpx.Response) -> str:
    """The code of the one error."""
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])
