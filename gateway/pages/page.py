"""A page: static files, the same for everybody, which ask an API with the token that a person enters.

A browser sends no bearer token when it goes to a page, so these files are served without one. They hold nothing of
anybody. No cache keeps them, so after an update no file of before is mixed with those of now; together they are small,
and loaded once a day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from string import Template
from types import MappingProxyType

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.service import NotOpenError, Service

__all__ = ["Front", "Page"]

_SHARED = Path(__file__).parent / "shared"
_FRONT = Path(__file__).parent / "page.html"
_HTML = "text/html; charset=utf-8"

_MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
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
class Front:
    """What stands at the door of a page: its title, what it is about, and whose token is wanted."""

    title: str
    about: str
    whose: str

    def in_html(self, folder: str) -> bytes:
        """Return the page, whose files are in a folder beside it."""
        words = {name: escape(text).replace("&#x27;", "&rsquo;") for name, text in asdict(self).items()}
        return Template(_FRONT.read_text("utf-8")).substitute(words, folder=folder).encode()


@dataclass(frozen=True, slots=True)
class Page:
    """Answers a path such as `/steward` and the page's files below it, and hands everything else on to `inner`.

    There is a page only while the gateway is open and `is_wanted` of it: elsewhere nothing tells that there could be
    one.
    """

    inner: ASGIApp = field(repr=False)
    service: Callable[[], Service] = field(repr=False)
    is_wanted: Callable[[Service], bool] = field(repr=False)
    path: str
    front: bytes = field(repr=False)
    files: Mapping[str, Path] = field(repr=False)

    @classmethod
    def load(
        cls,
        inner: ASGIApp,
        service: Callable[[], Service],
        is_wanted: Callable[[Service], bool],
        folder: Path,
        front: Front,
    ) -> Page:
        """Return the page at a path of the folder's name, whose files are those of the folder and those that pages
        share: no other can be reached."""
        path = f"/{folder.name}"
        found = [one for place in (_SHARED, folder) for one in place.iterdir() if one.suffix in _MEDIA_TYPES]
        files = {f"{path}/{one.name}": one for one in found}
        return cls(inner, service, is_wanted, path, front.in_html(folder.name), MappingProxyType(files))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve ASGI."""
        answer = self._file(scope) or self.inner
        await answer(scope, receive, send)

    def _file(self, scope: Scope) -> Response | None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        file = self.files.get(path)
        if (file is None and path != self.path) or not self._is_there():
            return None
        if file is None:
            return Response(self.front, media_type=_HTML, headers=_HEADERS)
        return Response(file.read_bytes(), media_type=_MEDIA_TYPES[file.suffix], headers=_HEADERS)

    def _is_there(self) -> bool:
        try:
            return self.is_wanted(self.service())
        except NotOpenError:
            return False
