"""What has happened: histories, changes as pages and as a stream, and whether all of it holds."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from gateway.crossref.answers import ChangesTold, HistoryTold, Verified
from gateway.crossref.asking import Asked
from gateway.crossref.parameters import ChangesQuery
from gateway.crossref.requests import HistoryAsked, Nothing
from gateway.crossref.roles import LOG_READERS, VERIFIERS
from gateway.crossref.routes import LONG, Operation
from gateway.crossref.streaming import ByStream

__all__ = ["LOG"]


async def history(body: HistoryAsked, asking: Asked) -> HistoryTold:
    """Tell what happened to a customer, and to those merged into it.

    In order, a page at a time. Never a key: link ids and commitments stand in their place. Unknown, erased and retired
    customers are alike to everybody but an auditor and a privacy officer.
    """
    lookup = body.by.lookup()
    await asking.check_lookups([lookup])
    entries = await asking.crossref.history(lookup, after=body.after, limit=body.limit)
    if lookup.source is None and not asking.tells_erased and not await asking.is_there(lookup.key):
        entries = ()
    return HistoryTold.of(entries, body.limit)


async def changes(asked: ChangesQuery, asking: Asked) -> ChangesTold:
    """Tell what has changed, by sequence.

    Numbers have no gaps, and none comes later that is lower: ask again `after` the `next` that is answered.
    """
    return ChangesTold.of(await asking.crossref.changes(asked.after, limit=asked.limit), asked.after)


async def stream_changes(stream: ByStream) -> Response:
    """Tell what changes, as server-sent events.

    Each has a change as its data and its number as its id. A client that comes back with `Last-Event-ID` misses none.
    While nothing changes, a comment comes every 15 seconds. The stream ends when the cross-reference fails: come back.
    """
    headers = {"X-Accel-Buffering": "no"}  # nginx would keep events back
    return StreamingResponse(stream.events(), media_type="text/event-stream", headers=headers)


async def verify(body: Nothing, asking: Asked) -> Verified:
    """Verify the log, and that the tables are what its events tell.

    Reads everything: some minutes for a million events. One at a time.
    """
    with asking.checks.taken():
        return Verified.of(await asking.crossref.verify())


LOG = (
    Operation("POST", "/history", history, LOG_READERS),
    Operation("GET", "/changes", changes, LOG_READERS),
    Operation("GET", "/changes/stream", stream_changes, LOG_READERS, is_stream=True),
    Operation("POST", "/verify", verify, VERIFIERS, seconds=LONG),
)
