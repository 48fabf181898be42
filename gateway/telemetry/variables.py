"""Whether OpenTelemetry's own environment variables are of use: the SDK logs what is wrong and passes over it, or fails
by it in its own words. https://opentelemetry.io/docs/specs/otel/protocol/exporter/ has them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from opentelemetry.sdk.environment_variables import OTEL_RESOURCE_ATTRIBUTES, OTEL_SDK_DISABLED

from gateway.telemetry.standard import (
    EXPORTER,
    METRICS_EXPORTER,
    every_seconds,
    is_disabled,
    sampler,
    wants_metrics,
    wants_traces,
    wrong_variable,
)
from schema.problems import ConfigurationError, Level, Problem

__all__ = ["variable_problems"]


def variable_problems(
    said: Mapping[str, str] = os.environ, *, has_exporter: bool = False, has_reader: bool = False
) -> Sequence[Problem]:
    """Return what is wrong with the variables that are read to send traces and metrics; with others, nothing.

    `has_exporter`: spans go to an exporter of the application's own. `has_reader`: Prometheus reads the metrics.
    """
    if is_disabled(said):
        return []
    sends_traces, sends_metrics = not has_exporter and wants_traces(said), wants_metrics(said)
    read = dict(_EXPORTERS)
    if has_exporter:
        del read[EXPORTER]
    if sends_traces or sends_metrics:
        read |= _OTLP
    if sends_traces:
        read |= _OTLP_TRACES
    if sends_metrics:
        read |= _OTLP_METRICS
    records = sends_traces or has_exporter
    if records:
        read |= _RECORDING
    found = [*_unfit(said, read), *_wrong(lambda: sampler(said) if records else None)]
    found += _wrong(lambda: every_seconds(said) if sends_metrics else None)
    return [*found, *_unpaired(said, read, is_told=records or sends_metrics or has_reader)]


def _unfit(said: Mapping[str, str], read: Mapping[str, _Wanted]) -> Sequence[Problem]:
    given = {name: text for name in read if (text := said.get(name, "").strip())}
    wrong = [wrong_variable(name, read[name].what) for name in given if not _fits(read[name], given[name])]
    if not wrong and int(given.get(_BATCH, _USUAL_BATCH)) > int(given.get(_QUEUE, _USUAL_QUEUE)):
        return [wrong_variable(_BATCH, f"no more than {_QUEUE}, which is {_USUAL_QUEUE} unless it is set")]
    return wrong


def _wrong(read: Callable[[], object]) -> Sequence[Problem]:
    try:
        read()
    except ConfigurationError as error:
        return error.problems
    return ()


def _unpaired(said: Mapping[str, str], read: Mapping[str, _Wanted], *, is_told: bool) -> Iterator[Problem]:
    """Yield, as notes, what the SDK reads in pairs and passes over where it is none."""
    names = [f"{name.removesuffix(_ENDPOINT)}HEADERS" for name in read if name.endswith(_ENDPOINT)]
    for name in (*names, *([OTEL_RESOURCE_ATTRIBUTES] if is_told else [])):
        if not all(map(_is_pair, filter(None, map(str.strip, said.get(name, "").split(","))))):
            yield replace(wrong_variable(name, _PAIRS), got=_PASSED_OVER, level=Level.NOTE)


class _Wanted(NamedTuple):
    """What a variable has to be, in words and as a test, which may raise ValueError instead."""

    what: str
    is_fit: Callable[[str], bool]


def _fits(wanted: _Wanted, text: str) -> bool:
    try:
        return wanted.is_fit(text)
    except ValueError:
        return False


def _one_of(*words: str) -> _Wanted:
    return _Wanted(" or ".join(words), lambda text: text.lower() in words)


def _is_url(text: str) -> bool:
    url = urlsplit(text)
    return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0 and not re.search(r"\s", text)


def _is_pair(text: str) -> bool:
    return re.fullmatch(r"[^=\s]+\s*=.*", text) is not None


def _is_count(text: str) -> bool:
    return re.fullmatch("[0-9]{1,9}", text) is not None


_URL = _Wanted("a URL, such as http://127.0.0.1:4318", _is_url)
_FILE = _Wanted("a file that can be read", lambda path: os.access(path, os.R_OK))
_SECONDS = _Wanted("a number of seconds above 0 and up to 3600", lambda text: 0 < float(text) <= 3_600)
_LIMIT = _Wanted("a whole number", _is_count)
_COUNT = _Wanted("a whole number above 0", lambda text: _is_count(text) and int(text) > 0)

_QUEUE, _BATCH = "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
_USUAL_QUEUE, _USUAL_BATCH = 2_048, 512
_PAIRS = "pairs such as name=value, with commas between them"
_PASSED_OVER = "a value of which some is passed over"
_ENDPOINT = "ENDPOINT"
_SENDING: Mapping[str, _Wanted] = MappingProxyType(
    {
        _ENDPOINT: _URL,
        "PROTOCOL": _one_of("http/protobuf"),
        "COMPRESSION": _one_of("none", "gzip", "deflate"),
        "TIMEOUT": _SECONDS,
        **dict.fromkeys(("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"), _FILE),
    }
)
_EXPORTERS: Mapping[str, _Wanted] = MappingProxyType(
    {
        OTEL_SDK_DISABLED: _one_of("true", "false"),
        EXPORTER: _one_of("otlp", "none"),
        METRICS_EXPORTER: _one_of("otlp", "prometheus", "none"),
    }
)
_OTLP, _OTLP_TRACES, _OTLP_METRICS = (
    MappingProxyType({f"OTEL_EXPORTER_OTLP_{what}{name}": wanted for name, wanted in _SENDING.items()})
    for what in ("", "TRACES_", "METRICS_")
)
_RECORDING: Mapping[str, _Wanted] = MappingProxyType(
    {
        **dict.fromkeys((_QUEUE, _BATCH, "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT"), _COUNT),
        **dict.fromkeys(("OTEL_SPAN_LINK_COUNT_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT"), _LIMIT),
    }
)
