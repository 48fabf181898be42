"""Whether OpenTelemetry's own environment variables are of use: the SDK logs what is wrong and passes over it, or fails
by it in its own words. https://opentelemetry.io/docs/specs/otel/protocol/exporter/ has them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from opentelemetry.sdk.environment_variables import OTEL_SDK_DISABLED

from gateway.telemetry.standard import EXPORTER, is_disabled, wants_traces, wrong_variable
from schema.problems import ConfigurationError

__all__ = ["check_variables"]


def check_variables(said: Mapping[str, str] = os.environ) -> None:
    """Check what the SDK and its exporter of spans read themselves, as far as traces are wanted.

    Raises:
        ConfigurationError: Something is of no use to send traces by; all of it is named.
    """
    if is_disabled(said):
        return
    read = _WANTED if wants_traces(said) else _ALWAYS
    given = {name: text for name in read if (text := said.get(name, "").strip())}
    wrong = [wrong_variable(name, read[name].what) for name in given if not _fits(read[name], given[name])]
    if not wrong and int(given.get(_BATCH, _USUAL_BATCH)) > int(given.get(_QUEUE, _USUAL_QUEUE)):
        wrong.append(wrong_variable(_BATCH, f"no more than {_QUEUE}, which is {_USUAL_QUEUE} unless it is set"))
    if wrong:
        raise ConfigurationError(wrong)


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


def _is_count(text: str) -> bool:
    return re.fullmatch("[0-9]{1,9}", text) is not None


_URL = _Wanted("a URL, such as http://127.0.0.1:4318", _is_url)
_FILE = _Wanted("a file that can be read", lambda path: os.access(path, os.R_OK))
_SECONDS = _Wanted("a number of seconds above 0 and up to 3600", lambda text: 0 < float(text) <= 3_600)
_LIMIT = _Wanted("a whole number", _is_count)
_COUNT = _Wanted("a whole number above 0", lambda text: _is_count(text) and int(text) > 0)

_QUEUE, _BATCH = "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
_USUAL_QUEUE, _USUAL_BATCH = 2_048, 512
_OTLP: Mapping[str, _Wanted] = MappingProxyType(
    {
        "ENDPOINT": _URL,
        "PROTOCOL": _one_of("http/protobuf"),
        "COMPRESSION": _one_of("none", "gzip", "deflate"),
        "TIMEOUT": _SECONDS,
        **dict.fromkeys(("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"), _FILE),
    }
)
_ALWAYS: Mapping[str, _Wanted] = MappingProxyType(
    {OTEL_SDK_DISABLED: _one_of("true", "false"), EXPORTER: _one_of("otlp", "none")}
)
_WANTED: Mapping[str, _Wanted] = MappingProxyType(
    {
        **_ALWAYS,
        **{f"OTEL_EXPORTER_OTLP_{name}": wanted for name, wanted in _OTLP.items()},
        **{f"OTEL_EXPORTER_OTLP_TRACES_{name}": wanted for name, wanted in _OTLP.items()},
        **dict.fromkeys((_QUEUE, _BATCH, "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT"), _COUNT),
        **dict.fromkeys(("OTEL_SPAN_LINK_COUNT_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT"), _LIMIT),
    }
)
