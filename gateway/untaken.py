"""Answers that are not taken: who does not read them is hung up on, so that they do not fill the memory.

uvicorn waits for ever till an answer is taken: when it closes a connection the rest of the answer is sent first.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["UntakenHttp"]


class UntakenHttp(HttpToolsProtocol):
    """One connection. It is cut when what it is closed behind, or what stops the next answer, has not been taken in
    `_answer_seconds`."""

    _answer_seconds: float
    _cutting: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._cut_no_more()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait until what was written is taken, and not for longer than that may last."""
        super().pause_writing()
        self._cut_later()

    def resume_writing(self) -> None:
        """Go on: it was taken. What a connection is closed behind is not, till the connection is gone."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._cut_no_more()

    def on_response_complete(self) -> None:
        """Have what a connection is closed behind taken in time."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_later()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing came, and not wait for long till its answers are taken."""
        super().timeout_keep_alive_handler()
        self._cut_later()

    def _cut_later(self) -> None:
        if self._cutting is None:
            self._cutting = self.loop.call_later(self._answer_seconds, self.transport.abort)

    def _cut_no_more(self) -> None:
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None
