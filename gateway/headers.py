"""The headers of a request, read once for everything that asks for one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["Headers", "read_headers"]

Headers = Mapping[bytes, bytes]
"""Values by name, in lower case. Those of a name that stands twice are joined by commas (RFC 9110, 5.3).

So two tokens, origins or lengths are none, for none of them has a comma in it: which one counts would be a guess.
"""


def read_headers(raw: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Return the headers by name, from the pairs of an ASGI scope, whose names are in lower case."""
    headers = dict(raw)
    return headers if len(headers) == len(raw) else _joined(raw)


def _joined(raw: Sequence[tuple[bytes, bytes]]) -> Headers:
    values: dict[bytes, list[bytes]] = {}
    for name, value in raw:
        values.setdefault(name, []).append(value)
    return {name: b",".join(each) for name, each in values.items()}
