"""HTTP within bounds: uvicorn's protocol, which by itself reads headers without end and waits for them for ever.

httptools joins the pieces of a header by copying all of it each time, so one endless header costs time that grows with
its square. uvicorn has a time-out between requests only: a connection that says nothing, or drips, is kept. And they
take the body of a request for another protocol for the next request: who shares the connection, as callers behind a
proxy do, would be given another's answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import raw_headers, refusal
from gateway.request_id import new_request_id

__all__ = ["Bounds", "bounded_http"]


_OF_BODIES = frozenset({b"content-length", b"transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one process takes from those who connect to it."""

    connections: int = 1_000
    """At most so many are open; one more is answered 503 and closed, and those that are open go on."""
    head_bytes: int = 32_768
    """The request line and the headers, and after a chunked body its trailers. Longer ones are answered 431.

    What begins in the middle of received bytes, behind an earlier request, is counted from the next piece on: it may
    have up to twice as many.
    """
    head_seconds: float = 10.0
    """From the first byte of a request to the end of its headers; later is answered 408.

    Also for what is left of a body once the answer is given, and for a connection that says nothing at first; it is
    closed then.
    """
    linger_seconds: float = 1.0
    """How long a refused client has to read why: a connection that is closed while it sends loses what it was told."""


def bounded_http(bounds: Bounds) -> type[HttpToolsProtocol]:
    """Return the protocol with these bounds, for `uvicorn.Config(http=...)`."""

    class Bounded(_BoundedHttp):
        _bounds = bounds

    return Bounded


class _BoundedHttp(HttpToolsProtocol):
    """One connection. `_pending` counts the bytes since the last that were of use: a body's, or a request's last."""

    _bounds: Bounds
    _pending = 0
    _is_in_head = True
    _is_refused = False
    _fault: NotTakenError | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > self._bounds.connections:
            self._refuse(_too_many())
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, in pieces that reach to the bound at most: so headers as long as that are still whole."""
        place = 0
        while place < len(data) and not (self._is_refused or self.transport.is_closing()):
            end = place + self._bounds.head_bytes - self._pending
            self._take(data[place:end])
            place = end

    def _take(self, piece: bytes) -> None:
        self._pending += len(piece)
        super().data_received(piece)
        if self._is_refused or self.transport.is_closing():  # it was no HTTP, and that has been said
            return
        if self._pending >= self._bounds.head_bytes:
            self._refuse(_too_large(self._bounds.head_bytes))
        elif self._is_in_head and self._pending and self._timer is None:
            self._start_timer()

    def on_message_begin(self) -> None:
        self._pending = self._pending or 1  # behind another request, its bytes in this piece are not known
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._fault = self._fault_of_head()
        if self._fault is not None:
            raise ValueError("the request cannot be taken")  # ends the parser: what follows is not to be read
        super().on_headers_complete()  # fails where the target is none: then this is still the head
        self._is_in_head, self._pending = False, 0
        if self._timer is not None:
            self._stop_timer()

    def _fault_of_head(self) -> NotTakenError | None:
        if self.parser.should_upgrade() and any(name in _OF_BODIES for name, _ in self.headers):
            return _no_other_protocol()
        hosts = [name for name, _ in self.headers].count(b"host")
        return None if hosts == 1 or (not hosts and self.parser.get_http_version() == "1.0") else _no_host()

    def on_body(self, body: bytes) -> None:
        self._pending = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_head, self._pending = True, 0
        if self._timer is not None:
            self._stop_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_in_head and not self.transport.is_closing():
            self._start_timer()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self._bounds.head_seconds, self._time_is_over)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_is_over(self) -> None:
        if self._is_answering():  # reading may have paused for that, so the client is not late
            self._start_timer()
        elif self._is_in_head and self._pending:
            self._refuse(_too_late())
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in our own words; uvicorn comes here when its parser gives up."""
        if not self._is_in_head and not self.cycle.response_started:  # the body; nobody was told anything yet
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._is_in_head, self.cycle.response_complete = True, True
        self._refuse(self._fault or _no_http())

    def _refuse(self, error: NotTakenError) -> None:
        self._stop_timer()
        self._is_refused = True
        if not self._is_in_head:  # trailers: their request may be half answered
            self.transport.close()
        elif self._is_answering():  # what was asked before is answered, and then the connection is closed
            self.cycle.keep_alive = False
        else:
            self.transport.write(self._printed(error))
            self.transport.write_eof()
            self._timer = self.loop.call_later(self._bounds.linger_seconds, self.transport.abort)

    def _printed(self, error: NotTakenError) -> bytes:
        reply = refusal(error)
        headers = [*self.server_state.default_headers, *raw_headers(reply, new_request_id()), (b"connection", b"close")]
        return STATUS_LINE[reply.status] + b"".join(b"%s: %s\r\n" % each for each in headers) + b"\r\n" + reply.body


def _no_http() -> NotTakenError:
    message = "The bytes are no HTTP request that can be read. Check the request line, the headers and the lengths."
    return NotTakenError(400, RequestCode.BAD_REQUEST, message)


def _no_other_protocol() -> NotTakenError:
    message = "A request with a body is for HTTP alone here. Send it without the header Upgrade, and not by CONNECT."
    return NotTakenError(400, RequestCode.BAD_REQUEST, message)


def _no_host() -> NotTakenError:
    message = "The request does not say once for which host it is. Send one Host header (RFC 9112, section 3.2)."
    return NotTakenError(400, RequestCode.BAD_REQUEST, message)


def _too_large(limit: int) -> NotTakenError:
    message = f"The request line and the headers are larger than {limit} bytes. Send fewer or shorter ones."
    return NotTakenError(431, RequestCode.HEADERS_TOO_LARGE, message)


def _too_late() -> NotTakenError:
    message = "The headers came too slowly. Send them at once."
    return NotTakenError(408, RequestCode.REQUEST_TIMEOUT, message)


def _too_many() -> NotTakenError:
    message = "The gateway has too many connections. Ask again later."
    return NotTakenError(503, RequestCode.UNAVAILABLE, message, {"Retry-After": "1"})
