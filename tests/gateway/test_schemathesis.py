"""Whatever schemathesis generates for a view is answered or refused, and nothing of the inside is told."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.gateway.bridge import INSIDE, PATH, TOKEN, Bridge, bridge, write_bridge
from tests.gateway.fuzzing import Asked, Tally, cases, cursors, twin
from tests.gateway.inside import check_answer, check_reply
from tests.gateway.wrong_http import Wrong, wrong_requests

BASE = "http://bridge.example"
JSON_UTF_8 = "application/json; charset=utf-8"
BROKEN = ("registry", "sonar", "states", "notes")


@dataclass
class Door:
    """An open gateway, asked in this process."""

    bridge: Bridge
    client: httpx.AsyncClient
    runner: asyncio.Runner = field(repr=False)

    def ask(self, asked: Asked) -> httpx.Response:
        """Ask with the source that breaks, if one does, broken."""
        for source in self.bridge.house.sources:
            source.fails = RuntimeError(INSIDE) if source.source == asked.breaks else None
            source.batches.clear()
            source.calls.clear()
        body = {"query": asked.document}
        return self.runner.run(self.client.post(PATH, json=body, headers={"accept": asked.accept}))


@pytest.fixture
def door(tmp_path: Path, nothing_else_installed: None, caplog: pytest.LogCaptureFixture) -> Iterator[Door]:
    """A gateway that stays open in a loop of its own, for hypothesis runs its examples outside of any."""
    write_bridge(tmp_path)
    made = bridge(tmp_path)
    transport = httpx.ASGITransport(made.gateway)
    client = httpx.AsyncClient(transport=transport, base_url=BASE, headers={"authorization": f"Bearer {TOKEN}"})
    caplog.set_level(logging.CRITICAL)  # a source breaks a thousand times
    with asyncio.Runner() as runner:
        running = made.gateway.running()
        runner.run(running.__aenter__())
        try:
            yield Door(made, client, runner)
        finally:
            runner.run(client.aclose())
            runner.run(running.__aexit__(None, None, None))


def run_settings(count: int) -> settings:
    """Generate so many cases, and no database: what fails is printed."""
    return settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def error(message: str, code: str = "SOURCE_ERROR") -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, error("The gateway failed.")),
        (200, error("It failed.", "NO_SUCH_CODE")),
        (200, error(f"It failed: {INSIDE[20:50]}.")),
        (200, error("Did you mean 'callSign'?")),
        (200, error("The record S1 is missing.")),
        (200, {"data": {"vessel": {"name": "RuntimeError"}}}),
        (200, {"extensions": {}}),
        (200, {"data": {}, "debug": []}),
    ],
)
def test_a_reply_that_tells_of_the_inside_does_not_pass(status: int, answer: Any) -> None:
    """What the cases below are held to finds each kind of fault."""
    with pytest.raises(AssertionError):
        check_answer(httpx.Response(status, json=answer, headers={"content-type": JSON_UTF_8}), "*/*", "")
    good = error("The document does not name it.", "GRAPHQL_VALIDATION_FAILED")
    check_answer(httpx.Response(200, json=good, headers={"content-type": JSON_UTF_8}), "*/*", "")


@pytest.mark.no_cover  # it would take twice as long, and what is covered is covered by the tests of each part
@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_generated_queries_are_answered_or_refused_and_tell_nothing_of_the_inside(count: int, door: Door) -> None:
    """No status of 500 or more, JSON of the right type, documented codes; at least half of the cases show a vessel."""
    schema = door.runner.run(twin(door.client, door.runner.run(cursors(door.client))))
    tally, started = Tally(), time.process_time()

    @run_settings(count)
    @given(asked=cases(schema, BROKEN))
    def every_case(asked: Asked) -> None:
        response = door.ask(asked)
        check_answer(response, asked.accept, asked.document)
        tally.add(response)

    every_case()
    seconds = time.process_time() - started
    sys.stdout.write(f"{seconds:.0f} s of CPU: {dict(tally.counted)}\n")
    assert tally.counted["cases"] >= count
    assert tally.counted["shown"] >= tally.counted["cases"] / 2
    assert min(tally.counted[one] for one in ("refused", "partial", "withheld")) >= count / 100


@pytest.mark.parametrize("count", [500, pytest.param(20_000, marks=pytest.mark.long)])
def test_generated_requests_that_are_no_graphql_over_http_are_refused_in_its_form(count: int, door: Door) -> None:
    """Methods, paths, media types, tokens and bodies: an error with a documented code, and no status of 500."""
    statuses: Counter[int] = Counter()

    @run_settings(count)
    @given(wrong=wrong_requests())
    def every_request(wrong: Wrong) -> None:
        response = door.runner.run(door.client.send(wrong.request(BASE)))
        statuses[response.status_code] += 1
        if wrong.method == "HEAD":
            assert response.status_code < 500
        else:
            check_reply(response, wrong.body.decode("utf-8", "replace"))

    every_request()
    sys.stdout.write(f"{dict(statuses)}\n")
    assert statuses.keys() >= {200, 400, 401, 404, 405, 406, 415}
