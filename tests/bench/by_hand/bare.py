"""The floor for Python on graphql-core: bare ASGI, documents kept parsed and checked, rows as dicts, aiohttp, orjson.

Nobody runs this. It tells what a gateway costs that is tuned by hand and has no framework.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLObjectType,
    GraphQLResolveInfo,
    build_schema,
    execute,
    parse,
    validate,
)
from starlette.types import Receive, Scope, Send

from tests.bench.peers.schemas import SCHEMA

_BASE = os.environ.get("BENCH_SOURCES", "")
_SOURCES = {
    "profile": ("/crm/customers?ids=", "id"),
    "account": ("/billing/accounts?customer_ids=", "customerId"),
    "support": ("/support/tickets?customer_ids=", "customerId"),
}


class Loader:
    """Collects the customers that one request asks of a source, and asks once."""

    __slots__ = ("_key", "_path", "_session", "_task", "_waiting")

    def __init__(self, session: aiohttp.ClientSession, path: str, key: str) -> None:
        self._session, self._path, self._key = session, path, key
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._task: asyncio.Task[None] | None = None

    def load(self, customer: int) -> asyncio.Future[Any]:
        """Return what will hold the customer's row."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._begin)
        if customer not in self._waiting:
            self._waiting[customer] = loop.create_future()
        return self._waiting[customer]

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, {}
        try:
            async with self._session.get(_BASE + self._path + ",".join(map(str, waiting))) as response:
                response.raise_for_status()
                rows = {row[self._key]: row for row in orjson.loads(await response.read())}
        except aiohttp.ClientError as error:
            for future in waiting.values():
                future.set_exception(error)
            return
        for customer, future in waiting.items():
            future.set_result(rows.get(customer))


class Bare:
    """The application."""

    def __init__(self) -> None:
        self._schema = build_schema(SCHEMA.read_text())
        self._documents: dict[str, DocumentNode] = {}
        self._session: aiohttp.ClientSession | None = None
        query, customer = self._schema.query_type, self._schema.type_map["Customer"]
        assert query is not None
        assert isinstance(customer, GraphQLObjectType)
        query.fields["ping"].resolve = lambda *_: "pong"
        query.fields["customer"].resolve = lambda _, _info, id: {"id": id}  # noqa: A006  the schema's name
        query.fields["customers"].resolve = lambda _, _info, ids: [{"id": one} for one in ids]
        for name in _SOURCES:
            customer.fields[name].resolve = _loading(name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body, is_more = b"", True
        while is_more:
            message = await receive()
            body += message.get("body", b"")
            is_more = message.get("more_body", False)
        answer = orjson.dumps((await self._execute(orjson.loads(body))).formatted)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256))
            elif self._session is not None:
                await self._session.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _execute(self, request: dict[str, Any]) -> ExecutionResult:
        text: str = request["query"]
        document = self._documents.get(text)
        if document is None:
            document = parse(text)
            if errors := validate(self._schema, document):
                return ExecutionResult(None, errors)
            self._documents[text] = document
        assert self._session is not None
        loaders = {name: Loader(self._session, *source) for name, source in _SOURCES.items()}
        result = execute(self._schema, document, context_value=loaders, variable_values=request.get("variables"))
        done = await result if inspect.isawaitable(result) else result
        assert isinstance(done, ExecutionResult)
        return done


def _loading(name: str) -> Callable[[Any, GraphQLResolveInfo[Any]], Any]:
    return lambda row, info: info.context[name].load(row["id"])


app = Bare()
