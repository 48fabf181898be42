"""HTTP within bounds: uvicorn's protocol, which by itself reads headers without end and waits for them for ever.

httptools joins the pieces of a header by copying all of it each time, so one endless header costs time that grows with
its square. uvicorn has a time-out between requests only: a connection that says nothing, or drips, is kept. And they
take the body of a request for another protocol for the next request: who shares the connection, as callers behind a
proxy do, would be given another's answer.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any, Protocol

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.bounds import Bounds
from gateway.connection_refusals import (
    no_host,
    no_http,
    no_other_protocol,
    too_large,
    too_late,
    too_many,
    too_slow,
)
from gateway.hang_ups import HANG_UP, HangUp
from gateway.refusals import NotTakenError
from gateway.replies import raw_headers, refusal
from gateway.request_id import new_request_id
from gateway.untaken import UntakenHttp

__all__ = ["Connections", "Shed", "bounded_http"]


class Shed(Protocol):
    """Says how a request is refused, from behind the status of 503; None: it is taken. It is asked before anything is
    made of the request."""

    def __call__(self, method: bytes, target: bytes, raw: Sequence[tuple[bytes, bytes]], /) -> bytes | None:
        """Say so of a request with this method, this target and these headers."""
        ...

    def again(self, data: bytes, /) -> bytes | None:
        """Say so of a request that is all of the data, and is known; None too where it is not: it is to be read."""
        ...

    def remember(self, data: bytes, /) -> None:
        """Take note that the request that was refused last is all of the data, and its connection is kept."""
        ...


_OF_BODIES = frozenset({b"content-length", b"transfer-encoding"})


class Connections(ServerState):
    """The connections of a server. Once it leaves, each is closed behind the answer to its next request, and told so in
    that answer: one that is closed without a word fails the request that is on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.is_leaving = False
        self._printed = self.default_headers, _print(self.default_headers)
        self.awaited: dict[_BoundedHttp, float] = {}
        """Those that are to say something, or the rest of it, and since when: the first for longest."""

    def printed_headers(self) -> bytes:
        """Return the server's headers of every answer as they are sent; uvicorn has others every second."""
        if self._printed[0] is not self.default_headers:
            self._printed = self.default_headers, _print(self.default_headers)
        return self._printed[1]

    def leave(self) -> None:
        """Have every connection closed behind its next answer, also those that are made from now on."""
        self.is_leaving = True
        for connection in self.connections:
            assert isinstance(connection, _BoundedHttp)
            connection.leave()

    def cut(self) -> None:
        """Close every connection and end every request, wherever it is."""
        self.is_leaving = True
        for connection in [*self.connections]:
            connection.transport.abort()
        for task in self.tasks:
            task.cancel()

    def make_room(self) -> bool:
        """Cut the connection that has been awaited for longest; return whether there was one, for long enough."""
        longest = next(iter(self.awaited), None)
        return longest is not None and longest.give_way(self.awaited[longest])


def bounded_http(bounds: Bounds, shed: Shed | None = None) -> type[HttpToolsProtocol]:
    """Return the protocol with these bounds, for `uvicorn.Config(http=...)`. `shed` says which requests are refused."""

    class Bounded(_BoundedHttp):
        _bounds, _answer_seconds = bounds, bounds.answer_seconds
        _shed = shed or _Nothing()

    return Bounded


class _BoundedHttp(UntakenHttp):
    """One connection. `_pending` counts the bytes since the last that were of use: a body's, or a request's last."""

    _bounds: Bounds
    _shed: Shed
    _refusal: bytes | None = None
    _body_bytes = 0
    _heard_at = -math.inf
    server_state: Connections
    _pending = 0
    _last: RequestResponseCycle | None = None
    _is_in_head = True
    _is_refused = False
    _fault: NotTakenError | None = None
    _timer: asyncio.TimerHandle | None = None
    _running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._hang_up = HangUp()
        self._extensions: dict[str, Any] = {HANG_UP: self._hang_up}
        if len(self.connections) > self._bounds.connections and not self.server_state.make_room():
            self._refuse(too_many())
        else:
            self.server_state.awaited[self] = self.loop.time()
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server_state.awaited.pop(self, None)
        self._stop_timer()
        if self._running is not None and not self._running.response_complete:
            # uvicorn marks the last request that has come: this one may have others behind it
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)
        self._hang_up.tell()

    def data_received(self, data: bytes) -> None:
        if not self._is_between_requests():
            self._take_all(data)
        elif len(data) > self._bounds.head_bytes or not self._is_refused_again(data):
            before = self.server_state.total_requests
            self._take_all(data)
            if self._is_one_refused(before):
                self._shed.remember(data)

    def _is_between_requests(self) -> bool:
        """Return whether all that came is answered, and what comes next is a request from its first byte on. An answer
        may be given before the body has come, and the connection be kept for that: what comes then is the body."""
        if self.timeout_keep_alive_task is None:  # nothing is answered yet, or something is asked
            return False
        return self._is_in_head and not (self._pending or self._is_refused or self._is_answering())

    def _take_all(self, data: bytes) -> None:
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
            self._refuse(too_large(self._bounds.head_bytes))
        elif self._timer is None and not self._is_in_head:
            self._await_body()
        elif self._timer is None and self._pending:
            self._start_timer()

    def on_message_begin(self) -> None:
        self._pending = self._pending or 1  # behind another request, its bytes in this piece are not known
        self._unset_keepalive_if_required()  # one that was answered in this piece has set it
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_headers_complete(self) -> None:
        self._fault = self._fault_of_head()
        if self._fault is not None:
            raise ValueError("the request cannot be taken")  # ends the parser: what follows is not to be read
        self._refusal = self._shed_now()
        if self._refusal is None:
            super().on_headers_complete()  # fails where the target is none: then this is still the head
            if self.server_state.is_leaving:
                self.leave()
        self._is_in_head, self._pending = False, 0
        self.server_state.awaited.pop(self, None)
        if self._timer is not None:
            self._stop_timer()

    def _fault_of_head(self) -> NotTakenError | None:
        if self.parser.should_upgrade() and any(name in _OF_BODIES for name, _ in self.headers):
            return no_other_protocol()
        hosts = [name for name, _ in self.headers].count(b"host")
        return None if hosts == 1 or (not hosts and self.parser.get_http_version() == "1.0") else no_host()

    def on_body(self, body: bytes) -> None:
        self._pending = 0
        self._body_bytes += len(body)
        if self._refusal is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_head, self._pending = True, 0
        if self._timer is not None:
            self._stop_timer()
            self.server_state.awaited.pop(self, None)
        if self._refusal is not None:
            self._send_refusal(self._refusal)
        elif self._is_answering():
            super().on_message_complete()
        elif not self.transport.is_closing():  # it was answered before its body had come
            self._keep()

    def _keep(self) -> None:
        """Wait for the next request, for as long as behind an answer."""
        self.server_state.awaited[self] = self.loop.time()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing() or self._is_answering():
            return
        self.server_state.awaited[self] = self.loop.time()
        if not self._is_in_head:
            self._start_timer()

    def _is_refused_again(self, data: bytes) -> bool:
        """Refuse what came on an idle connection, unread, where it is a request whose head is that of one that was
        refused just now; return whether it is."""
        if self.server_state.is_leaving or self.flow.write_paused or self.transport.is_closing():
            return False
        refusal = self._shed.again(data)
        if refusal is None:
            return False
        self.transport.write(b"".join((STATUS_LINE[503], self.server_state.printed_headers(), refusal)))
        self.server_state.total_requests += 1
        self._heard_at = self.loop.time()
        self.server_state.awaited.pop(self, None)
        self.server_state.awaited[self] = self._heard_at
        return True

    def _is_one_refused(self, before: int) -> bool:
        """Return whether all that came is one request, and refused; so many had come before to this process."""
        is_one = self.server_state.total_requests == before + 1
        return is_one and self._refusal is not None and self._is_between_requests()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless a request was refused on it since: a new timer for each takes longer."""
        left = self._heard_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _shed_now(self) -> bytes | None:
        """Return the refusal of a request that is shed, from behind its status; it goes out once the body is there."""
        if self._is_answering() or self.parser.should_upgrade():
            return None
        return self._shed(self.parser.get_method(), self.url, self.headers)

    def _send_refusal(self, refusal: bytes) -> None:
        if self.flow.write_paused:  # earlier ones have not been taken
            self.transport.abort()
            return
        is_kept = self.parser.should_keep_alive() and not self.server_state.is_leaving
        usual = self.server_state.printed_headers()
        self.transport.write(STATUS_LINE[503] + usual + (b"" if is_kept else b"connection: close\r\n") + refusal)
        if not is_kept:
            self.transport.close()
        self.on_response_complete()

    def give_way(self, since: float) -> bool:
        """Be cut, where nothing has been heard since then that is long ago; return whether that is so."""
        if self.loop.time() - since < self._bounds.idle_seconds:
            return False
        self.server_state.awaited.pop(self, None)
        self.transport.abort()
        return True

    def leave(self) -> None:
        """Say in the answer to the last request that has come that the connection is closed behind it."""
        if not self._is_answering() or not self.cycle.keep_alive:
            return
        if self._last is not None and not self._last.response_started:
            self._last.keep_alive = True  # of several that came at once it is the last no more
        if not self.cycle.response_started:
            self._last, self.cycle.keep_alive = self.cycle, False

    def shutdown(self) -> None:
        """Close the connection, or have it closed behind its last answer where a request has begun to come."""
        if not (self._is_in_head and self._pending) or self._is_answering():
            super().shutdown()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self._bounds.head_seconds, self._time_is_over)

    def _await_body(self) -> None:
        self._body_bytes = 0
        self.server_state.awaited.setdefault(self, self.loop.time())
        self._timer = self.loop.call_later(self._bounds.body_seconds, self._look_at_body)

    def _look_at_body(self) -> None:
        """Refuse a body that comes too slowly; where reading has paused it is not the client who is slow."""
        if self.flow.read_paused or self._body_bytes >= self._bounds.body_bytes:
            self._await_body()
        elif self._refusal is not None or self.pipeline or self.cycle.response_started:
            self.transport.close()
            self._cut_later()
        else:
            self._give_up()
            self._refuse(too_slow())

    def _give_up(self) -> None:
        """End the request whose body is not whole: its application reads that the client has gone."""
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self._is_in_head, self.cycle.response_complete = True, True

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_is_over(self) -> None:
        if self._is_answering():  # reading may have paused for that, so the client is not late
            self._start_timer()
        elif self._is_in_head and self._pending:
            self._refuse(too_late())
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in our own words; uvicorn comes here when its parser gives up."""
        if not self._is_in_head and not self.cycle.response_started:  # the body; nobody was told anything yet
            self._give_up()
        self._refuse(self._fault or no_http())

    def _refuse(self, error: NotTakenError) -> None:
        self._stop_timer()
        self.server_state.awaited.pop(self, None)
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
        own = _print([*raw_headers(reply, new_request_id()), (b"connection", b"close")])
        return STATUS_LINE[reply.status] + self.server_state.printed_headers() + own + b"\r\n" + reply.body


def _print(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%s: %s\r\n" % each for each in headers)


class _Nothing:
    """Sheds nothing."""

    def __call__(self, _method: bytes, _target: bytes, _raw: Sequence[tuple[bytes, bytes]]) -> None:
        return None

    def again(self, _data: bytes) -> None:
        return None

    def remember(self, _data: bytes) -> None:
        """Nothing was refused."""
