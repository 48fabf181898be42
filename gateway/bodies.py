"""The body of a request, read within bounds and only where it is what can be taken."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Receive

from gateway.refusals import NotTakenError, RequestCode
from gateway.waiting import by
from schema.deadline import Deadline

__all__ = ["read_body", "read_body_by", "refuse_body"]

_JSON = "application/json"
_USUAL = frozenset({_JSON, "application/json; charset=utf-8", "application/json;charset=utf-8"})


async def read_body_by(deadline: Deadline, receive: Receive, headers: Headers, limit: int) -> bytes:
    """Return the body, of at most `limit` bytes, if it is whole by the deadline.

    Raises:
        NotTakenError: As of `read_body`, and 408, it is not.
    """
    return await by(deadline, lambda: read_body(receive, headers, limit), _late)


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """Return the body, of at most `limit` bytes.

    Raises:
        NotTakenError: 413 too large, 415 not uncompressed JSON, 400 a wrong length, or the client broke off.
    """
    _check_content(headers)
    _check_length(headers, limit)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise NotTakenError(400, RequestCode.BAD_REQUEST, "The connection closed before the body was whole.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def refuse_body(headers: Headers) -> None:
    """Refuse the body of a request that has none by its method: two servers in a row may not agree on where it ends.

    Raises:
        NotTakenError: 400, there is one, or may be one.
    """
    if "transfer-encoding" in headers or ",".join(headers.getlist("content-length")) not in ("", "0"):
        message = "A GET has no body. Send the query in the URL, or by POST."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message, {"Connection": "close"})


def _check_length(headers: Headers, limit: int) -> None:
    declared = ",".join(headers.getlist("content-length"))
    if not declared:
        return
    if not (declared.isascii() and declared.isdecimal()):
        message = "The Content-Length is no number of bytes. Send one number, or a chunked body."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message, {"Connection": "close"})
    if int(declared[:20]) > limit:
        raise _too_large(limit)


def _late() -> NotTakenError:
    message = "The body was not whole when the request's time was over. Send it faster, or send less."
    return NotTakenError(408, RequestCode.REQUEST_TIMEOUT, message, {"Connection": "close"})


def _too_large(limit: int) -> NotTakenError:
    # the connection is closed, so that the server does not read the rest only to drop it
    message = f"The body is larger than {limit} bytes. Send less."
    return NotTakenError(413, RequestCode.BODY_TOO_LARGE, message, {"Connection": "close"})


def _check_content(headers: Headers) -> None:
    given = ",".join(headers.getlist("content-type"))
    if given not in _USUAL and not _is_json(given):
        message = f"The body has another content type. Send Content-Type: {_JSON}; charset=utf-8."
        raise NotTakenError(415, RequestCode.UNSUPPORTED_MEDIA_TYPE, message)
    if ",".join(headers.getlist("content-encoding")).strip().lower() not in ("", "identity"):
        message = "The body is compressed. Send it as it is, without Content-Encoding."
        raise NotTakenError(415, RequestCode.UNSUPPORTED_MEDIA_TYPE, message)


def _is_json(content_type: str) -> bool:
    media_type, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    charsets = {one.partition("=")[2].strip('"') for one in parameters if one.startswith("charset=")}
    return media_type == _JSON and charsets <= {"utf-8", "utf8"}
