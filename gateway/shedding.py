"""Shedding: requests that would be answered too late are refused before anything is made of them.

At three times what can be answered, two of three requests are refused, and what that costs is lost to the third: so it
is done where their headers end, in 20 microseconds beside what it takes to read them. Who asks is known by then, for a
token is found by its digest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.accept import MediaType, wanted_media_type
from gateway.admission import Admission, OverloadedError
from gateway.client_deadline import time_wanted
from gateway.graphql_path import named_in
from gateway.headers import Headers, read_headers
from gateway.known_heads import KnownHeads
from gateway.refusals import NotTakenError
from gateway.replies import raw_headers, refusal
from gateway.request_id import new_request_id, request_id
from gateway.service import NotOpenError, Service
from schema.caller import Caller
from schema.deadline import Clock
from schema.views import View

__all__ = ["Shedding"]

_MOST_BYTES = 65_536
"""A body that is dropped unread. Who announces more, or does not say how much, is refused in the usual way."""
_METHODS = frozenset({b"GET", b"POST"})
_NOT_HERE = (b"origin", b"expect", b"transfer-encoding")
"""Headers of requests that are refused in the usual way: a page is told whether it may read that."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a refusal depends on. `length` is the body's in bytes, and `seconds` is the time of the request."""

    service: Service
    caller: Caller
    view: View
    names_view: bool
    method: str
    length: int
    seconds: float
    media_type: MediaType


class Shedding:
    """Says which requests are refused at their headers, and in which words. `service` gives the open gateway."""

    def __init__(self, admission: Admission, service: Callable[[], Service], clock: Clock) -> None:
        self._admission, self._service = admission, service
        self._printed: dict[tuple[int, MediaType], bytes] = {}
        self._known = KnownHeads[_Asked](clock)
        self._latest: _Asked | None = None

    def __call__(self, method: bytes, target: bytes, raw: Sequence[tuple[bytes, bytes]]) -> bytes | None:
        """Return the headers and the body of a refusal, from behind the status; None: the request is to be taken.

        What is wrong with a request in another way is told in the usual way too.
        """
        if method not in _METHODS or self._admission.has_room():
            return None
        headers = read_headers(raw)
        try:
            asked = self._read(method, target, headers)
        except (NotTakenError, NotOpenError):
            return None
        if asked is None:
            return None
        refused = self._refused(asked, request_id(headers))
        if refused is None:
            self._admission.comes()
        else:
            self._latest = asked
        return refused

    def again(self, data: bytes) -> bytes | None:
        """Return the same of a request that is all of the data, where one with this head was refused just now.

        None: it is to be read.
        """
        known = self._known.find(data) if self._admission.is_crowded else None
        if known is None:
            return None
        asked, given = known
        if not self._is_open_as(asked.service):
            return None
        return self._refused(asked, new_request_id() if given is None else given.decode("ascii"))

    def _is_open_as(self, service: Service) -> bool:
        try:
            return service is self._service()
        except NotOpenError:
            return False

    def remember(self, data: bytes) -> None:
        """Take note that the request that was refused last is all of the data."""
        if self._latest is not None:
            self._known.remember(data, self._latest.length, self._latest)

    def _read(self, method: bytes, target: bytes, headers: Headers) -> _Asked | None:
        segment = named_in(target.partition(b"?")[0].decode("latin-1"))
        if segment is None or not _is_small(headers) or any(map(headers.__contains__, _NOT_HERE)):
            return None
        service, media_type = self._service(), wanted_media_type(headers)
        caller = service.caller(headers)
        view = service.named(caller, segment)
        seconds, _ = time_wanted(view, headers)
        length = int(headers.get(b"content-length", b"0"))
        return _Asked(service, caller, view, bool(segment), method.decode(), length, seconds, media_type)

    def _refused(self, asked: _Asked, request_id: str) -> bytes | None:
        caller = asked.caller
        retry_after = self._admission.refused(is_urgent=caller.is_urgent, seconds=asked.seconds)
        if retry_after is None:
            return None
        requests = asked.service.requests
        if requests is not None:
            requests.shed(asked.method, asked.view.id, caller.consumer, names_view=asked.names_view)
        printed = self._printed.get((retry_after, asked.media_type))
        if printed is None:
            printed = _print(OverloadedError(retry_after), asked.media_type)
            self._printed[retry_after, asked.media_type] = printed
        return b"x-request-id: %s\r\n%s" % (request_id.encode(), printed)


def _is_small(headers: Headers) -> bool:
    length = headers.get(b"content-length", b"0")
    return length.isdigit() and len(length) < len(str(_MOST_BYTES)) + 1 and int(length) <= _MOST_BYTES


def _print(refused: OverloadedError, media_type: MediaType) -> bytes:
    reply = refusal(refused, media_type)
    headers = [pair for pair in raw_headers(reply, "") if pair[0] != b"x-request-id"]
    return b"".join(b"%s: %s\r\n" % each for each in headers) + b"\r\n" + reply.body
