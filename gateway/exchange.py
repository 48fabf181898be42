"""One GraphQL request over HTTP, of a caller who is known: read, asked and answered within its time.

Follows the GraphQL over HTTP specification (https://graphql.github.io/graphql-over-http/draft/) as of 2026, but where
it has come to say 422: a request is refused with 400, which clients and the public audit expect.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.types import Receive, Scope

from gateway.accept import MediaType, wanted_media_type
from gateway.admission import Admission, OverloadedError
from gateway.alarms import Alarm
from gateway.audit import Refused
from gateway.bodies import body_late, read_body, refuse_body
from gateway.client_deadline import seconds_for, time_wanted
from gateway.hang_ups import UntilHangUp
from gateway.headers import Headers
from gateway.operations import is_for_another_operation
from gateway.origins import METHODS
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import Reply, code_of, print_answer, refusal_of
from gateway.requests import parse_parameters, parse_request, refuse_parameters
from gateway.service import Service
from gateway.telemetry.spans import RequestSpan
from resolvers import Analysis, RefusalCode, RefusedError, Request
from schema.caller import Caller
from schema.deadline import Clock, Deadline, for_sources
from schema.reasons import Reason
from schema.tracing import Stage
from schema.views import View

__all__ = ["Arrival", "Exchange"]

_OK, _PARTIAL, _REFUSED, _LIMITED, _UNAVAILABLE = 200, 294, 400, 429, 503

_BRAKE = 0.02
"""Seconds after its time at which a request is ended that has no answer by then. One whose answer is being made leaves
with it: the engine stops waiting well before its time is over."""

_NO_SUCH_OPERATION = (RefusalCode.GRAPHQL_VALIDATION_FAILED, RefusalCode.OPERATION_RESOLUTION_FAILURE)
"""How a document is refused that can be read and is for a mutation or a subscription: no view has one."""


class Arrival(NamedTuple):
    """A request as it arrives, and when. `segment` names the view in its path; empty where the path names none.

    `trace` is there where the request is sampled, once it is known who asks, `analysis` where it is measured.
    """

    scope: Scope
    receive: Receive
    headers: Headers
    segment: str
    request_id: str
    started: float
    trace: RequestSpan | None = None
    analysis: Analysis | None = None

    def begin(self, stage: Stage) -> None:
        """Have this stage measured from now until the next one begins, where somebody wants to know."""
        if self.analysis is not None:
            self.analysis.begin(stage)

    def refused(self, error: Exception) -> Reply:
        """Return the reply to an exception, in the media type that is wanted where that can be told."""
        media_type = MediaType.JSON
        with suppress(NotTakenError):
            media_type = wanted_media_type(self.headers)
        return refusal_of(error, self.request_id, media_type)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Answers requests of known callers. `most_bytes` is the largest body that is read, `admission` gives turns."""

    most_bytes: int
    clock: Clock
    admission: Admission

    async def answer(self, service: Service, caller: Caller, arrival: Arrival) -> Reply:
        """Return the answer, or why the view refuses the document. It is recorded by then, where the gateway does so.

        Raises:
            NotTakenError: The request cannot be taken: 400, 401, 403, 404, 405, 406, 408, 410, 413, 414, 415, 499, 503
                or 504.
            AuditUnavailableError: It was refused, and that could not be recorded.
        """
        view: View | None = None
        try:
            view = service.named(caller, arrival.segment)
            if arrival.trace is not None:
                arrival.trace.reads(view.id, view.purpose.dpv)
            return await self._answer(service, caller, arrival, view)
        except RefusedError as error:
            if error.code is not RefusalCode.AUDIT_UNAVAILABLE and not error.is_recorded:
                await self._record(service, caller, arrival, view, str(error.code))
            if arrival.trace is not None:
                arrival.trace.refused(str(error.code))
            _count_refusal(service, caller, view, str(error.code))
            return _refused(error, wanted_media_type(arrival.headers))
        except OverloadedError as error:  # nothing was looked at: to write that down would cost what it is to spare
            _count_refusal(service, caller, view, str(error.code))
            raise
        except Exception as error:
            _count_refusal(service, caller, view, code_of(error))
            await self._record(service, caller, arrival, view, code_of(error))
            raise

    async def _answer(self, service: Service, caller: Caller, arrival: Arrival, view: View) -> Reply:
        media_type = wanted_media_type(arrival.headers)
        seconds, told = time_wanted(view, arrival.headers)
        with service.alarms.set(seconds + _BRAKE, body_late) as alarm:
            answer = await self._attended(service, caller, arrival, view, alarm, seconds)
        if service.requests is not None:
            outcome = "PARTIAL" if "errors" in answer else "OK"
            service.requests.answered(view.id, caller.consumer, outcome, self.clock() - arrival.started)
        status = _PARTIAL if "errors" in answer and media_type is MediaType.RESPONSE else _OK
        return Reply(status, print_answer(answer), media_type, told)

    async def _attended(
        self, service: Service, caller: Caller, arrival: Arrival, view: View, alarm: Alarm, seconds: float
    ) -> dict[str, Any]:
        """Return the response, for as long as the client waits for it."""
        async with UntilHangUp(arrival.scope, arrival.receive, alarm) as client:
            request = await self._request(arrival)
            client.watch()
            if request.deadline_ms is not None:
                seconds = min(seconds, seconds_for(view, request.deadline_ms))
                service.alarms.move(alarm, arrival.started + seconds + _BRAKE - self.clock())
            if not self.admission.enter(is_urgent=caller.is_urgent):
                arrival.begin(Stage.TURN)
                left = arrival.started + seconds - self.clock()
                await self.admission.wait(is_urgent=caller.is_urgent, seconds=left)
            try:
                return await self._answered(service, caller, arrival, view, request, alarm, seconds)
            finally:
                self.admission.leave(is_urgent=caller.is_urgent)

    async def _answered(
        self,
        service: Service,
        caller: Caller,
        arrival: Arrival,
        view: View,
        request: Request,
        alarm: Alarm,
        seconds: float,
    ) -> dict[str, Any]:
        """Return the response to a request whose turn it is, which has so many seconds from when it arrived."""
        arrival.begin(Stage.AUTH)
        service.engine.check_situation(view, request.situation)  # first: to the situation an assertion is held
        caller = service.informed(caller, view, arrival.headers, request.situation)
        await service.check_grant(caller)
        alarm.late = _answer_late
        if self.clock() >= arrival.started + seconds:
            raise _answer_late()
        is_wish = seconds < view.limits.deadline_ms / 1000
        until = Deadline(arrival.started + for_sources(seconds), self.clock, is_wish=is_wish)
        if arrival.analysis is not None:
            arrival.analysis.seconds = seconds
        try:
            asking, told = (view, request, caller, until), (arrival.trace, arrival.analysis)
            return await service.engine.answer(*asking, arrived=arrival.started, trace=told[0], analysis=told[1])
        except RefusedError as error:
            _check_is_query(arrival, error, request, view)
            raise

    async def _record(self, service: Service, caller: Caller, arrival: Arrival, view: View | None, code: str) -> None:
        """Record that a request was refused. Raises AuditUnavailableError."""
        if service.audit is not None:
            known, seconds = view.id if view else None, self.clock() - arrival.started
            await service.audit.record_refusal(Refused(caller.consumer, code, known, arrival.request_id, seconds))

    async def _request(self, arrival: Arrival) -> Request:
        method, query_string = arrival.scope["method"], arrival.scope.get("query_string", b"")
        if method == "POST":
            if query_string:
                refuse_parameters(query_string)
            body = await read_body(arrival.receive, arrival.headers, self.most_bytes)
            return parse_request(body, arrival.request_id)
        if method == "GET":
            refuse_body(arrival.headers)
            return parse_parameters(query_string, arrival.request_id)
        message = "GraphQL is asked by GET or POST here."
        raise NotTakenError(405, RequestCode.METHOD_NOT_ALLOWED, message, {"Allow": METHODS})


def _count_refusal(service: Service, caller: Caller, view: View | None, code: str) -> None:
    if service.requests is not None:
        service.requests.refused(view.id if view else "", caller.consumer, code)


def _check_is_query(arrival: Arrival, error: RefusedError, request: Request, view: View) -> None:
    """Refuse by its method what came by GET and is no query; no view has another operation, so it was refused already.

    Raises:
        NotTakenError: 405, it is a mutation or a subscription.
    """
    is_other = arrival.scope["method"] == "GET" and error.code in _NO_SUCH_OPERATION
    if is_other and is_for_another_operation(request, view.limits.tokens):
        message = "By GET only queries are asked."
        raise NotTakenError(405, RequestCode.METHOD_NOT_ALLOWED, message, {"Allow": "POST"})


def _refused(error: RefusedError, media_type: MediaType) -> Reply:
    """Return how it is told that a document is refused; what may be asked again later has a status of its own."""
    body = print_answer({"errors": error.formatted()})
    if error.code is RefusalCode.AUDIT_UNAVAILABLE:
        return Reply(_UNAVAILABLE, body, media_type, {"Retry-After": "1"})
    if error.retry_after is not None:
        return Reply(_LIMITED, body, media_type, {"Retry-After": str(error.retry_after)})
    return Reply(_REFUSED if media_type is MediaType.RESPONSE else _OK, body, media_type)


def _answer_late() -> NotTakenError:
    message = f"The request's time was over before there was an answer. {Reason.DEADLINE_EXCEEDED.remedy}"
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, message)
