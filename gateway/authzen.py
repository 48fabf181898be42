"""A decision point that is asked over HTTP as OpenID AuthZEN 1.0 says: one call a request, for all that it asks for.

    POST {url}/access/v1/evaluations
    {"subject": {"type": "consumer", "id": "agent-desktop", "properties": {"roles": ["developer"]}},
     "action": {"name": "read"},
     "context": {"view": "support-call@3", "purpose": "CustomerCare", "situation": {"channel": "voice"}},
     "evaluations": [
       {"resource": {"type": "field", "id": "Customer.name",
                     "properties": {"customer": "cus_...", "verification": "V2"}}}, ...]}

    {"evaluations": [{"decision": true}, {"decision": false}, ...]}

A decision whose context holds obligations is none that is followed: a decision point that attaches one that the other
side does not know has to be taken to deny (the obligations profile 1.0). The gateway knows none. Reasons that come with
a decision are neither kept, logged nor told: they are for those who keep the policies, and may say anything.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from adapters.adapter import Call
from adapters.http import JsonWire
from adapters.http.exact_json import JsonError, read_json
from adapters.http.wire import is_plain_url
from adapters.sending import SendError
from gateway.failure_log import Repeats
from resolvers.policy.decision_point import (
    MOST_DECISIONS,
    Decision,
    DecisionUnavailableError,
    Evaluation,
    Question,
)
from schema.deadline import Clock, Deadline
from schema.problems import Level, Problem

__all__ = ["AuthZen", "DecisionPlace", "decision_point_problems"]

_URL, _TOKEN = "CUSTOMER_VIEW_DECISION_POINT", "CUSTOMER_VIEW_DECISION_POINT_TOKEN"
_PATH = "/access/v1/evaluations"
_AT_ONCE = 250
"""How many evaluations are written before other requests get a turn: a millisecond's worth."""

_ALLOWED, _DENIED = Decision(is_allowed=True), Decision(is_allowed=False)
_OBLIGED = Decision(is_allowed=False, is_obliged=True)

_SPARE_BYTES, _BYTES_EACH = 65_536, 128
"""How long an answer may be: for what stands around the decisions, and for each of them with its reasons."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DecisionPlace:
    """The URL of a decision point, None where there is none, and the token that it wants. Neither is ever printed."""

    url: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def decision_point_problems(place: DecisionPlace) -> Iterator[Problem]:
    """Yield why the decision point could not be asked, or not safely. The URL may hold a password, and is not told."""
    url, token = place.url, place.token
    if url is None:
        if token is not None:
            mend = f"set {_URL} to its URL, or unset {_TOKEN}"
            yield Problem(_TOKEN, None, f"no {_URL}, to which it belongs", "a decision point", mend)
    elif not is_plain_url(url):
        got, wanted = "a URL that is no plain one", "http(s)://host/path without user, query and fragment"
        yield Problem(_URL, None, got, wanted, f"correct it; a credential goes in {_TOKEN}")
    elif token is not None and not _is_private(url):
        got, wanted = "a URL without TLS, to which a token is sent", "https://, or an address of this very machine"
        yield Problem(_URL, None, got, wanted, "use https://, unless nobody else can read this network", Level.NOTE)


class AuthZen:
    """Asks the decision point at this URL, which takes at most so many seconds. `token` is sent as a bearer token.

    Raises:
        ValueError: The URL is no plain one, or no header can hold the token. Neither is in the text.
    """

    def __init__(
        self, url: str, *, timeout: float = 1.0, token: str | None = None, clock: Clock = time.monotonic
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout, self._repeats = timeout, Repeats(clock)
        most = _most_bytes(MOST_DECISIONS)
        self._wire = JsonWire(
            "decision point", url, accept="application/json", headers=headers, timeout=timeout, max_body=most
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._wire.aclose()

    async def decide(self, question: Question, deadline: Deadline) -> Sequence[Decision]:
        """Return a decision for each evaluation, in their order.

        Raises:
            DecisionUnavailableError: It has not answered in time, or with something else.
        """
        count = len(question.evaluations)
        if count > MOST_DECISIONS:
            raise DecisionUnavailableError(f"a request asks for more than {MOST_DECISIONS} decisions")
        read = partial(_decisions, wanted=count)
        try:
            async with asyncio.timeout(min(self._timeout, deadline.remaining())):
                told = await _told(question)
                reply = await self._wire.ask(_PATH, told, Call(deadline, question.purpose), read=read)
        except (TimeoutError, SendError) as error:
            said = error.detail if isinstance(error, SendError) else "it did not answer in time"
            reason = said.replace("the source", "it")
            self._tell(reason)
            raise DecisionUnavailableError(reason) from None
        found: Sequence[Decision] = reply.body
        return found

    def _tell(self, reason: str) -> None:
        """Log why it cannot be asked, once in ten seconds: every request meets that."""
        times = self._repeats.untold(reason)
        if times is not None:
            more = f"; {times} requests since it was told" if times > 1 else ""
            _log.error("the decision point cannot be asked: %s%s", reason, more)


def _is_private(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    return parts.scheme == "https" or is_here


def _most_bytes(decisions: int) -> int:
    return _SPARE_BYTES + _BYTES_EACH * decisions


async def _told(question: Question) -> bytes:
    """Return the body of the call, written piece by piece: the largest has 1.4 MB."""
    around = {
        "subject": {
            "type": "consumer",
            "id": question.consumer,
            "properties": {"roles": sorted(question.roles)},
        },
        "action": {"name": "read"},
        "context": {"view": question.view, "purpose": question.purpose, "situation": question.situation.told()},
    }
    pieces = []
    for start in range(0, len(question.evaluations), _AT_ONCE):
        piece = [{"resource": _resource(one)} for one in question.evaluations[start : start + _AT_ONCE]]
        pieces.append(json.dumps(piece)[1:-1])
        await asyncio.sleep(0)
    return f'{json.dumps(around)[:-1]}, "evaluations": [{", ".join(pieces)}]}}'.encode()


def _resource(one: Evaluation) -> dict[str, Any]:
    properties = {"customer": one.customer, "verification": str(one.level)}
    return {"type": "field", "id": one.coordinate, "properties": properties}


def _decisions(body: bytes, *, wanted: int) -> Sequence[Decision]:
    """Return the decisions of an answer, as many as are wanted. Raises JsonError."""
    if len(body) > _most_bytes(wanted):
        raise JsonError("the answer is longer than so many decisions can be")
    said = read_json(body)
    found = said.get("evaluations") if isinstance(said, dict) else None
    if not isinstance(found, list) or len(found) != wanted:
        raise JsonError("it has not answered with as many decisions as it was asked for")
    return [_decision(one) for one in found]


def _decision(one: object) -> Decision:
    """Return one decision; what is not allowed in so many words is not allowed."""
    if not isinstance(one, dict):
        return _DENIED
    context = one.get("context")
    if context is not None and (not isinstance(context, dict) or context.get("obligations")):
        return _OBLIGED
    return _ALLOWED if one.get("decision") is True else _DENIED
