"""The page says of every instrument what it is, and of no other."""

from __future__ import annotations

import pytest

from gateway.telemetry.metrics.catalog import CATALOG
from gateway.telemetry.metrics.instruments import Instrument, Kind
from gateway.telemetry.metrics.prometheus import label_of, name_of
from tests.docs.pages import section


def rows() -> dict[str, list[str]]:
    """The cells of the tables, by the name of the instrument."""
    lines = [line for line in section("metrics.md", "## What is measured").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {each[0].strip("`"): each for each in cells}


def test_every_instrument_is_documented_and_no_other() -> None:
    """By the name that OpenTelemetry has for it."""
    assert sorted(rows()) == sorted(one.name for one in CATALOG)
    assert len({one.name for one in CATALOG}) == len(CATALOG)


@pytest.mark.parametrize("instrument", CATALOG, ids=lambda one: one.name)
def test_an_instrument_is_documented_as_it_is(instrument: Instrument) -> None:
    """Its name in Prometheus, its kind and unit, its labels and what it says."""
    labels = ", ".join(f"`{label}`" for label in instrument.labels) or "none"
    kind = f"{instrument.kind.value}, `{instrument.unit}`"
    assert rows()[instrument.name][1:] == [f"`{name_of(instrument)}`", kind, labels, instrument.about]


@pytest.mark.parametrize("instrument", CATALOG, ids=lambda one: one.name)
def test_an_instrument_has_what_its_kind_has(instrument: Instrument) -> None:
    """Bounds rise, and only a histogram has some; a counter in Prometheus ends with _total; labels have a name each."""
    assert list(instrument.bounds) == sorted(set(instrument.bounds))
    assert bool(instrument.bounds) is (instrument.kind is Kind.HISTOGRAM)
    assert name_of(instrument).endswith("_total") is (instrument.kind is Kind.COUNTER)
    assert len({label_of(label) for label in instrument.labels}) == len(instrument.labels)
