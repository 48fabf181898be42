"""A client that hangs up before it has its answer: nothing more is done for it.

The server of the gateway's own command says when a connection is lost, at no cost to a request. Another ASGI server
tells it to who asks: there a task waits for it, once a request takes longer than most.

What ends is the reading and the asking. HTTP/1.1 has no word for a client that says no more and still listens: an end
of its side is a hang-up, as it is to nginx and to Go's net/http. One that has sent its next request without waiting for
the answer is found to have hung up when that answer is written, for nothing is read from it meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.types import Receive, Scope

from gateway.alarms import Alarm
from gateway.refusals import NotTakenError, RequestCode

__all__ = ["CLIENT_CLOSED", "HANG_UP", "HangUp", "UntilHangUp", "client_closed"]

HANG_UP = "customer-view.hang-up"
"""The ASGI extension of a request's scope in which the server puts the HangUp of its connection."""

CLIENT_CLOSED = 499
"""The status under which such requests are counted, as nginx has it; nobody is sent it."""

_PATIENCE = 0.02
"""Seconds that a request takes before a task is made to watch its client."""

_TO_END = 0.1
"""The most seconds that are waited for that task to end."""

_MOST_MESSAGES = 8
"""What an ASGI server may still say of a request before it tells of the client: the body of a GET has none."""


class HangUp:
    """Tells who works for the client of one connection that it has hung up. Its requests are answered one by one."""

    __slots__ = ("_heard", "is_over")

    def __init__(self) -> None:
        self._heard: Callable[[], None] | None = None
        self.is_over = False

    def listen(self, heard: Callable[[], None] | None) -> None:
        """Have `heard` called when the client hangs up, and nobody else; None: nobody."""
        self._heard = heard

    def tell(self) -> None:
        """Say that the client has hung up."""
        self.is_over = True
        if self._heard is not None:
            self._heard()


class UntilHangUp:
    """Ends the work inside its context when the client of the request hangs up, by the alarm that is on for it."""

    __slots__ = ("_alarm", "_hang_up", "_receive", "_task", "_timer")

    def __init__(self, scope: Scope, receive: Receive, alarm: Alarm) -> None:
        self._hang_up, self._receive, self._alarm = _hang_up_of(scope), receive, alarm
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> UntilHangUp:
        if self._hang_up is not None:
            if self._hang_up.is_over:
                raise client_closed()
            self._hang_up.listen(self._end)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._hang_up is not None:
            self._hang_up.listen(None)
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_TO_END)

    def watch(self) -> None:
        """Ask the server for it, where it does not say so itself: the body has been read, or there is none."""
        if self._hang_up is None:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._start)

    def _start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        with suppress(Exception):  # whatever the server raises, the request goes on
            for _ in range(_MOST_MESSAGES):
                if (await self._receive())["type"] == "http.disconnect":
                    self._end()
                    return

    def _end(self) -> None:
        self._alarm.end(client_closed)


def _hang_up_of(scope: Scope) -> HangUp | None:
    extensions: dict[str, Any] | None = scope.get("extensions")
    return extensions.get(HANG_UP) if extensions else None


def client_closed() -> NotTakenError:
    """Return how a request ends whose client has hung up. It is recorded so, and sent to nobody."""
    message = "The client closed the connection before there was an answer."
    return NotTakenError(499, RequestCode.CLIENT_CLOSED_REQUEST, message)
