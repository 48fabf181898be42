"""The GraphiQL page: static files, alike for every view and everybody, under a policy that lets nothing foreign in.

The page holds no data and wants no token: what it shows it asks for itself, with the token that a person enters. It
says nothing of which views there are. `make ide` builds it; where it is not built, a plain page says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Response
from starlette.exceptions import HTTPException

__all__ = ["Ide", "add_ide"]

_HERE = Path(__file__).parent
_PAGE = "page.html"
_NONCE = "{nonce}"

_FOR_EVER = "public, max-age=31536000, immutable"

_MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Ide:
    """The page as text, and the files that it consists of by name; `is_built` is whether it is more than a note."""

    page: str
    files: Mapping[str, Path]
    is_built: bool

    @classmethod
    def load(cls, folder: Path = _HERE / "built") -> Ide:
        """Return what `make ide` has built in the folder, or the note that it has not."""
        if not (folder / _PAGE).is_file():
            return cls((_HERE / "unbuilt.html").read_text("utf-8"), {}, is_built=False)
        files = {path.name: path for path in folder.iterdir() if path.suffix in _MEDIA_TYPES}
        return cls((folder / _PAGE).read_text("utf-8"), files, is_built=True)

    def answer_page(self) -> Response:
        """Return the page. The nonce, fresh each time, is for style elements: the editor makes some as it runs."""
        nonce = secrets.token_urlsafe(16)
        return Response(self.page.replace(_NONCE, nonce), media_type="text/html", headers=_headers(nonce))

    def answer_file(self, name: str) -> Response:
        """Return a file by one of the names that were found at the start: no other path can be reached.

        Raises:
            HTTPException: 404, it is none of the page's files.
        """
        path = self.files.get(name)
        if path is None:
            raise HTTPException(404)
        headers = _headers() if path.suffix == ".txt" else {**_headers(), "Cache-Control": _FOR_EVER}
        return Response(path.read_bytes(), media_type=_MEDIA_TYPES[path.suffix], headers=headers)


def add_ide(api: FastAPI, ide: Ide) -> None:
    """Add `/views/{name}/graphiql` and the page's files, `/ide/{file}`, to the application."""
    api.get("/views/{view}/graphiql")(ide.answer_page)  # whatever the view: also where there is none
    api.get("/ide/{name}")(ide.answer_file)


def _headers(nonce: str | None = None) -> dict[str, str]:
    return {"Content-Security-Policy": _policy(nonce)}


def _policy(nonce: str | None) -> str:
    """Return the policy of the page or, without a nonce, of a file: a worker has that of its own file.

    The editor places its lines by style attributes in the HTML that it makes, so these are let in; a style element
    needs the nonce. No script and no connection but to where the page came from.
    """
    allowed = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'nonce-{nonce}'" if nonce else "'self'",
        "style-src-attr": "'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{what} {where}" for what, where in allowed.items())
