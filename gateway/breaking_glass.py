"""Breaking the glass over HTTP: `POST /views/{name}/break-glass`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.requests import Request

from gateway.bodies import body_late, read_body
from gateway.break_glass import Asked, moment
from gateway.headers import read_headers
from gateway.refusals import NotTakenError, RequestCode, not_at_this_path
from gateway.replies import Reply, print_answer
from gateway.service import Service
from gateway.situations import is_reference
from resolvers.disclosure import AuditUnavailableError
from schema.directives import CANONICAL

__all__ = ["break_glass"]

_SECONDS = 30.0
_MOST_BYTES = 8_192
_LONGEST_KEY = 1_024
_OPENING = frozenset({"customer", "reason", "reference", "actor"})

_WANTED_OPENING = (
    'Send {"customer": {"id": "..."}, "reason": "...", "reference": "...", "actor": "..."}; in place of id a source, '
    "and reference and actor of 1 to 100 visible ASCII characters."
)


async def break_glass(service: Service, view_id: str, request: Request) -> Reply:
    """Return the grant as JSON, with 201: `id`, `grant` (the token), `until` and `reviewBy`.

    Raises:
        NotTakenError: 400, 401, 403, 404, 408, 410, 413, 415 or 503.
        CrossReferenceError: The cross-reference cannot be read.
    """
    caller = service.caller(read_headers(request.headers.raw))
    view = service.find(caller, view_id)
    if service.breaking is None:
        raise not_at_this_path()
    with service.alarms.set(_SECONDS, body_late) as alarm:
        asked = _asked(await _members(request, _OPENING, _WANTED_OPENING))
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


async def _members(request: Request, wanted: frozenset[str], mend: str) -> Mapping[str, Any]:
    body = await read_body(request.receive, read_headers(request.headers.raw), _MOST_BYTES)
    try:
        members = json.loads(body.decode(), object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        _refuse(mend)
    if not isinstance(members, dict) or members.keys() != wanted:
        _refuse(mend)
    return members


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice")
    return members


def _asked(members: Mapping[str, Any]) -> Asked:
    customer, reason = members["customer"], members["reason"]
    reference, actor = members["reference"], members["actor"]
    if not (isinstance(customer, dict) and len(customer) == 1 and isinstance(reason, str)):
        _refuse(_WANTED_OPENING)
    ((source, key),) = customer.items()
    if not (_is_key(key) and is_reference(reference) and is_reference(actor)):
        _refuse(_WANTED_OPENING)
    return Asked(None if source == CANONICAL else source, key, reason, reference, actor)


def _is_key(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_KEY and value.isprintable()


def _refuse(mend: str) -> NoReturn:
    raise NotTakenError(400, RequestCode.BAD_REQUEST, f"The body is of another form. {mend}") from None


def _late() -> NotTakenError:
    message = "The time was over before there was an answer. Ask again later."
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, message)


def _unwritten() -> NotTakenError:
    message = "The audit cannot be written or read, so nothing is done. Ask again later."
    return NotTakenError(503, RequestCode.AUDIT_UNAVAILABLE, message, {"Retry-After": "1"})
