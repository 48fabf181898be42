"""One operation of the API, and the bounds in which it is answered: of its body, and of its time."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from gateway.alarms import Alarms
from gateway.crossref.asking import Asking, allowed
from gateway.crossref.refusals import REFUSALS, WRITE_REFUSALS, refused
from gateway.json_api import Terms, bounded_route
from gateway.refusals import NotTakenError, RequestCode
from schema.caller import CrossrefRole

__all__ = ["LONG", "Operation"]

_SECONDS = 30.0
"""How long an operation may take. A write waits for those before it, and is finished all the same when that is over."""

LONG = 600.0
"""The same for one that reads everything."""

_EVENTS: Mapping[int | str, dict[str, Any]] = {
    200: {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done at a path by a method, and for whom. Its docstring is the documentation, the first line the summary.

    `is_write` is whether it can be in conflict with what stands, `is_stream` whether it answers events. `seconds` is
    the time that it has until it answers.
    """

    method: str
    path: str
    endpoint: Callable[..., Any]
    roles: Collection[CrossrefRole]
    is_write: bool = False
    seconds: float = _SECONDS
    is_stream: bool = False

    def add_to(self, api: FastAPI, most_bytes: int) -> None:
        """Add it to the application; bodies have at most so many bytes."""
        summary, _, description = (inspect.getdoc(self.endpoint) or "").partition("\n")
        api.router.add_api_route(
            self.path,
            self.endpoint,
            methods=[self.method],
            summary=summary.rstrip("."),
            description=f"{description.strip()}\n\nFor the role {' or '.join(sorted(self.roles))}.".strip(),
            operation_id=self.endpoint.__name__,
            dependencies=[Depends(allowed(self.roles))],
            responses={**REFUSALS, **(WRITE_REFUSALS if self.is_write else {}), **(_EVENTS if self.is_stream else {})},
            route_class_override=bounded_route(Terms(most_bytes, self.seconds, _alarms, _refused, _late)),
            response_class=StreamingResponse if self.is_stream else JSONResponse,
        )


def _alarms(request: Request) -> Alarms:
    asking: Asking = request.state.asking
    return asking.alarms


def _refused(request: Request, error: Exception) -> Response:
    return refused(error, request.state.request_id, tells_erased=request.state.asking.tells_erased)


def _late() -> NotTakenError:
    message = (
        "The time was over before there was an answer; a write may be made yet. Ask again with its Idempotency-Key."
    )
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, message)
