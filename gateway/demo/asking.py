"""What the demo's consumers ask the gateway over HTTP, and what comes back."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import httpx

__all__ = ["Answer", "Client", "NullReason", "Question", "Withheld", "ask", "call", "curl_line", "open_client"]

_PATIENCE = 30.0
"""Seconds in which the gateway has to answer; each view's own deadline is far shorter."""


Client = httpx.AsyncClient
"""What sends requests, over connections that it keeps."""

Path = tuple[str | int, ...]
"""Where something stands in an answer."""


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Question:
    """One request: by whom, through which view, and what. `base` is the gateway's URL without a slash at its end.

    `situation` is what the consumer tells of it; `headers` prove more, such as how well the customer is verified.
    """

    base: str
    consumer: str
    view: str
    query: str
    variables: Mapping[str, Any]
    token: str = field(repr=False)
    situation: Mapping[str, str] = field(default_factory=_nothing)
    headers: Mapping[str, str] = field(default_factory=_nothing, repr=False)

    @property
    def url(self) -> str:
        """Return where it is asked."""
        return f"{self.base}/views/{self.view}/graphql"

    @property
    def body(self) -> dict[str, Any]:
        """Return the JSON that is sent; the query stands on one line."""
        extensions: dict[str, Any] = {"receipt": "fields"}
        if self.situation:
            extensions["situation"] = dict(self.situation)
        query = " ".join(self.query.split())
        return {"query": query, "variables": dict(self.variables), "extensions": extensions}

    def as_curl(self) -> str:
        """Return the same request as one line for a shell."""
        headers = {"Content-Type": "application/json", **self.headers}
        words = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        return curl_line(self.url, self.token, *words, "-d", json.dumps(self.body))


@dataclass(frozen=True, slots=True)
class NullReason:
    """A null of an answer, at a path such as `customer.company`, and why."""

    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """What an answer does not show, or shows masked: why, what to do, and by which level of verification it opens.

    `level` is the customer's; both it and `opens_at` are None where no level opens it. `methods` are those by which
    that is reached, `max_age` is in seconds.
    """

    coordinate: str
    code: str
    message: str
    remedy: str
    level: str | None
    opens_at: str | None
    methods: tuple[str, ...]
    max_age: int | None
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status and the JSON."""

    status: int
    body: Mapping[str, Any] = field(repr=False)

    @property
    def is_whole(self) -> bool:
        """Return whether it holds the customer, and no error."""
        data = self.body.get("data") or {}
        return self.status == 200 and "errors" not in self.body and any(data.values())

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Return the code and the message of each error."""
        return [(error["extensions"]["code"], error["message"]) for error in self.body.get("errors", ())]

    @property
    def receipt(self) -> Mapping[str, Any] | None:
        """Return the receipt; None when there is none."""
        receipt: Mapping[str, Any] | None = self.body.get("extensions", {}).get("receipt")
        return receipt

    @property
    def withheld(self) -> list[Withheld]:
        """Return what is withheld."""
        return [_withheld(entry) for entry in self.body.get("extensions", {}).get("withheld", ())]

    @property
    def masked(self) -> list[Withheld]:
        """Return what is shown masked."""
        return [_withheld(entry) for entry in self.body.get("extensions", {}).get("masked", ())]

    def nulls(self) -> list[NullReason]:
        """Return every null with its reason; one that is given none is the source's own."""
        told = list(self._told())
        known = {null.path for null in told}
        own = [path for path, is_shared in _null_paths(self.body.get("data")) if not known & {path, is_shared}]
        return [*told, *(NullReason(path, "-", "The source has no value here.") for path in own)]

    def _told(self) -> Iterator[NullReason]:
        for error in self.body.get("errors", ()):
            if "path" in error:
                yield NullReason(_dotted(error["path"]), error["extensions"]["code"], error["message"])
        extensions = self.body.get("extensions", {})
        for entry in (*extensions.get("withheld", ()), *extensions.get("absent", ())):
            for path in entry["paths"]:
                yield NullReason(_dotted(path), entry["code"], entry["message"])


def curl_line(url: str, token: str, *more: str) -> str:
    """Return a request with this token as one line for a shell; `more` are further arguments of curl."""
    return shlex.join(["curl", "-sS", url, "-H", f"Authorization: Bearer {token}", *more])


def open_client() -> Client:
    """Return what asks for all consumers; to be closed."""
    return httpx.AsyncClient(trust_env=False, timeout=_PATIENCE)


async def ask(client: Client, question: Question) -> Answer:
    """Send the question and return what comes back."""
    return await call(client, "POST", question.url, question.token, question.body, question.headers)


async def call(
    client: Client,
    method: str,
    url: str,
    token: str,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send a request with this token, and with JSON where there is a body, and return what comes back."""
    sent = {"Authorization": f"Bearer {token}", **(headers or {})}
    response = await client.request(method, url, json=body, headers=sent)
    return Answer(response.status_code, response.json())


def _withheld(entry: Mapping[str, Any]) -> Withheld:
    step_up = entry.get("stepUp", {})
    return Withheld(
        entry["coordinate"],
        entry["code"],
        entry["message"],
        entry["remedy"],
        step_up.get("current"),
        step_up.get("required"),
        tuple(step_up.get("methods", ())),
        step_up.get("maxAge"),
        tuple(tuple(path) for path in entry["paths"]),
    )


def _dotted(path: list[str | int]) -> str:
    return ".".join(map(str, path))


def _null_paths(value: Any, path: tuple[str, ...] = (), shared: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield the path of each null, and the same with `*` for every index, as reasons for all places are given."""
    if value is None and path:
        yield ".".join(path), ".".join(shared)
    elif isinstance(value, dict):
        for name, inside in value.items():
            yield from _null_paths(inside, (*path, name), (*shared, name))
    elif isinstance(value, list):
        for index, inside in enumerate(value):
            yield from _null_paths(inside, (*path, str(index)), (*shared, "*"))
