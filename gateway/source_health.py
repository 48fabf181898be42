"""`GET /health/sources`: how each source does just now, for those who run the gateway. No source is asked for it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from starlette.requests import Request

from adapters.limits.state import OfferState
from gateway.headers import read_headers
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import Reply
from gateway.service import Service
from gateway.source_health_told import FailureTold, LimitsTold, MinuteTold, OfferTold, SourcesTold, SourceTold
from gateway.sources import SourceState
from gateway.telemetry.scrubbing import scrubbed
from schema.caller import OPERATOR, Caller

__all__ = ["tell_sources"]

_MOST_DETAIL = 300


def tell_sources(service: Service, request: Request) -> Reply:
    """Return how each source does, for a consumer with the role `operator`.

    Raises:
        NotTakenError: The request cannot be taken: 401, 403 or 400.
    """
    _check_role(service.caller(read_headers(request.headers.raw)))
    if request.scope["query_string"]:
        message = "How the sources do is told whole: this path takes no parameters in the URL."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message)
    now = service.now()
    states = () if service.sources is None else service.sources.all()
    told = SourcesTold(at=_moment(now), process=os.getpid(), sources=[_source(one, now) for one in states])
    return Reply(200, told.model_dump_json(by_alias=True).encode())


def _source(state: SourceState, now: float) -> SourceTold:
    failure, minute = state.failure, state.minute
    alone, failed = state.alone_seconds, state.failed_seconds
    return SourceTold(
        source=state.source,
        left_alone_since=None if alone is None else _moment(now - alone),
        readiness=state.counts,
        limits=_limits(state),
        last_minute=MinuteTold(
            calls=minute.calls,
            failed=minute.failed,
            repeated=minute.repeated,
            unsent=minute.unsent,
            error_rate=_rounded(minute.error_rate, 4),
            p50_ms=_milliseconds(minute.p50),
            p95_ms=_milliseconds(minute.p95),
        ),
        last_failure=None
        if failure is None or failed is None
        else FailureTold(
            offer=failure.offer,
            code=failure.code,
            detail=scrubbed(failure.detail[:_MOST_DETAIL]),  # of an adapter that answers by itself it may be anything
            at=_moment(now - failed),
        ),
    )


def _limits(state: SourceState) -> LimitsTold | None:
    limits = state.limits
    if limits is None:
        return None
    return LimitsTold(
        breaker=limits.breaker,
        opened=limits.opened,
        width=limits.width,
        most=limits.most,
        under_way=limits.under_way,
        waiting=limits.waiting,
        queue=limits.queue,
        held_seconds=round(limits.held_seconds, 3),
        repeats_left=limits.retries_left,
        offers=[_offer(name, one) for name, one in sorted(limits.offers.items())],
    )


def _offer(name: str, state: OfferState) -> OfferTold:
    held = round(state.held_seconds, 3)
    return OfferTold(offer=name, breaker=state.breaker, opened=state.opened, held_seconds=held)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 1)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _check_role(caller: Caller) -> None:
    if OPERATOR not in caller.roles:
        message = f"How the sources do is for consumers with the role {OPERATOR}. Have it added in consumers.yaml."
        raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)
