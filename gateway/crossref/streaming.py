"""Changes as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated

from fastapi import Depends
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from adapters.crossref import Change, CrossReferenceError
from gateway.crossref.answers import ChangeTold
from gateway.crossref.asking import Asked
from gateway.crossref.parameters import AfterQuery, LastEventId

__all__ = ["HEARTBEAT", "ByStream", "Stream"]

HEARTBEAT = 15.0
"""Seconds after which a comment is sent where nothing has changed, so that nobody takes the connection for dead."""

_log = logging.getLogger(__name__)


class Stream:
    """Gives changes as they come, each as an event whose id is its number; comments in between.

    FastAPI's own streams raise when their client goes while an event waits for it, which is no error.
    """

    def __init__(self, changes: AsyncIterator[Change], stays: Callable[[], bool]) -> None:
        self._changes, self._stays = changes, stays
        self._coming: asyncio.Future[Change] | None = None

    async def events(self) -> AsyncIterator[bytes]:
        """Give what is to be sent, for as long as the consumer `stays`, or until the cross-reference fails, which is
        logged."""
        try:
            while True:
                change = await self._next()
                if not self._stays():
                    return
                yield KEEPALIVE_COMMENT if change is None else _event(change)
        except CrossReferenceError as error:
            _log.warning("a stream of changes has ended: %s", error)  # no such text holds a key

    async def aclose(self) -> None:
        """Wait for nothing more."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)

    async def _next(self) -> Change | None:
        """Return the next change, None where none has come in time."""
        # it is waited for on: what is cancelled while it gives a change would give no other
        self._coming = self._coming or asyncio.ensure_future(anext(self._changes))
        done, _ = await asyncio.wait([self._coming], timeout=HEARTBEAT)
        if not done:
            return None
        coming, self._coming = self._coming, None
        return coming.result()


def _event(change: Change) -> bytes:
    return format_sse_event(data_str=ChangeTold.of(change).model_dump_json(), id=str(change.seq))


async def _stream(
    asked: AfterQuery,
    asking: Asked,
    last_event_id: LastEventId = None,
) -> AsyncIterator[Stream]:
    """Give a stream, once it is clear that it can begin, and keep its place as long as it lasts."""
    after = asked.after if last_event_id is None else last_event_id
    with asking.streams.taken():
        await asking.crossref.changes(after, limit=1)
        async with aclosing(Stream(asking.crossref.follow(after), asking.stays)) as stream:
            yield stream


ByStream = Annotated[Stream, Depends(_stream)]
"""A stream, for an operation's parameter."""
