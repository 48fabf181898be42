"""This gateway as `customer-view serve` runs it. BENCH_SOURCES, BENCH_FOLDER and BENCH_BATCHING say over what."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.gateway import Gateway
from tests.bench.peers.product.model import Customer
from tests.bench.peers.product.sources import adapters

__all__ = ["make_gateway"]


def make_gateway(sources: str, folder: Path, *, batching: bool = True) -> Gateway:
    """Return the gateway over the sources at this URL and what `prepare` has written into the folder."""
    return Gateway(
        model=Customer,
        adapters=adapters(sources, batching=batching),
        views=folder / "views",
        crossref=f"sqlite:///{folder / 'crossref.db'}",
        consumers=folder / "consumers.yaml",
    )


def __getattr__(name: str) -> Gateway:
    """Make the gateway when the command asks for it, and not for a test that imports the module."""
    if name != "gateway":
        raise AttributeError(name)
    batching = os.environ.get("BENCH_BATCHING", "1") == "1"
    return make_gateway(os.environ["BENCH_SOURCES"], Path(os.environ["BENCH_FOLDER"]), batching=batching)
