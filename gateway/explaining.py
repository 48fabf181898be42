"""`POST /views/{name}/explain`: the plan of a GraphQL request, in the same body. Nothing is asked of any source."""

from __future__ import annotations

from starlette.requests import Request

from gateway.bodies import body_late, read_body
from gateway.headers import read_headers
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import Reply, print_answer
from gateway.requests import parse_request
from gateway.service import Service
from resolvers import RefusedError
from schema.caller import DEVELOPER, Caller
from schema.verification import Level

__all__ = ["explain_request"]


async def explain_request(service: Service, view_id: str, request: Request, most_bytes: int) -> Reply:
    """Return the plan as JSON, in the members of `customer-view explain --json`, or why the view refuses the document.

    A plan names sources, offers and the fields of their records, so it is for consumers with the role `developer`. A
    body has the view's time to come in. `?level=V1` tells it for customers of that level, verified just now; without it
    the plan is the most that the query can ask.

    Raises:
        NotTakenError: The request cannot be taken: 401, 403, 404, 408, 413, 415 or 400.
    """
    headers = read_headers(request.headers.raw)
    caller = service.caller(headers)
    view = service.find(caller, view_id)
    _check_role(caller)
    level = _level(request.query_params.get("level"))
    with service.alarms.set(view.limits.deadline_ms / 1000, body_late):
        body = await read_body(request.receive, headers, most_bytes)
    try:
        return Reply(200, print_answer(service.engine.explain(view, parse_request(body), caller, level)))
    except RefusedError as error:
        return Reply(400, print_answer({"errors": error.formatted()}))


def _level(word: str | None) -> Level | None:
    if word is None or word in Level.__members__:
        return None if word is None else Level[word]
    message = f"The parameter level is none of: {', '.join(Level.__members__)}."
    raise NotTakenError(400, RequestCode.BAD_REQUEST, message)


def _check_role(caller: Caller) -> None:
    if DEVELOPER not in caller.roles:
        message = (
            f"A plan names sources, and is for consumers with the role {DEVELOPER}. Have it added in consumers.yaml."
        )
        raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)
