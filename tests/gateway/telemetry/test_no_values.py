"""No value, key, token or text of a caller or of a source is in what is exported, whatever is asked and answered."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from tests.gateway.greenhouse import GARDENER
from tests.gateway.telemetry.nurseries import exported, open_nursery

WORD = st.text("ghjklmnpqrstvwxzæøå", min_size=8, max_size=14)
"""Without the letters of hexadecimal digits, in which ids are printed."""
NUMBER = st.integers(10**8, 2**31 - 1)
CALLER = f"00-{'a' * 32}-{'b' * 16}-01"

pytestmark = pytest.mark.usefixtures("nothing_else_installed")


async def _everything_exported(folder: Path, name: str, label: str, height: int) -> tuple[str, bytes]:
    """Ask about a customer of this name in every way, and return what was exported, as JSON and as OTLP."""
    record = {"number": f"N-{name}", "label": label, "height": height, "bed": label}
    ascii_name = name.encode("ascii", "ignore").decode() or "none"
    async with open_nursery(folder, {f"N-{name}": record}, names=[name]) as house:
        asked = {
            "query": f"query {ascii_name}($id: ID!) {{ {ascii_name}: plant(by: {{id: $id}}) {{ label height }} }}",
            "operationName": ascii_name,
            "variables": {"id": name},
        }
        baggage = {"tracestate": f"v={ascii_name}", "baggage": f"who={ascii_name}", "x-request-id": ascii_name}
        about = {"traceparent": CALLER, "user-agent": ascii_name, "referer": ascii_name, **baggage}
        answer = await house.post(asked, **about)
        assert answer.json()["data"] == {ascii_name: {"label": label, "height": height}}
        await house.post({"query": f'{{ plant(by: {{nursery: "N-{name}"}}) {{ label {ascii_name} }} }}'}, **about)
        await house.post({"query": f'{{ plant(by: {{id: "{name}"}}) {{ label bed {{ moisture }} }} }}'}, **about)
        await house.post(asked, to=ascii_name, **about)
        await house.post(name.encode(), **about)
        house.server.first = [500, 500, 500, 500]
        await house.post(asked, **about)
        house.server.records[f"N-{name}"]["height"] = label  # a value of the wrong type
        await house.post(asked, **about)
        house.table.raises = ValueError(name)
        await house.post(asked, **about)
        spans = await exported(house)
        assert len([one for one in spans if one.name.startswith("POST")]) == 8
        text = json.dumps([json.loads(str(one.to_json())) for one in spans], ensure_ascii=False)
        return text, encode_spans(spans).SerializeToString()


@settings(
    deadline=None,
    max_examples=12,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=WORD, label=WORD, height=NUMBER)
def test_nothing_of_a_customer_is_exported(planted: Path, name: str, label: str, height: int) -> None:
    """Random names, keys, values, and what a caller writes into documents, paths and headers: none is in a span."""
    text, wire = asyncio.run(_everything_exported(planted, name, label, height))
    ascii_name = name.encode("ascii", "ignore").decode()
    needles = {name, label, str(height), GARDENER, GARDENER[3:], *([ascii_name] if len(ascii_name) > 3 else [])}
    assert "customer_view.resolve" in text
    assert b"customer_view.resolve" in wire
    found = [one for one in needles if one in text or one.encode() in wire]
    assert not found
