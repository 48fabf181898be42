"""The greenhouse over real HTTP sources, with spans that are kept in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from starlette.types import Receive, Scope, Send

from adapters.answers import Missing, Page
from adapters.http import HttpAdapter, HttpOffer, InQuery, Told
from gateway.gateway import Gateway
from gateway.serving import bind, serving
from gateway.settings import Settings
from tests.gateway.greenhouse import (
    BedRecord,
    Greenhouse,
    PestRecord,
    Plant,
    PlantRecord,
    Table,
    nursery,
    plant,
    soil,
    write_all,
)

__all__ = ["Kept", "Nursery", "Server", "exported", "open_nursery"]


@dataclass
class Kept(SpanExporter):
    """Keeps spans in the order in which they end."""

    spans: list[ReadableSpan] = field(default_factory=list)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Keep them."""
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS

    def named(self, name: str) -> list[ReadableSpan]:
        """Those of this name."""
        return [one for one in self.spans if one.name == name]


@dataclass
class Server:
    """A source over HTTP: the records by key, the headers of what was asked, and the statuses that come first."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    waits: asyncio.Event | None = None
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((scope["path"], headers))
        self.is_asked.set()
        if self.waits is not None:
            await self.waits.wait()
        status = self.first.pop(0) if self.first else 200
        keys = parse_qs(scope["query_string"].decode())["ids"][0].split(",")
        body = orjson.dumps([self.records[key] for key in keys if key in self.records])
        about = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": about})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Nursery(Greenhouse):
    """The greenhouse, with what its sources were asked."""

    server: Server
    spans: Kept

    @property
    def told(self) -> list[str | None]:
        """What each call was told of the trace."""
        return [headers.get("traceparent") for _, headers in self.server.asked]


@asynccontextmanager
async def open_nursery(
    folder: Path,
    records: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    tells: bool = True,
    settings: Settings | None = None,
    to_collector: bool = False,
    names: Sequence[str] = ("p1", "p2", "p3"),
    **more: Any,
) -> AsyncIterator[Nursery]:
    """Give a gateway whose plants and beds come from one server, each by a source of its own.

    `to_collector`: spans go where OTEL_* variables say, and are not kept.
    """
    plants = {f"N-{name}": {"number": f"N-{name}", "label": "Fern", "height": 10, "bed": "B1"} for name in names}
    beds = {"B1": {"code": "B1", "moisture": 40, "acidity": 6.5}}
    given = {key: dict(one) for key, one in (records or {}).items()}
    server, kept, table = Server({**plants, **beds, **given}), Kept(), Table({name: plant(name) for name in names})
    views, consumers = write_all(folder)
    with bind("127.0.0.1", 0) as socket:
        url = f"http://127.0.0.1:{socket.getsockname()[1]}"
        gateway = Gateway(
            model=Plant,
            adapters=[_nursery(url, tells), _soil(url)],
            views=views,
            crossref=table,
            consumers=consumers,
            settings=settings or Settings(),
            spans=None if to_collector else kept,
            **more,
        )
        async with serving(server, socket), gateway.running():
            yield Nursery(gateway, nursery(), soil(), table, server, kept)


async def exported(house: Nursery) -> Sequence[ReadableSpan]:
    """The spans that have ended by now; they are handed over by a thread of the SDK."""
    tracing = house.gateway._opened().tracing
    assert tracing is not None
    await asyncio.to_thread(tracing._tracer.span_processor.force_flush)  # type: ignore[attr-defined]
    return house.spans.spans


def _nursery(url: str, tells: bool) -> HttpAdapter:
    about: dict[str, Any] = {"keys": InQuery("ids"), "key": "number", "path": "/plants"}
    plants = HttpOffer(name="plants", serves="Plant", record=PlantRecord, absent=Missing, **about)
    pests = HttpOffer(name="pests", serves="Plant.pests", record=PestRecord, absent=Page, **about)
    told = Told(trace="traceparent") if tells else None
    return HttpAdapter("nursery", url, [plants, pests], told=told)


def _soil(url: str) -> HttpAdapter:
    beds = HttpOffer(
        name="beds",
        serves="Bed",
        record=BedRecord,
        key="code",
        keyspace="bed",
        path="/beds",
        keys=InQuery("ids"),
        absent=Missing,
    )
    return HttpAdapter("soil", url, [beds])
