from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any

import orjson
import pytest

from tests.bench import workload
from tests.bench.sources import Sources

BOTH_BILLED = [*workload.billing_records("B-499999"), *workload.billing_records("B-499998")]


async def asked(sources: Sources, target: str) -> tuple[int, Any]:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    path, _, query = target.partition("?")
    scope = {"type": "http", "path": path, "query_string": query.encode()}
    await sources(scope, _nothing, send)
    start, body = sent
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()
    return start["status"], orjson.loads(body["body"])


async def _nothing() -> dict[str, Any]:
    raise AssertionError("got a look for a body; wanted none")


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("/crm?ids=C-000001,C-000002", [workload.crm_record("C-000001"), workload.crm_record("C-000002")]),
        ("/crm/C-000001", workload.crm_record("C-000001")),
        ("/billing?ids=B-499999,B-499998", BOTH_BILLED),
        ("/billing/B-499999", workload.billing_records("B-499999")),
        ("/register?ids=" + workload.lei(1), [workload.register_record(workload.lei(1))]),
        ("/wide?ids=C-000001&fields=id,f2", [{"id": "C-000001", "f2": "value 1 of f2"}]),
        ("/wide?ids=C-000001", [workload.wide_record("C-000001")]),
    ],
)
async def test_records_are_answered_by_their_keys(target: str, wanted: Any) -> None:
    """In a list, or one alone where keys stand in the path; a customer's accounts are always a list."""
    sources = Sources()
    assert await asked(sources, target) == (200, wanted)
    assert await asked(sources, target) == (200, wanted)


async def test_calls_bytes_and_keys_are_counted() -> None:
    """Since they were last told; telling is no call."""
    sources = Sources()
    _, answer = await asked(sources, "/crm?ids=C-000001,C-000002")
    await asked(sources, "/crm/C-000003")
    _, told = await asked(sources, "/told")
    assert told["calls"] == 2
    assert told["keys"] == 3
    assert told["bytes"] > len(orjson.dumps(answer))
    assert await asked(sources, "/told") == (200, {"calls": 0, "bytes": 0, "keys": 0})


async def test_a_source_is_down_until_it_is_held_no_more() -> None:
    """The others answer; a call to it is one still."""
    sources = Sources()
    await asked(sources, "/hold?down=billing")
    assert (await asked(sources, "/billing/B-499999"))[0] == 503
    assert (await asked(sources, "/crm/C-000001"))[0] == 200
    await asked(sources, "/hold")
    assert (await asked(sources, "/billing/B-499999"))[0] == 200
    assert (await asked(sources, "/told"))[1]["calls"] == 3


async def test_answers_come_as_late_as_they_are_held() -> None:
    """So late and no earlier; others are answered meanwhile."""
    sources = Sources()
    await asked(sources, "/hold?latency_ms=20")
    began = time.perf_counter()
    await asyncio.gather(*(asked(sources, "/crm/C-000001") for _ in range(20)))
    assert time.perf_counter() - began > 0.015


async def test_what_is_no_request_is_let_pass() -> None:
    """uvicorn asks whether there is a lifespan."""

    async def send(_message: MutableMapping[str, Any]) -> None:
        raise AssertionError("got an answer; wanted none")

    await Sources()({"type": "lifespan"}, _nothing, send)
