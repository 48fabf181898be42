"""When a refusal leaves is counted from the request's arrival, however slowly its body comes."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

from starlette.types import Message

from gateway.admission import Admission
from gateway.alarms import Alarms
from gateway.exchange import Arrival, Exchange
from gateway.service import Service
from schema.caller import Caller
from tests.resolvers.gated import Port
from tests.resolvers.test_relationship import ONE, desk

BODY_TAKES = 0.2


async def test_a_slow_body_takes_of_the_time_until_a_refusal() -> None:
    """A view that refuses after 300 ms: of these 200 have passed when the body is there."""
    loop, view = asyncio.get_running_loop(), desk()
    service = SimpleNamespace(
        engine=Port().harbour.engine,
        alarms=Alarms(),
        audit=None,
        requests=None,
        named=lambda _caller, _segment: view,
        informed=lambda caller, *_: caller,
        check_grant=lambda _caller: asyncio.sleep(0),
    )
    body = json.dumps({"query": ONE % "v1"}).encode()

    async def receive() -> Message:
        await asyncio.sleep(BODY_TAKES)
        return {"type": "http.request", "body": body, "more_body": False}

    scope: Any = {"type": "http", "method": "POST", "query_string": b""}
    headers = {b"content-type": b"application/json", b"accept": b"application/json"}
    started = loop.time()
    arrival = Arrival(scope, receive, headers, "bridge", "req-1", started)
    exchange = Exchange(100_000, loop.time, Admission(1_000, loop.time))
    reply = await exchange.answer(cast("Service", service), Caller("bridge-desk"), arrival)
    took = loop.time() - started
    assert json.loads(reply.body)["data"] == {"vessel": None}
    assert 0.3 <= took < 0.3 + BODY_TAKES, "counted from when the body was there it would be half a second"
