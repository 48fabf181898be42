"""Requests of which each part may be wrong: method, path, media types, token and body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from httpx import Request
from hypothesis import strategies as st

from tests.gateway.bridge import PATH, TOKEN
from tests.gateway.inside import JSON, RESPONSE

__all__ = ["Wrong", "wrong_requests"]

_METHODS = (*("POST",) * 12, "GET", "PUT", "PATCH", "DELETE", "HEAD", "TRACE", "BREW")
_PATHS = (
    *(PATH,) * 12,
    *("/graphql", "/views/bridge@1/graphql", "/views/bridge@2/graphql", "/views/log/graphql", "/nowhere"),
    *(f"{PATH}?query=%7B__typename%7D", f"{PATH}?query=%7B&variables=%5B%5D", f"{PATH}?%FF=%00"),
)
_STRANGE_HEADERS = {
    "content-type": (
        "",
        "text/plain",
        "multipart/form-data",
        f"{JSON}; charset=utf-16",
        "application/graphql",
        "\x7f",
        ";;",
    ),
    "accept": (
        "",
        "*/*",
        JSON,
        "text/html",
        "application/*;q=0.1",
        f"{JSON};q=nan, {RESPONSE};q=2",
        ",;=,",
        "x" * 3_000,
    ),
    "authorization": (
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}x",
        f"bearer {TOKEN}",
        "Bearer \x7f",
    ),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A request of which each part may be wrong."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def request(self, base: str) -> Request:
        """Return it as it is sent."""
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        return Request(self.method, base + self.path, headers=headers, content=self.body)


def wrong_requests() -> st.SearchStrategy[Wrong]:
    """Return the strategy of requests of which nearly all are wrong; no part depends on another."""
    usual = {"content-type": JSON, "accept": RESPONSE, "authorization": f"Bearer {TOKEN}"}
    strange = {name: st.sampled_from([usual[name]] * 20 + [*values]) for name, values in _STRANGE_HEADERS.items()}
    headers = st.fixed_dictionaries(strange, optional={"content-encoding": st.sampled_from(["gzip", "identity", "br"])})
    right: dict[str, Any] = {
        "query": '{ vessel(by: {id: "v1"}) { name } }',
        "variables": {},
        "operationName": None,
        "extensions": {},
    }
    json_value = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*right, "more"]), inner, max_size=4)
        ),
        max_leaves=8,
    )
    members = st.dictionaries(st.sampled_from([*right]), json_value, max_size=2).map(lambda changed: right | changed)
    whole = st.one_of(st.just(right), members, json_value).map(lambda value: json.dumps(value).encode())
    bodies = st.one_of(
        whole, whole, st.tuples(whole, st.binary(max_size=3), st.integers(0, 200)).map(_torn), st.binary()
    )
    return st.builds(Wrong, st.sampled_from(_METHODS), st.sampled_from(_PATHS), headers.map(_without_nothing), bodies)


def _torn(drawn: tuple[bytes, bytes, int]) -> bytes:
    whole, put, place = drawn
    return whole[:place] + put + whole[place + 1 :]


def _without_nothing(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if value}
