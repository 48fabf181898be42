"""A gateway over sources in memory with fields of every kind: pages within pages, unions, interfaces, lists of lists.

Its view hides a part of the model. Vessel 1 has no trouble; vessel 2 is restricted, and its flag's source does not
answer; vessels 3 and 4 lack what others have. Failing sources tell of themselves what nobody outside may read.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import strawberry

from adapters.answers import SourceError
from gateway.gateway import Gateway
from gateway.serving import bind, serving
from gateway.settings import Settings
from schema.directives import Subject as SubjectMark
from schema.lock import publish
from schema.reasons import Reason
from tests.resolvers import vessels
from tests.resolvers.harbour import Harbour, harbour, known
from tests.resolvers.vessels import ARGUMENTS, FIELDS

__all__ = ["INSIDE", "PATH", "TOKEN", "Bridge", "Seen", "bridge", "listening", "write_bridge"]

PATH: Final = "/views/bridge/graphql"
TOKEN: Final = "cv_" + "b" * 43
INSIDE: Final = "SELECT hull FROM dock.vessels -- postgresql://reader:a-password@db7.harbour.internal/dock"
"""What the sources say of themselves when they fail."""

_HIDDEN = ("LogEntry.", "PortCall.", "Port.", "Vessel.log", "Vessel.portCalls", "Vessel.callSign", "Vessel.draught")
"""What the view leaves out; the rest of the model is in it."""


@strawberry.type(directives=[SubjectMark(plural="vessels")])
class Vessel(vessels.Vessel):
    """A ship."""

    last_seen: (
        Annotated[
            vessels.RadarSighting | vessels.PhotoSighting, strawberry.union("LastSeen", description="Who saw it last.")
        ]
        | None
    )
    """Who saw it last; no source knows, and the view has no such field."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the gateway saw it, and the answer it gave."""

    accept: str
    status: int
    content_type: str


class Bridge:
    """An ASGI application: the gateway, with what it was asked and answered."""

    def __init__(self, gateway: Gateway, house: Harbour) -> None:
        self.gateway, self.house = gateway, house
        self.seen: list[Seen] = []
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve ASGI, and keep the Accept header, the status and the type of the answer."""
        accept = dict(scope.get("headers", ())).get(b"accept", b"").decode()

        async def sending(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                content_type = dict(message["headers"]).get(b"content-type", b"").decode()
                self.seen.append(Seen(accept, message["status"], content_type.partition(";")[0]))
            await send(message)

        await self.gateway(scope, receive, sending)


def write_bridge(folder: Path) -> None:
    """Write the view and the file of consumers, and publish the view."""
    views = folder / "views"
    views.mkdir()
    (views / "bridge@1.yaml").write_text(json.dumps(_declared()))
    publish(views, "bridge@1")
    entry = {"name": "bridge-desk", "token_sha256": sha256(TOKEN.encode()).hexdigest(), "views": ["bridge"]}
    (folder / "consumers.yaml").write_text(json.dumps([entry]))


def bridge(folder: Path) -> Bridge:
    """Return the gateway that is declared in the folder, not yet open."""
    house = harbour([known(1), known(2, "Vessel.size", "Voyage.notes"), known(3), known(4)])
    house.states.answers = {"NO": SourceError(Reason.SOURCE_TIMEOUT, INSIDE)}
    gateway = Gateway(
        model=Vessel,
        adapters=house.sources,
        views=folder / "views",
        crossref=house.crossref,
        consumers=folder / "consumers.yaml",
        settings=Settings(),
    )
    return Bridge(gateway, house)


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[Bridge]:
    """Serve the gateway on a socket; its view is at `url`."""
    made = bridge(folder)
    with bind("127.0.0.1", 0) as socket:
        async with made.gateway.running(), serving(made, socket):
            made.url = f"http://127.0.0.1:{socket.getsockname()[1]}{PATH}"
            yield made


def _declared() -> dict[str, Any]:
    shown = [one for one in (*FIELDS, *ARGUMENTS) if not one.startswith(_HIDDEN)]
    return {
        "name": "bridge",
        "version": 1,
        "title": "Bridge",
        "description": "What the bridge sees.",
        "owner": "Harbour master",
        "review_by": "2090-01-01",
        "purpose": {"dpv": "CustomerCare"},
        "lawful_basis": {"gdpr": "A6-1-b"},
        "consumers": ["bridge-desk"],
        "lookups": ["id", "registry", "sonar"],
        "fields": dict.fromkeys(shown),
        "limits": {"customers": 50, "deadline_ms": 5_000, "calls": 200, "tokens": 2_000},
        "receipt": "fields",
    }
