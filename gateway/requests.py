"""A GraphQL request as it comes over HTTP: read within bounds, and checked before anything is done with it.

    BadRequestError    the request cannot be taken; `status` says how in HTTP, the text how to mend it

Follows the GraphQL over HTTP specification (https://graphql.github.io/graphql-over-http/draft/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import Receive

from resolvers import Request
from schema.views import ReceiptDetail

__all__ = ["BadRequestError", "MediaType", "RequestCode", "parse_request", "read_body", "wanted_media_type"]


_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


class RequestCode(StrEnum):
    """The code in `errors[].extensions.code` of a request that was not taken."""

    BAD_REQUEST = "BAD_REQUEST"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    HEADERS_TOO_LARGE = "HEADERS_TOO_LARGE"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    NOT_FOUND = "NOT_FOUND"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAVAILABLE = "UNAVAILABLE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    VIEW_UNKNOWN = "VIEW_UNKNOWN"


class BadRequestError(Exception):
    """A request that is refused before its document is looked at. The message holds nothing that the caller sent."""

    def __init__(self, status: int, code: RequestCode, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})
        super().__init__(f"{status} {code}: {message}")


class MediaType(StrEnum):
    """The media types in which an answer can be given."""

    RESPONSE = "application/graphql-response+json"
    JSON = "application/json"


@dataclass(frozen=True, slots=True)
class _Range:
    """One entry of an Accept header."""

    media_type: str
    quality: float

    def covers(self, media_type: MediaType) -> bool:
        return self.media_type in (media_type, "application/*", "*/*")


def wanted_media_type(headers: Headers) -> MediaType:
    """Return the media type for the answer, by the Accept header; plain JSON where the client says nothing.

    Of two that are accepted alike the one that is named first is taken; a range such as `*/*` means plain JSON.

    Raises:
        BadRequestError: 406, the client accepts neither.
    """
    ranges = [_range(part) for part in ",".join(headers.getlist("accept")).split(",") if part.strip()]
    if not ranges:
        return MediaType.JSON
    offered = sorted((MediaType.JSON, MediaType.RESPONSE), key=lambda one: _place(one, ranges))
    best = max(offered, key=lambda one: _quality(one, ranges))
    if _quality(best, ranges) > 0:
        return best
    message = f"The Accept header names none of {MediaType.RESPONSE}, {MediaType.JSON}. Accept one of them."
    raise BadRequestError(406, RequestCode.NOT_ACCEPTABLE, message)


def _place(media_type: MediaType, ranges: Sequence[_Range]) -> int:
    """Return where a media type is named in an Accept header, behind its end where it is not."""
    return next((place for place, one in enumerate(ranges) if one.media_type == media_type), len(ranges))


def _quality(media_type: MediaType, ranges: Sequence[_Range]) -> float:
    """Return how much a media type is wanted: by its own entry, else by the range that covers it (RFC 9110, 12.5.1)."""
    covering = [one for one in ranges if one.covers(media_type)]
    nearest = min(covering, key=lambda one: _WIDTH.get(one.media_type, 0), default=None)
    return nearest.quality if nearest else 0.0


_WIDTH = {"application/*": 1, "*/*": 2}


def _range(part: str) -> _Range:
    media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    return _Range(media_type, float(weight) if _QUALITY.fullmatch(weight) else 0.0)


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """Return the body, of at most `limit` bytes.

    Raises:
        BadRequestError: 413 too large, 415 not uncompressed JSON, 400 the client broke off.
    """
    _check_content(headers)
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(limit)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise BadRequestError(400, RequestCode.BAD_REQUEST, "The connection closed before the body was whole.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> BadRequestError:
    # the connection is closed, so that the server does not read the rest only to drop it
    message = f"The body is larger than {limit} bytes. Send less."
    return BadRequestError(413, RequestCode.BODY_TOO_LARGE, message, {"Connection": "close"})


def _check_content(headers: Headers) -> None:
    media_type, *parameters = (piece.strip().lower() for piece in headers.get("content-type", "").split(";"))
    charset = next((one.partition("=")[2].strip('"') for one in parameters if one.startswith("charset=")), "utf-8")
    if media_type != MediaType.JSON or charset not in ("utf-8", "utf8"):
        message = f"The body has another content type. Send Content-Type: {MediaType.JSON}; charset=utf-8."
        raise BadRequestError(415, RequestCode.UNSUPPORTED_MEDIA_TYPE, message)
    if headers.get("content-encoding", "identity").lower() != "identity":
        message = "The body is compressed. Send it as it is, without Content-Encoding."
        raise BadRequestError(415, RequestCode.UNSUPPORTED_MEDIA_TYPE, message)


def parse_request(body: bytes) -> Request:
    """Return the GraphQL request in a body.

    Raises:
        BadRequestError: 400, it is no JSON object with a `query` and members of the right types.
    """
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _wrong("The body is not JSON in UTF-8, or nested too deeply") from None
    if not isinstance(members, dict):
        raise _wrong("The body is JSON, but not an object")
    query = _member(members, "query", str, required=True)
    extensions = _member(members, "extensions", dict) or {}
    return Request(
        query,
        _member(members, "operationName", str) or None,
        _member(members, "variables", dict) or {},
        _receipt(extensions.get("receipt")),
    )


def _member(members: Mapping[str, Any], name: str, wanted: type, *, required: bool = False) -> Any:
    value = members.get(name)
    if (value is None and not required) or isinstance(value, wanted):
        return value
    word = "a string" if wanted is str else "an object"
    raise _wrong(f"The member {name!r} is {'missing' if name not in members else 'not ' + word}")


def _receipt(value: object) -> ReceiptDetail:
    if value is None:
        return ReceiptDetail.NONE
    levels = [str(level) for level in ReceiptDetail]
    if value not in levels:
        raise _wrong(f"The extension 'receipt' is not one of {', '.join(levels)}")
    return ReceiptDetail(str(value))


def _wrong(got: str) -> BadRequestError:
    wanted = 'Send a JSON object such as {"query": "...", "variables": {...}, "operationName": "..."}.'
    return BadRequestError(400, RequestCode.BAD_REQUEST, f"{got}. {wanted}")
