"""No value, key or id of a customer is ever in what is read, whatever stands in sources and requests."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.resources import Resource

from gateway.settings import Settings
from gateway.telemetry.metrics.otlp import to_otlp
from tests.gateway.greenhouse import Greenhouse, greenhouse, plant
from tests.gateway.telemetry.metrics.scraped import scrape_text

QUERY = "query ($by: [PlantBy!]!) { plants(by: $by) { id label height bed { moisture } } }"
SECRETS = st.text(alphabet="qxzjkQXZJK739", min_size=9, max_size=20).map("W{}".format)
VALUES = st.one_of(SECRETS, st.lists(SECRETS, max_size=2), st.dictionaries(SECRETS, SECRETS, max_size=2))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(keys=st.lists(SECRETS, min_size=1, max_size=3, unique=True), values=st.lists(VALUES, min_size=4, max_size=4))
def test_no_value_or_key_is_in_what_is_read(keys: list[str], values: list[object]) -> None:
    """Values of any form, keys that are known or not, and what a hostile caller writes into paths and documents."""
    with TemporaryDirectory() as folder:
        text, encoded = asyncio.run(read(Path(folder), keys, values))
    secrets = {*keys, *_texts(values)}
    assert not [one for one in secrets if one in text or one.encode() in encoded]


async def read(folder: Path, keys: list[str], values: list[object]) -> tuple[str, bytes]:
    house = greenhouse(folder, settings=Settings(metrics_port=0), names=keys[1:])
    for key in keys:
        names = ("label", "height", "bed", "provenance")
        row = {"number": f"N-{key}", **dict(zip(names, values, strict=True))}
        house.nursery.records[f"N-{key}"] = [row]
        house.table.subjects.setdefault(key, plant(key))
    async with house.gateway.running():
        await ask(house, keys)
        metrics = house.gateway.metrics
        assert metrics is not None
        text = await scrape_text(metrics)
        assert "customer_view_quality_values_total" in text
        return text, encode_metrics(to_otlp(metrics.read(), Resource({}), 1, 2)).SerializeToString()


async def ask(house: Greenhouse, keys: list[str]) -> None:
    by = [{"nursery": f"N-{key}"} for key in keys]
    assert (await house.post({"query": QUERY, "variables": {"by": by}})).status_code == 200
    await house.post({"query": f"{{ {keys[0]} }}", "operationName": keys[0]})
    await house.post({"query": QUERY}, to=keys[0])
    async with house.client(f"cv_{keys[0]}") as client:
        await client.get(f"/{keys[0]}", params={keys[0]: keys[0]})
        await client.request(keys[0], f"/views/{keys[0]}/graphql")
        await client.get(f"/views/{keys[0]}/schema.graphql")


def _texts(values: object) -> set[str]:
    """Every text in values."""
    return {one for one in orjson.dumps(values).decode().split('"') if one.startswith("W")}
