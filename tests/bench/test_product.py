"""The gateways that are measured: declared without a fault, and prepared whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.gateway import Gateway
from schema.problems import Level, Problem
from tests.bench.product import app
from tests.bench.product.declared import Product, is_loaded
from tests.bench.product.plain import PLAIN
from tests.bench.product.reference import REFERENCE

PRODUCTS = pytest.mark.parametrize("product", [PLAIN, REFERENCE], ids=["plain", "reference"])


def faults(gateway: Gateway) -> list[Problem]:
    """All but notes: that no adapter serves a field which no view lists is none."""
    return [one for one in gateway.check().problems if one.level is not Level.NOTE]


@PRODUCTS
def test_a_gateway_is_declared_without_a_fault(product: Product, tmp_path: Path) -> None:
    """What `customer-view check` says of it; written twice, the view is the same."""
    for _ in range(2):
        product.write_view(tmp_path)
    product.load(tmp_path, range(5))
    assert faults(product.gateway("http://127.0.0.1:9", tmp_path)) == []


def test_an_interrupted_load_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    """A later run begins it anew."""

    def break_off(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PLAIN.load(tmp_path, range(1, 1_001), progress=break_off)
    assert not is_loaded(tmp_path)
    PLAIN.load(tmp_path, range(5))
    assert is_loaded(tmp_path)


@pytest.mark.parametrize("name", ["plain", "reference"])
def test_a_gateway_is_made_of_what_the_environment_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the command asks for it by its name, and no earlier."""
    monkeypatch.setenv("BENCH_FOLDER", str(tmp_path))
    monkeypatch.setenv("BENCH_SOURCES", "http://127.0.0.1:9")
    monkeypatch.setenv("BENCH_BATCHING", "0")
    PLAIN.load(tmp_path, range(5))
    {"plain": PLAIN, "reference": REFERENCE}[name].write_view(tmp_path)
    assert faults(getattr(app, name)) == []


def test_no_other_gateway_is_served() -> None:
    """A name that is none is told as Python does."""
    with pytest.raises(AttributeError, match="ours"):
        _ = app.ours
