"""What Prometheus reads of a gateway, taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

from gateway.scraping import Scraped
from gateway.telemetry.metrics import Metrics

__all__ = ["Scrape", "scrape", "scrape_text"]


async def scrape_text(metrics: Metrics | None, **headers: str) -> str:
    """Return what is answered at /metrics."""
    assert metrics is not None
    transport = httpx.ASGITransport(Scraped(metrics))
    async with httpx.AsyncClient(transport=transport, base_url="http://metrics") as client:
        response = await client.get("/metrics", headers=headers)
    assert response.status_code == 200, response.text
    return response.text


class Scrape:
    """The numbers of one scrape."""

    def __init__(self, text: str) -> None:
        self.samples = [one for family in text_string_to_metric_families(text) for one in family.samples]

    def __getitem__(self, name: str) -> Mapping[tuple[str, ...], float]:
        """The numbers of a metric by the values of its labels, in the order of their names; empty ones left out."""
        return {
            tuple(value for _, value in sorted(one.labels.items()) if value): one.value
            for one in self.samples
            if one.name == name
        }

    def one(self, name: str, **labels: str) -> float:
        """The sum of a metric's numbers that have these labels, without their `customer_view_`; 0 where none has."""
        wanted = {
            (label if label in {"le", "http_route"} else f"customer_view_{label}"): value
            for label, value in labels.items()
        }
        found = (one for one in self.samples if one.name == name and wanted.items() <= one.labels.items())
        return sum(one.value for one in found)

    @property
    def names(self) -> set[str]:
        """The names of all metrics."""
        return {one.name for one in self.samples}

    def labels(self, name: str) -> set[str]:
        """The names of the labels that a metric has."""
        return {label for one in self.samples if one.name == name for label in one.labels}

    def values(self) -> Iterator[str]:
        """The values of all labels."""
        return (value for one in self.samples for value in one.labels.values())


async def scrape(metrics: Metrics | None) -> Scrape:
    """Return what is read at /metrics."""
    return Scrape(await scrape_text(metrics))
