"""`POST /views/{name}/explain`: the plan of a GraphQL request, in the same body, or what the request really takes.

For the plan nothing is asked of any source. What a request really takes is found out by answering it, by the way of
every other: its time, its turn, its rules, its record. What it comes to stays here.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.types import Receive

from gateway.bodies import body_late, read_body
from gateway.exchange import Arrival, Exchange
from gateway.headers import read_headers
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import Reply, print_answer
from gateway.requests import extension_of, parse_request
from gateway.service import Service
from resolvers import GATE_WORDS, Analysis, Assumed, GateKind, RefusedError
from schema.caller import DEVELOPER, Caller
from schema.verification import Level

__all__ = ["explain_request"]

_ASSUME, _ANALYZE, _LEVEL = "assume", "analyze", "level"
_OK, _REFUSED = 200, 400

_WORDS: Mapping[str, Sequence[str]] = MappingProxyType(
    {_LEVEL: tuple(Level.__members__), **{str(kind): words for kind, words in GATE_WORDS.items()}}
)


async def explain_request(service: Service, view_id: str, request: Request, exchange: Exchange) -> Reply:
    """Return the plan as JSON, in the members of `customer-view explain --json`, or why the view refuses the document.

    A plan names sources, offers and the fields of their records, so it is for consumers with the role `developer`. A
    body has the view's time to come in. In `extensions.assume` stands what is assumed of the customers: a level, and
    what gates answer. A query over a limit of the view is refused as ever, and its plan stands in `extensions.plan`.
    With `extensions.analyze` the request is answered by `exchange`, and what that has taken is returned.

    Raises:
        NotTakenError: The request cannot be taken: 401, 403, 404, 408, 413, 415 or 400; to be answered besides as every
            other.
    """
    headers, started = read_headers(request.headers.raw), exchange.clock()
    caller = service.caller(headers)
    view = service.find(caller, view_id)
    _check_role(caller)
    _check_url(request)
    with service.alarms.set(view.limits.deadline_ms / 1000, body_late):
        body = await read_body(request.receive, headers, exchange.most_bytes)
    asked, assumed = parse_request(body), _assumed(body)
    if _is_analyzed(body):
        arrival = Arrival(request.scope, _again(body, request), headers, view_id, request.state.request_id, started)
        return await _analyzed(exchange, service, caller, arrival)
    try:
        plan = service.engine.explain(view, asked, caller, assumed)
    except RefusedError as error:
        return Reply(400, print_answer({"errors": error.formatted()}))
    if plan["over"]:
        return Reply(400, print_answer({"errors": list(map(_error, plan["over"])), "extensions": {"plan": plan}}))
    return Reply(200, print_answer(plan))


async def _analyzed(exchange: Exchange, service: Service, caller: Caller, arrival: Arrival) -> Reply:
    """Return what answering the request has taken, or how it was refused; its data go nowhere."""
    analysis = Analysis(exchange.clock, arrived=arrival.started)
    reply = await exchange.answer(service, caller, arrival._replace(analysis=analysis))
    if analysis.told is None:
        return reply._replace(status=_REFUSED) if reply.status == _OK else reply
    return Reply(_OK, print_answer(analysis.told), headers=reply.headers)


def _is_analyzed(body: bytes) -> bool:
    """Return whether the request is to be answered. It is for no others than those whom it is asked for."""
    wanted = extension_of(body, _ANALYZE)
    if wanted not in (None, True, False) or not isinstance(wanted, bool | None):
        raise _wrong("The extension 'analyze' is neither true nor false.")
    if wanted and extension_of(body, _ASSUME) is not None:
        raise _wrong("The extension 'assume' is for a plan; leave it or 'analyze' out: what is measured is real.")
    return bool(wanted)


def _again(body: bytes, request: Request) -> Receive:
    """Return what gives the body that was read once more, and then what follows: that the client has gone."""
    whole: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> MutableMapping[str, Any]:
        return whole.pop() if whole else await request.receive()

    return received


def _error(over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a limit that the query is over as an error of a GraphQL response."""
    told = {name: over[name] for name in ("code", "remedy", "limit", "asked", "allowed") if over[name] is not None}
    return {"message": over["message"], "extensions": told}


def _assumed(body: bytes) -> Assumed:
    """Return what a body, which was parsed before, says is to be assumed."""
    said = extension_of(body, _ASSUME)
    if said is None:
        return Assumed()
    if not isinstance(said, dict) or not said.keys() <= _WORDS.keys():
        raise _wrong(f"The extension 'assume' is not an object of {', '.join(_WORDS)} alone.")
    words = {name: word for name, word in said.items() if word is not None}
    for name, word in words.items():
        if word not in _WORDS[name]:
            raise _wrong(f"The part {name!r} of the extension 'assume' is none of: {', '.join(_WORDS[name])}.")
    level = words.pop(_LEVEL, None)
    return Assumed(None if level is None else Level[level], {GateKind(name): word for name, word in words.items()})


def _check_url(request: Request) -> None:
    if request.query_params:
        raise _wrong("An explained request takes no parameters in the URL; say in extensions.assume what is assumed.")


def _wrong(message: str) -> NotTakenError:
    return NotTakenError(400, RequestCode.BAD_REQUEST, message)


def _check_role(caller: Caller) -> None:
    if DEVELOPER not in caller.roles:
        message = (
            f"A plan names sources, and is for consumers with the role {DEVELOPER}. Have it added in consumers.yaml."
        )
        raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)
