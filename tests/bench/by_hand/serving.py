"""What the gateways by hand have in common: Strawberry on FastAPI, and httpx, as their documentation has them.

BENCH_SOURCES says where the sources are. With BENCH_TUNED=1 what their users exchange when it is too slow is exchanged:
httpx calls by aiohttp, and documents are kept parsed and checked.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import strawberry
from fastapi import FastAPI
from httpx_aiohttp import AiohttpTransport
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.fastapi import GraphQLRouter

__all__ = ["open_client", "serve"]

_LIMITS = httpx.Limits(max_connections=256, max_keepalive_connections=256)


def open_client() -> httpx.AsyncClient:
    """Return the client of all sources."""
    return httpx.AsyncClient(
        base_url=os.environ.get("BENCH_SOURCES", ""),
        limits=_LIMITS,
        timeout=10,
        transport=AiohttpTransport(limits=_LIMITS) if _is_tuned() else None,
    )


def serve(query: type, loaders: Callable[[], Awaitable[dict[str, Any]]]) -> FastAPI:
    """Return the application; `loaders` makes those of one request."""
    # by itself it writes the whole traceback of every error, which would cost more than the answer
    logging.getLogger("strawberry.execution").disabled = True
    caches: list[type[SchemaExtension]] = [ParserCache, ValidationCache] if _is_tuned() else []
    app = FastAPI()
    app.include_router(
        GraphQLRouter(strawberry.Schema(query=query, extensions=caches), context_getter=loaders), prefix="/graphql"
    )
    return app


def _is_tuned() -> bool:
    return os.environ.get("BENCH_TUNED") == "1"
