"""Shedding: requests that would be answered too late are refused before anything is made of them.

At three times what can be answered, two of three requests are refused, and what that costs is lost to the third: so it
is done where their headers end, in 20 microseconds beside what it takes to read them. Who asks is known by then, for a
token is found by its digest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.accept import MediaType, wanted_media_type
from gateway.admission import Admission, OverloadedError
from gateway.client_deadline import time_wanted
from gateway.graphql_path import named_in
from gateway.headers import Headers, read_headers
from gateway.refusals import NotTakenError
from gateway.replies import raw_headers, refusal
from gateway.request_id import request_id
from gateway.service import NotOpenError, Service

__all__ = ["Shedding"]

_MOST_BYTES = 65_536
"""A body that is dropped unread. Who announces more, or does not say how much, is refused in the usual way."""
_METHODS = frozenset({b"GET", b"POST"})
_NOT_HERE = frozenset({b"origin", b"expect", b"transfer-encoding"})
"""Headers of requests that are refused in the usual way: a page is told whether it may read that."""


class Shedding:
    """Says which requests are refused at their headers, and in which words. `service` gives the open gateway."""

    def __init__(self, admission: Admission, service: Callable[[], Service]) -> None:
        self._admission, self._service = admission, service
        self._printed: dict[tuple[int, MediaType], bytes] = {}

    def __call__(self, method: bytes, target: bytes, raw: Sequence[tuple[bytes, bytes]]) -> bytes | None:
        """Return the headers and the body of a refusal, from behind the status; None: the request is to be taken.

        What is wrong with a request in another way is told in the usual way too.
        """
        if method not in _METHODS or self._admission.has_room():
            return None
        headers = read_headers(raw)
        try:
            media_type, retry_after = wanted_media_type(headers), self._retry_after(method, target, headers)
        except (NotTakenError, NotOpenError):
            return None
        return None if retry_after is None else self._print(retry_after, media_type, headers)

    def _retry_after(self, method: bytes, target: bytes, headers: Headers) -> int | None:
        segment = named_in(target.partition(b"?")[0].decode("latin-1"))
        if segment is None or not _is_small(headers) or not _NOT_HERE.isdisjoint(headers):
            return None
        service = self._service()
        caller = service.caller(headers)
        view = service.named(caller, segment)
        seconds, _ = time_wanted(view, headers)
        retry_after = self._admission.refused(is_urgent=caller.is_urgent, seconds=seconds)
        if retry_after is not None and service.requests is not None:
            service.requests.shed(method.decode(), view.id, caller.consumer, names_view=bool(segment))
        return retry_after

    def _print(self, retry_after: int, media_type: MediaType, headers: Headers) -> bytes:
        printed = self._printed.get((retry_after, media_type))
        if printed is None:
            printed = self._printed[retry_after, media_type] = _print(OverloadedError(retry_after), media_type)
        return b"x-request-id: %s\r\n%s" % (request_id(headers).encode(), printed)


def _is_small(headers: Headers) -> bool:
    length = headers.get(b"content-length", b"0")
    return length.isdigit() and len(length) < len(str(_MOST_BYTES)) + 1 and int(length) <= _MOST_BYTES


def _print(refused: OverloadedError, media_type: MediaType) -> bytes:
    reply = refusal(refused, media_type)
    headers = [pair for pair in raw_headers(reply, "") if pair[0] != b"x-request-id"]
    return b"".join(b"%s: %s\r\n" % each for each in headers) + b"\r\n" + reply.body
