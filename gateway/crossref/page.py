"""The stewards' page: static files, the same for everybody, which ask the API with the token that a steward enters.

A browser sends no bearer token when it goes to a page, so these files are served without one. They hold nothing of
anybody. No cache keeps them, so after an update no file of before is mixed with those of now; together they are small,
and loaded once a day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.crossref.roles import READERS
from gateway.service import NotOpenError, Service

__all__ = ["StewardPage", "is_wanted"]

_HERE = Path(__file__).parent / "steward"
_PATH = "/steward"
_PAGE = "page.html"

_MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_POLICY: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
"""Nothing but the page's own files, nothing inline, and no text that becomes markup: no script may make any."""

_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": "; ".join(f"{what} {where}" for what, where in _POLICY.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
)


@dataclass(frozen=True, slots=True)
class StewardPage:
    """Answers `/steward` and the page's files, and hands everything else on to `inner`.

    There is a page only while the gateway is open, over a cross-reference that can be asked, and some consumer has a
    role for it: elsewhere nothing tells that there could be one.
    """

    inner: ASGIApp = field(repr=False)
    service: Callable[[], Service] = field(repr=False)
    files: Mapping[str, Path]

    @classmethod
    def load(cls, inner: ASGIApp, service: Callable[[], Service], folder: Path = _HERE) -> StewardPage:
        """Return the page, whose files are those of the folder: no other path can be reached."""
        files = {f"{_PATH}/{path.name}": path for path in folder.iterdir() if path.suffix in _MEDIA_TYPES}
        files[_PATH] = files.pop(f"{_PATH}/{_PAGE}")
        return cls(inner, service, MappingProxyType(files))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve ASGI."""
        answer = self._file(scope) or self.inner
        await answer(scope, receive, send)

    def _file(self, scope: Scope) -> Response | None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        path = self.files.get(scope["path"].removeprefix(scope.get("root_path", "")))
        if path is None or not self._is_wanted():
            return None
        return Response(path.read_bytes(), media_type=_MEDIA_TYPES[path.suffix], headers=_HEADERS)

    def _is_wanted(self) -> bool:
        try:
            service = self.service()
        except NotOpenError:
            return False
        return is_wanted(service)


def is_wanted(service: Service) -> bool:
    """Return whether some consumer could use the page."""
    callers = service.consumers.callers.values()
    return service.crossref is not None and any(not caller.roles.isdisjoint(READERS) for caller in callers)
