"""The request to break a glass, over HTTP: `POST /views/{name}/break-glass`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.requests import Request

from gateway.bodies import body_late, read_body
from gateway.break_glass import Asked, moment
from gateway.headers import read_headers
from gateway.references import REFERENCE_FORM, is_reference, read_customer
from gateway.refusals import NotTakenError, RequestCode, not_at_this_path
from gateway.replies import Reply, print_answer
from gateway.service import Service
from gateway.strict_json import read_strictly
from resolvers.disclosure import AuditUnavailableError

__all__ = ["break_glass"]

_SECONDS = 30.0
_MOST_BYTES = 8_192
_OPENING = ("customer", "reason", "reference", "actor")

_WANTED = (
    'Send {"customer": {"id": "..."}, "reason": "...", "reference": "...", "actor": "..."}, in place of id a source.'
)


async def break_glass(service: Service, view_id: str, request: Request) -> Reply:
    """Return the grant as JSON, with 201: `id`, `grant` (the token), `until` and `reviewBy`.

    Raises:
        NotTakenError: 400, 401, 403, 404, 408, 410, 413, 415, 429, 503 or 504.
        CrossReferenceError: The cross-reference cannot be read.
    """
    caller = service.caller(read_headers(request.headers.raw))
    view = service.find(caller, view_id)
    if service.breaking is None:
        raise not_at_this_path()
    with service.alarms.set(_SECONDS, body_late) as alarm:
        asked = _asked(await _members(request))
        alarm.late = _late
        try:
            opened = await service.breaking.open(view, caller, asked)
        except AuditUnavailableError:
            raise _unwritten() from None
    told = {
        "id": opened.grant.id,
        "grant": opened.token,
        "until": moment(opened.grant.until),
        "reviewBy": moment(opened.review_by),
    }
    return Reply(201, print_answer(told))


async def _members(request: Request) -> Mapping[str, Any]:
    body = await read_body(request.receive, read_headers(request.headers.raw), _MOST_BYTES)
    try:
        members = read_strictly(body)
    except ValueError:
        _refuse("it is of another form")
    if not isinstance(members, dict):
        _refuse("it is of another form")
    for missing in (name for name in _OPENING if name not in members):
        _refuse("it is missing", missing)
    if len(members) > len(_OPENING):
        _refuse("it has something that is not known here")
    return members


def _asked(members: Mapping[str, Any]) -> Asked:
    customer, reason = read_customer(members["customer"]), members["reason"]
    if customer is None:
        _refuse("wanted the id, or a source and its key", "customer")
    if not isinstance(reason, str):
        _refuse("wanted one of the view's reasons", "reason")
    return Asked(*customer, reason, _reference(members, "reference"), _reference(members, "actor"))


def _reference(members: Mapping[str, Any], name: str) -> str:
    given: str = members[name]
    if not is_reference(given):
        _refuse(f"wanted {REFERENCE_FORM}", name)
    return given


def _refuse(said: str, member: str | None = None) -> NoReturn:
    place = "The body" if member is None else f"The body ({member})"
    raise NotTakenError(400, RequestCode.BAD_REQUEST, f"{place}: {said}. {_WANTED}") from None


def _late() -> NotTakenError:
    message = "The time was over before there was an answer. Ask again later."
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, message)


def _unwritten() -> NotTakenError:
    message = "The audit cannot be written or read, so nothing is done. Ask again later."
    return NotTakenError(503, RequestCode.AUDIT_UNAVAILABLE, message, {"Retry-After": "1"})
