"""What OpenTelemetry's own environment variables say of traces and metrics, as far as the SDK does not read it itself.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

from collections.abc import Mapping
from os import environ

from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_OTLP_ENDPOINT,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    OTEL_METRIC_EXPORT_INTERVAL,
    OTEL_SDK_DISABLED,
    OTEL_TRACES_SAMPLER,
    OTEL_TRACES_SAMPLER_ARG,
)

from gateway.telemetry.sampling import Sampler
from schema.problems import ConfigurationError, Problem

__all__ = [
    "EXPORTER",
    "METRICS_EXPORTER",
    "every_seconds",
    "is_disabled",
    "sampler",
    "wants_metrics",
    "wants_traces",
    "wrong_variable",
]

EXPORTER = "OTEL_TRACES_EXPORTER"
METRICS_EXPORTER = "OTEL_METRICS_EXPORTER"
_EVERY = 60_000
_LEAST, _MOST = 100, 86_400_000
_BASED = "parentbased_"
_RATIO = "traceidratio"
_ALWAYS = {"always_on": 1.0, "always_off": 0.0}
_WANTED = ", ".join(f"{before}{name}" for before in (_BASED, "") for name in (*_ALWAYS, _RATIO))


def is_disabled(said: Mapping[str, str] = environ) -> bool:
    """Return whether OTEL_SDK_DISABLED says that nothing is to be told by OpenTelemetry."""
    return said.get(OTEL_SDK_DISABLED, "").strip().lower() == "true"


def wants_traces(said: Mapping[str, str] = environ) -> bool:
    """Return whether traces are to be exported: an endpoint is named, or OTEL_TRACES_EXPORTER is `otlp`."""
    exporter = said.get(EXPORTER, "").strip().lower()
    if is_disabled(said) or exporter == "none":
        return False
    return exporter == "otlp" or any(map(said.get, (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)))


def wants_metrics(said: Mapping[str, str] = environ) -> bool:
    """Return whether metrics are to be exported: an endpoint is named, or OTEL_METRICS_EXPORTER is `otlp`."""
    exporter = said.get(METRICS_EXPORTER, "").strip().lower()
    if is_disabled(said) or exporter not in ("", "otlp"):
        return False
    return exporter == "otlp" or any(map(said.get, (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT)))


def every_seconds(said: Mapping[str, str] = environ) -> float:
    """Return how often metrics are exported.

    Raises:
        ConfigurationError: OTEL_METRIC_EXPORT_INTERVAL is no such number.
    """
    text = said.get(OTEL_METRIC_EXPORT_INTERVAL, "").strip() or str(_EVERY)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and _LEAST <= int(text) <= _MOST):
        raise _wrong(OTEL_METRIC_EXPORT_INTERVAL, f"a whole number of milliseconds from {_LEAST} to {_MOST}")
    return int(text) / 1000


def sampler(said: Mapping[str, str] = environ) -> Sampler:
    """Return what OTEL_TRACES_SAMPLER says: `parentbased_always_on` unless it is set.

    Raises:
        ConfigurationError: It is no sampler that there is, or its argument no share from 0 to 1.
    """
    name = said.get(OTEL_TRACES_SAMPLER, "").strip().lower() or f"{_BASED}always_on"
    own = name.removeprefix(_BASED)
    if own == _RATIO:
        return Sampler(_share(said.get(OTEL_TRACES_SAMPLER_ARG, "").strip() or "1"), name != own)
    if own in _ALWAYS:
        return Sampler(_ALWAYS[own], name != own)
    raise _wrong(OTEL_TRACES_SAMPLER, f"one of {_WANTED}")


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise _wrong(OTEL_TRACES_SAMPLER_ARG, "a number from 0 to 1")
    return share


def _wrong(name: str, wanted: str) -> ConfigurationError:
    return ConfigurationError([wrong_variable(name, wanted)])


def wrong_variable(name: str, wanted: str) -> Problem:
    """Return the problem of a variable that has to be something else."""
    # the value is not shown: whoever mixes up two variables may have put a secret there
    return Problem(name, None, "a value that cannot be used", wanted, f"correct or unset the variable {name}")
