"""A gateway that keeps audit, in use, and the privacy officer who looks after it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from adapters.crossref import SourceSystem, SqliteCrossReference
from gateway.gateway import Gateway
from gateway.secret_file import new_secret_line
from gateway.settings import Settings
from tests.gateway.break_glass.breaking import DAY, NOW, RULE, Time
from tests.gateway.empty_crossref import make_crossref
from tests.gateway.greenhouse import KNOWN_AS, Plant, nursery, publish_view, soil, write_view

__all__ = ["DAY", "NOW", "Bureau", "Time", "bureau", "declare", "token_of"]

_PEOPLE: dict[str, dict[str, list[str]]] = {
    "officer": {"roles": ["privacy-officer"]},
    "deputy": {"roles": ["privacy-officer"]},
    "gardener": {"views": ["watering", "fraud-review"], "roles": ["fraud-lead"]},
    "florist": {"views": ["watering"]},
    "steward": {"roles": ["steward"]},
}
"""The consumers."""

QUERY = "{ plant(by: {nursery: %s}) { label provenance } }"


def token_of(name: str) -> str:
    """The token of a consumer."""
    return "cv_" + name.ljust(43, "-")


@dataclass
class Bureau:
    """An open gateway, its cross-reference and clock, and the folder of its audit."""

    gateway: Gateway
    store: SqliteCrossReference
    time: Time
    folder: Path

    def client(self, name: str | None = "officer") -> httpx.AsyncClient:
        """A client without a socket, with the token of a consumer."""
        bearer = {"x-request-id": KNOWN_AS} | ({} if name is None else {"authorization": f"Bearer {token_of(name)}"})
        transport = httpx.ASGITransport(self.gateway)
        return httpx.AsyncClient(transport=transport, base_url="http://bureau", headers=bearer)

    async def get(self, path: str, name: str | None = "officer") -> httpx.Response:
        """Ask a path of the API."""
        async with self.client(name) as client:
            return await client.get(f"/privacy{path}")

    async def post(self, path: str, body: Any, name: str | None = "officer") -> httpx.Response:
        """Send a body to a path of the API."""
        async with self.client(name) as client:
            return await client.post(f"/privacy{path}", json=body)

    async def told(self, path: str) -> Any:
        """Ask a path of the API, which has to answer."""
        response = await self.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    async def ask(
        self,
        key: str = "N-p1",
        *,
        name: str = "gardener",
        view: str = "watering",
        query: str = QUERY,
        grant: str | None = None,
    ) -> Any:
        """Ask a view for a plant by the nursery's key; `grant` is the token of a broken glass."""
        body = {"query": query % json.dumps(key) if "%s" in query else query}
        async with self.client(name) as client:
            headers = {} if grant is None else {"break-glass": grant}
            return await client.post(f"/views/{view}/graphql", json=body, headers=headers)

    async def break_glass(self, key: str = "N-p1", *, reference: str = "T-17", actor: str = "e-4") -> str:
        """Break the glass of a plant, and return the grant's id."""
        return (await self.break_glass_for(key, reference=reference, actor=actor))[0]

    async def break_glass_for(
        self, key: str = "N-p1", *, reference: str = "T-17", actor: str = "e-4"
    ) -> tuple[str, str]:
        """Break the glass of a plant, and return the grant's id and its token."""
        body = {"customer": {"nursery": key}, "reason": "suspected-fraud", "reference": reference, "actor": actor}
        async with self.client("gardener") as client:
            response = await client.post("/views/fraud-review/break-glass", json=body)
        assert response.status_code == 201, response.text
        return response.json()["id"], response.json()["grant"]

    async def link(self, key: str) -> str:
        """Link a key of the nursery to a new customer, and return the customer."""
        return (await self.store.link("nursery", key, asserted_by="t")).customer or ""

    def records(self, *kinds: str) -> list[dict[str, Any]]:
        """The records of these kinds, or of whatever was asked."""
        return [told for told in self._records() if (told["kind"] in kinds if kinds else "happened" in told)]

    def _records(self) -> Iterator[dict[str, Any]]:
        for file in sorted((self.folder / "audit").iterdir()):
            yield from (json.loads(line) for line in file.read_bytes().splitlines())


def declare(folder: Path, *, has_glass: bool = True) -> None:
    """Write the views, the consumers, the secret and the folders of the audit, unless they stand there."""
    views = folder / "views"
    if views.exists():
        return
    views.mkdir()
    everybody = "gardener, florist"
    write_view(views, "watering@1", "Plant.label", consumers=everybody)
    write_view(views, "watering@2", "Plant.id", "Plant.label", "Plant.provenance: {mask: all}", consumers=everybody)
    if has_glass:
        _write_glass(views)
    entries = [
        {"name": name, "token_sha256": sha256(token_of(name).encode()).hexdigest(), "views": [], **what}
        for name, what in _PEOPLE.items()
    ]
    (folder / "consumers.yaml").write_text(json.dumps(entries))
    for name in ("audit", "anchors"):
        (folder / name).mkdir(mode=0o700)
    secrets = folder / "secrets.txt"
    secrets.write_text(f"{new_secret_line()}\n")
    secrets.chmod(0o600)


def _write_glass(views: Path) -> None:
    listed = ("Plant.id", "Plant.height", "Plant.label: {break_glass: true}")
    write_view(views, "fraud-review@1", *listed, published=False)
    with (views / "fraud-review@1.yaml").open("a") as file:
        file.write(RULE)
    publish_view(views, "fraud-review@1")


@asynccontextmanager
async def bureau(folder: Path, *, time: Time | None = None, **settings: Any) -> AsyncIterator[Bureau]:
    """Open a gateway on the folder; another one on the same folder shares all that it has written."""
    declare(folder)
    clock = time or Time()
    given = {
        "secret_file": folder / "secrets.txt",
        "audit": folder / "audit",
        "audit_anchors": folder / "anchors",
        "controller": "Greenhouse Ltd",
        **settings,
    }
    with closing(SqliteCrossReference.open(make_crossref(folder))) as store:
        await store.register_source(SourceSystem("nursery"), actor="t")
        gateway = Gateway(
            model=Plant,
            adapters=[nursery(), soil()],
            views=folder / "views",
            crossref=store,
            consumers=folder / "consumers.yaml",
            settings=Settings(**given),
            now=clock,
        )
        async with gateway.running():
            yield Bureau(gateway, store, clock, folder)
