"""How OpenTelemetry's SDK speaks to a collector: it reads no more of an answer than is of use, and logs none of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import requests

from gateway.telemetry.redaction import without_values

__all__ = ["BoundedSession", "discreet"]

_MOST_BYTES = 65_536
"""Of an answer, inflated. The rest is not read, and the connection closed."""
_PIECE = 8_192

_FOR_HEADERS = "opentelemetry.util.re"
"""It logs a header of OTEL_EXPORTER_OTLP_HEADERS that it cannot read, which may be a secret."""


class BoundedSession(requests.Session):
    """Sends, and reads so much of an answer at most: the SDK would read all that comes."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Return the answer, with the beginning of its body where that is longer."""
        with super().send(request, **{**options, "stream": True}) as answer:
            body = bytearray()
            for piece in answer.iter_content(_PIECE):
                body += piece
                if len(body) >= _MOST_BYTES:
                    break
        told = requests.Response()
        told.status_code, told.reason, told.headers = answer.status_code, answer.reason, answer.headers
        told.raw = BytesIO(bytes(body[:_MOST_BYTES]))
        return told


@contextmanager
def discreet(exporter: str) -> Iterator[None]:
    """Keep the SDK from logging what others have answered, by the logger of this exporter, and what stands in
    settings."""
    muted, headers = logging.getLogger(exporter), logging.getLogger(_FOR_HEADERS)
    muted.addFilter(_nothing)
    headers.addFilter(without_values)
    try:
        yield
    finally:
        muted.removeFilter(_nothing)
        headers.removeFilter(without_values)


def _nothing(_record: logging.LogRecord) -> bool:
    return False
