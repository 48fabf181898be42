"""One GraphQL request over HTTP, of a caller who is known: read, asked and answered within its time.

Follows the GraphQL over HTTP specification (https://graphql.github.io/graphql-over-http/draft/) as of 2026, but where
it has come to say 422: a request is refused with 400, which clients and the public audit expect.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from starlette.types import Receive, Scope

from gateway.accept import MediaType, wanted_media_type
from gateway.bodies import body_late, read_body, refuse_body
from gateway.headers import Headers
from gateway.operations import is_for_another_operation
from gateway.origins import METHODS
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import Reply, print_answer, refusal_of
from gateway.requests import parse_parameters, parse_request, refuse_parameters
from gateway.service import Service
from resolvers import RefusalCode, RefusedError, Request
from schema.caller import Caller
from schema.deadline import Clock, Deadline
from schema.reasons import Reason
from schema.views import View

__all__ = ["Arrival", "Exchange"]

_MOST_RESERVED = 0.1

_OK, _PARTIAL, _REFUSED, _LIMITED = 200, 294, 400, 429

_NO_SUCH_OPERATION = (RefusalCode.GRAPHQL_VALIDATION_FAILED, RefusalCode.OPERATION_RESOLUTION_FAILURE)
"""How a document is refused that can be read and is for a mutation or a subscription: no view has one."""


class Arrival(NamedTuple):
    """A request as it arrives, and when. `segment` names the view in its path; empty where the path names none."""

    scope: Scope
    receive: Receive
    headers: Headers
    segment: str
    request_id: str
    started: float

    def refused(self, error: Exception) -> Reply:
        """Return the reply to an exception, in the media type that is wanted where that can be told."""
        media_type = MediaType.JSON
        with suppress(NotTakenError):
            media_type = wanted_media_type(self.headers)
        return refusal_of(error, self.request_id, media_type)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Answers requests of known callers. `most_bytes` is the largest body that is read."""

    most_bytes: int
    clock: Clock

    async def answer(self, service: Service, caller: Caller, arrival: Arrival) -> Reply:
        """Return the answer, or why the view refuses the document.

        Raises:
            NotTakenError: The request cannot be taken: 400, 404, 405, 406, 408, 413, 414, 415 or 504.
        """
        view = service.named(caller, arrival.segment)
        media_type = wanted_media_type(arrival.headers)
        seconds = view.limits.deadline_ms / 1000
        with service.alarms.set(seconds, body_late) as alarm:
            request = await self._request(arrival)
            alarm.late = _answer_late
            if self.clock() >= arrival.started + seconds:
                raise _answer_late()
            until = Deadline(arrival.started + _for_sources(seconds), self.clock)
            try:
                answer = await service.engine.answer(view, request, caller, until)
            except RefusedError as error:
                _check_is_query(arrival, error, request, view)
                if error.retry_after is not None:
                    told = {"Retry-After": str(error.retry_after)}
                    return Reply(_LIMITED, print_answer({"errors": error.formatted()}), media_type, told)
                status = _REFUSED if media_type is MediaType.RESPONSE else _OK
                return Reply(status, print_answer({"errors": error.formatted()}), media_type)
        status = _PARTIAL if "errors" in answer and media_type is MediaType.RESPONSE else _OK
        return Reply(status, print_answer(answer), media_type)

    async def _request(self, arrival: Arrival) -> Request:
        method, query_string = arrival.scope["method"], arrival.scope.get("query_string", b"")
        if method == "POST":
            if query_string:
                refuse_parameters(query_string)
            return parse_request(await read_body(arrival.receive, arrival.headers, self.most_bytes))
        if method == "GET":
            refuse_body(arrival.headers)
            return parse_parameters(query_string)
        message = "GraphQL is asked by GET or POST here."
        raise NotTakenError(405, RequestCode.METHOD_NOT_ALLOWED, message, {"Allow": METHODS})


def _check_is_query(arrival: Arrival, error: RefusedError, request: Request, view: View) -> None:
    """Refuse by its method what came by GET and is no query; no view has another operation, so it was refused already.

    Raises:
        NotTakenError: 405, it is a mutation or a subscription.
    """
    is_other = arrival.scope["method"] == "GET" and error.code in _NO_SUCH_OPERATION
    if is_other and is_for_another_operation(request, view.limits.tokens):
        message = "By GET only queries are asked."
        raise NotTakenError(405, RequestCode.METHOD_NOT_ALLOWED, message, {"Allow": "POST"})


def _for_sources(seconds: float) -> float:
    """Return for how much of a request's time sources are waited for.

    A tenth of it, or 0.1 s, is kept for putting together what has come by then.
    """
    return seconds - min(seconds / 10, _MOST_RESERVED)


def _answer_late() -> NotTakenError:
    message = f"The request's time was over before there was an answer. {Reason.DEADLINE_EXCEEDED.remedy}"
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, message)
