"""What requests came to: over HTTP whichever they are, and GraphQL by view and consumer."""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.refusals import RequestCode
from gateway.telemetry.metrics import catalog
from gateway.telemetry.metrics.instruments import Counts, Reading, Timings
from schema.deadline import Clock

__all__ = ["Measured", "Requests", "Routed"]

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_SCHEMES = frozenset({"http", "https"})
_OTHER = "_OTHER"
"""What the semantic conventions call a method that nobody knows: a caller may write anything there."""
_GRAPHQL, _OF_VIEW = "/graphql", "/views/{view}/graphql"
_ROUTED = "customer_view.routed"
_FAILED, _HUNG_UP, _UNAVAILABLE = 500, 499, 503
_OVERLOADED = str(RequestCode.OVERLOADED)


class Requests:
    """Counts requests."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock = clock
        self._outcomes, self._active = Counts(), Counts()
        self._http, self._durations = Timings(catalog.HTTP_DURATION), Timings(catalog.REQUEST_DURATION)

    def answered(self, view: str, consumer: str, outcome: str, seconds: float) -> None:
        """Count a GraphQL request that was answered: OK or PARTIAL."""
        self._outcomes[view, consumer, outcome] += 1
        self._durations.record((view,), seconds)

    def refused(self, view: str, consumer: str, code: str) -> None:
        """Count one that was refused. `view` is empty where it is not known which one was meant."""
        self._outcomes[view, consumer, code] += 1

    def shed(self, method: str, view: str, consumer: str, *, names_view: bool) -> None:
        """Count one that was refused where its headers ended, by GET or POST: `Measured` has not seen it."""
        self._outcomes[view, consumer, _OVERLOADED] += 1
        route = _OF_VIEW if names_view else _GRAPHQL
        self._http.record((method, "http", route, str(_UNAVAILABLE), str(_UNAVAILABLE)), 0.0)

    def began(self, method: str, scheme: str) -> None:
        """Count a request that is under way."""
        self._active[method, scheme] += 1

    def ended(self, method: str, scheme: str, route: str, status: int, seconds: float) -> None:
        """Count a request that has ended; `status` 0: there was no answer, for something failed.

        One whose client did not wait for the answer has 499, and is no failure of the gateway's.
        """
        self._active[method, scheme] -= 1
        failure = "" if 0 < status < _FAILED else str(status or _OTHER)
        self._http.record((method, scheme, route, str(status or ""), failure), seconds)

    def read(self) -> Sequence[Reading]:
        """Return what was counted."""
        return (
            self._http.read(),
            self._active.read(catalog.HTTP_ACTIVE),
            self._outcomes.read(catalog.REQUESTS),
            self._durations.read(),
        )


class Measured:
    """The whole application, each of whose requests over HTTP is measured."""

    def __init__(self, inner: ASGIApp, requests: Requests) -> None:
        self._inner, self._requests = inner, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        requests, status, routed = self._requests, 0, _Route(scope.get("root_path", ""))
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        scheme = scope["scheme"] if scope["scheme"] in _SCHEMES else _OTHER

        async def seen(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if "status" in message:
                status = message["status"]
            await send(message)

        requests.began(method, scheme)
        start = requests.clock()
        scope[_ROUTED] = routed
        try:
            await self._inner(scope, receive, seen)
            status = status or _HUNG_UP  # nothing was raised, and nothing sent: there was nobody to send it to
        finally:
            route = _graphql(scope) if routed.template is None else routed.template
            requests.ended(method, scheme, route, status, requests.clock() - start)


class _Route:
    """The template of a request's route, empty where it has none; None: it never came to what has routes.

    `root` is where the whole application is mounted, which is no part of it.
    """

    __slots__ = ("root", "template")

    def __init__(self, root: str) -> None:
        self.root = root
        self.template: str | None = None


class Routed:
    """An application with routes, which says by which one it has answered; other paths have none.

    One within another that is given a scope of its own says it for both.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        routed: _Route | None = scope.get(_ROUTED)
        try:
            await self._inner(scope, receive, send)
        finally:
            if routed is not None and not routed.template:
                routed.template = _template(scope, routed.root)


def _template(scope: Mapping[str, Any], root: str) -> str:
    """Return the template of the route that was taken, empty where there is none."""
    path = getattr(scope.get("route"), "path", "")
    return f"{scope.get('root_path', '').removeprefix(root)}{path}" if path else ""


def _graphql(scope: Mapping[str, Any]) -> str:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return _GRAPHQL if path == _GRAPHQL else _OF_VIEW
