"""Metrics are read on a port of their own, each process's on its own."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.command_error import CommandError
from gateway.scraping import measuring, scraping
from gateway.settings import Settings
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.metrics.prometheus import print_readings
from schema.observer import NOBODY
from tests.gateway.greenhouse import greenhouse
from tests.gateway.telemetry.metrics.clocks import Ticking
from tests.gateway.telemetry.metrics.scraped import scrape


def free() -> int:
    """A port that nobody has, with one after it that nobody has either."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = int(first.getsockname()[1])
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except (OSError, OverflowError):
                continue
            return port


async def test_metrics_are_asked_by_get_at_one_path() -> None:
    """Over a real socket; nothing else is there."""
    async with scraping(Metrics(NOBODY), "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}"
        found = [await client.get(f"{url}{path}") for path in ("/metrics", "/graphql", "/")]
        posted = await client.post(f"{url}/metrics")
    assert [one.status_code for one in found] == [200, 404, 404]
    assert "process_uptime_seconds" in found[0].text
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET")


async def test_each_process_has_a_port_of_its_own() -> None:
    """One after the other from the one that is set, by the number of the process."""
    settings, metrics = Settings(metrics_port=free()), Metrics(NOBODY)
    assert settings.metrics_port is not None
    async with measuring(metrics, settings, 1, Ticking(0.0)), httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{settings.metrics_port + 1}/metrics")
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{settings.metrics_port}/metrics")
    assert answer.status_code == 200


async def test_a_port_that_is_taken_or_that_there_is_not_stops_the_start() -> None:
    """It says which, and how to mend it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(metrics_port=taken.getsockname()[1])
        wanted = rf"Cannot listen on 127\.0\.0\.1:{settings.metrics_port} \(.+\)\. Set CUSTOMER_VIEW_METRICS_HOST and"
        with pytest.raises(CommandError, match=wanted):
            async with measuring(Metrics(NOBODY), settings, 0, Ticking(0.0)):
                pytest.fail("it was opened")
    with pytest.raises(CommandError, match="CUSTOMER_VIEW_METRICS_PORT to 65534 at most"):
        async with measuring(Metrics(NOBODY), Settings(metrics_port=65_535), 1, Ticking(0.0)):
            pytest.fail("it was opened")


async def test_the_api_has_no_metrics(tmp_path: Path) -> None:
    """They are never read where customers' data is answered, and end with the gateway."""
    house = greenhouse(tmp_path, settings=Settings(metrics_port=0))
    async with house.gateway.running(), house.client() as client:
        assert (await client.get("/metrics")).status_code == 404
    assert (await scrape(house.gateway.metrics)).one("process_uptime_seconds") >= 0


def test_attributes_of_the_resource_are_labels_whatever_they_are_called() -> None:
    """What an operator writes into OTEL_RESOURCE_ATTRIBUTES costs no scrape: a label `__name__` would."""
    about = {"deployment-zone": 'a"b\n', "k8s.pod.name": "p1", "__name__": "boo", "1st": "x", "é": "y", "a.b": "z"}
    text = print_readings([], about, "")[0].decode()
    (family,) = text_string_to_metric_families(text)
    assert family.samples[0].labels == {
        "deployment_zone": 'a"b\n',
        "k8s_pod_name": "p1",
        "name_": "boo",
        "st": "x",
        "a_b": "z",
    }
