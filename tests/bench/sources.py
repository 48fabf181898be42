"""The three sources in one process: raw ASGI over records that were made before, so that they cost little.

/crm?ids=a,b          the records of these keys, in a list; /billing, /register and /consent alike
/crm/a                the record of one key: for gateways whose sources cannot batch
/wide?ids=a&fields=   the CRM's other record, of 200 fields, or of those that are named
/told                 what has been asked since the last /told, as JSON: calls, bytes and keys
/hold?latency_ms=&down=   answer so much later, and with 503 for one source; sets what was held to nothing
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope, Send

from tests.bench import workload

__all__ = ["Sources", "answer", "app"]

_JSON = (b"content-type", b"application/json")


def answer(path: str, query: Mapping[str, str], kept: dict[str, bytes]) -> tuple[bytes, int]:
    """Return the JSON that a source answers, and of how many keys it is. `kept` holds records between calls."""
    _, source, *one = path.split("/")
    if source == "wide":
        fields = [name for name in query.get("fields", "").split(",") if name]
        keys = query["ids"].split(",")
        return orjson.dumps([workload.wide_record(key, fields) for key in keys]), len(keys)
    record = _kept(kept, source)
    if one:
        return (record(one[0]) if source != "billing" else b"[" + record(one[0]) + b"]"), 1
    keys = query["ids"].split(",")
    return b"[" + b",".join(map(record, keys)) + b"]", len(keys)


def _kept(kept: dict[str, bytes], source: str) -> Callable[[str], bytes]:
    make = workload.RECORDS[source]

    def record(key: str) -> bytes:
        place = f"{source}/{key}"
        if place not in kept:
            made = make(key)
            kept[place] = b",".join(map(orjson.dumps, made)) if isinstance(made, list) else orjson.dumps(made)
        return kept[place]

    return record


class Sources:
    """An ASGI application. What it is asked is counted; sparse fields are offered for the wide record alone."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._latency, self._down = 0.0, ""
        self._told = dict.fromkeys(("calls", "bytes", "keys"), 0)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        if path in ("/told", "/hold"):
            await _send(send, 200, self._tell() if path == "/told" else self._hold(query))
            return
        if self._latency:
            await asyncio.sleep(self._latency)
        is_down = path.split("/")[1] == self._down
        body, keys = (b"{}", 0) if is_down else answer(path, query, self._kept)
        for name, more in (("calls", 1), ("bytes", len(body)), ("keys", keys)):
            self._told[name] += more
        await _send(send, 503 if is_down else 200, body)

    def _tell(self) -> bytes:
        told, self._told = self._told, dict.fromkeys(self._told, 0)
        return orjson.dumps(told)

    def _hold(self, query: Mapping[str, str]) -> bytes:
        self._latency, self._down = float(query.get("latency_ms", "0")) / 1000, query.get("down", "")
        return b"{}"


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [_JSON, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


app = Sources()
