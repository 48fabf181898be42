"""What Prometheus reads: the text format, with names as OpenTelemetry's rules for Prometheus make them.

https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from gateway.telemetry.metrics.instruments import Instrument, Kind, Reading, Spread

__all__ = ["label_of", "name_of", "print_readings"]

_NO_WORD = re.compile(r"[^0-9a-zA-Z]+")
_UNITS = {"s": "_seconds", "By": "_bytes"}


def name_of(instrument: Instrument) -> str:
    """Return what an instrument is called in Prometheus; those of a histogram end with `_bucket`, `_count`, `_sum`."""
    total = "_total" if instrument.kind is Kind.COUNTER else ""
    return f"{_family(instrument)}{total}"


def label_of(label: str) -> str:
    """Return what a label is called in Prometheus, whatever its name elsewhere."""
    return _NO_WORD.sub("_", label).lstrip("_0123456789")


def print_readings(readings: Sequence[Reading], about: Mapping[str, str], accept: str) -> tuple[bytes, str]:
    """Return the readings in the format that is wanted by this header Accept, and its media type.

    `about` are the attributes of the resource: they stand in `target_info`.
    """
    encode, media_type = choose_encoder(accept)
    return encode(_Once(readings, about)), media_type


class _Once(Collector):
    def __init__(self, readings: Sequence[Reading], about: Mapping[str, str]) -> None:
        self._readings, self._about = readings, about

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        about = {label: one for name, one in self._about.items() if (label := label_of(name))}
        yield InfoMetricFamily("target", "What is measured.", about)
        for reading in self._readings:
            if reading.points:
                yield _printed(reading)


def _printed(reading: Reading) -> Metric:
    instrument = reading.instrument
    name, labels = _family(instrument), [label_of(one) for one in instrument.labels]
    if instrument.kind is Kind.HISTOGRAM:
        return _histogram(HistogramMetricFamily(name, instrument.about, labels=labels), reading)
    kind = CounterMetricFamily if instrument.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(name, instrument.about, labels=labels)
    for values, value in reading.points:
        assert not isinstance(value, Spread)
        family.add_metric(values, value)
    return family


def _histogram(family: HistogramMetricFamily, reading: Reading) -> HistogramMetricFamily:
    bounds = [*map(str, reading.instrument.bounds), "+Inf"]
    for values, value in reading.points:
        assert isinstance(value, Spread)
        family.add_metric(values, [*zip(bounds, _added(value.counts), strict=True)], value.total)
    return family


def _added(counts: Iterable[int]) -> Iterator[float]:
    return map(float, accumulate(counts))


def _family(instrument: Instrument) -> str:
    return instrument.name.replace(".", "_") + _UNITS.get(instrument.unit, "")
