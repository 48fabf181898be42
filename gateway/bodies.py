"""The body of a request, read within bounds and only where it is what can be taken."""

from __future__ import annotations

from starlette.types import Receive

from gateway.hang_ups import client_closed
from gateway.headers import Headers
from gateway.refusals import NotTakenError, RequestCode

__all__ = ["body_late", "read_body", "refuse_body"]

_JSON = "application/json"
_USUAL = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"})


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """Return the body, of at most `limit` bytes.

    Raises:
        NotTakenError: 413 too large, 415 not uncompressed JSON, 400 a wrong length, 499 the client broke off.
    """
    _check_content(headers)
    _check_length(headers, limit)
    before = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise client_closed()
        piece: bytes = message.get("body", b"")
        if len(before) + len(piece) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(before) + piece if before else piece
        before += piece


def refuse_body(headers: Headers) -> None:
    """Refuse the body of a request that has none by its method: two servers in a row may not agree on where it ends.

    Raises:
        NotTakenError: 400, there is one, or may be one.
    """
    if b"transfer-encoding" in headers or headers.get(b"content-length", b"") not in (b"", b"0"):
        message = "A GET has no body. Send the query in the URL, or by POST."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message, {"Connection": "close"})


def body_late() -> NotTakenError:
    """Return how a request is refused whose body is not whole in time."""
    message = "The body was not whole when the request's time was over. Send it faster, or send less."
    return NotTakenError(408, RequestCode.REQUEST_TIMEOUT, message, {"Connection": "close"})


def _check_length(headers: Headers, limit: int) -> None:
    declared = headers.get(b"content-length")
    if not declared:
        return
    if not declared.isdigit():
        message = "The Content-Length is no number of bytes. Send one number, or a chunked body."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message, {"Connection": "close"})
    if int(declared[:20]) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> NotTakenError:
    # the connection is closed, so that the server does not read the rest only to drop it
    message = f"The body is larger than {limit} bytes. Send less."
    return NotTakenError(413, RequestCode.BODY_TOO_LARGE, message, {"Connection": "close"})


def _check_content(headers: Headers) -> None:
    given = headers.get(b"content-type", b"")
    if given not in _USUAL and not _is_json(given.decode("latin-1")):
        message = f"The body has another content type. Send Content-Type: {_JSON}; charset=utf-8."
        raise NotTakenError(415, RequestCode.UNSUPPORTED_MEDIA_TYPE, message)
    if headers.get(b"content-encoding", b"").strip().lower() not in (b"", b"identity"):
        message = "The body is compressed. Send it as it is, without Content-Encoding."
        raise NotTakenError(415, RequestCode.UNSUPPORTED_MEDIA_TYPE, message)


def _is_json(content_type: str) -> bool:
    media_type, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    charsets = {one.partition("=")[2].strip('"') for one in parameters if one.startswith("charset=")}
    return media_type == _JSON and charsets <= {"utf-8", "utf8"}
