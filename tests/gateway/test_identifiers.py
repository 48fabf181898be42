"""Look-ups by identifiers over HTTP: limited for each consumer, and told in nothing."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.gateway.greenhouse import code_of, greenhouse, write_all, write_consumers, write_view

QUERY = "query ($by: PlantBy!) { plant(by: $by) { label } }"
TYPE = "application/graphql-response+json"


@pytest.mark.parametrize(("accept", "media_type"), [("application/json", "application/json"), (TYPE, TYPE)])
async def test_who_looks_up_too_often_is_told_when_to_ask_again(
    tmp_path: Path, accept: str, media_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With 429 in either media type; nobody is asked, and the value is in no answer and no log."""
    caplog.set_level(logging.DEBUG)
    views, consumers = write_all(tmp_path)
    write_view(views, "calling@1", identifiers="email, phone")
    write_consumers(consumers, gardener="calling, watering, pruning, hurry")
    house = greenhouse(tmp_path, settings=Settings(identifiers_per_minute=1))
    async with house.gateway.running():
        body = {"query": QUERY, "variables": {"by": {"identifier": {"type": "EMAIL", "value": "canary@example.org"}}}}
        first = await house.post(body, to="calling", accept=accept)
        assert first.json()["data"] == {"plant": None}
        reads = house.table.reads
        second = await house.post(body, to="calling", accept=accept)
        assert (second.status_code, code_of(second)) == (429, "RATE_LIMITED")
        assert 1 <= int(second.headers["retry-after"]) <= 60
        assert second.headers["content-type"].startswith(media_type)
        assert house.table.reads == reads
    assert "canary" not in first.text + second.text + caplog.text
