"""A decision point that is asked over HTTP as OpenID AuthZEN 1.0 says: one call a request, for all that it asks for.

    POST {url}/access/v1/evaluations
    {"subject": {"type": "consumer", "id": "agent-desktop"},
     "action": {"name": "read"},
     "context": {"view": "support-call@3", "purpose": "CustomerCare", "situation": {"channel": "voice"}},
     "evaluations": [
       {"resource": {"type": "field", "id": "Customer.name", "properties": {"customer": "cus_..."}}}, ...]}

    {"evaluations": [{"decision": true}, {"decision": false}, ...]}

A decision whose context holds obligations is none that is followed: a decision point that attaches one that the other
side does not know has to be taken to deny (the obligations profile 1.0). The gateway knows none.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any

from adapters.adapter import Call
from adapters.http import JsonWire
from adapters.sending import SendError
from resolvers.policy.decision_point import Decision, DecisionUnavailableError, Evaluation, Question
from schema.deadline import Deadline

__all__ = ["AuthZen"]

_PATH = "/access/v1/evaluations"
_MOST = 10_000
"""The most evaluations of one call; a request that asks for more is decided by nobody."""

_MOST_BODY = 4 * 1024 * 1024
_log = logging.getLogger(__name__)


class AuthZen:
    """Asks the decision point at this URL, which takes at most so many seconds. `token` is sent as a bearer token."""

    def __init__(self, url: str, *, timeout: float = 1.0, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = timeout
        self._wire = JsonWire(
            "decision point", url, accept="application/json", headers=headers, timeout=timeout, max_body=_MOST_BODY
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._wire.aclose()

    async def decide(self, question: Question, deadline: Deadline) -> Sequence[Decision]:
        """Return a decision for each evaluation, in their order.

        Raises:
            DecisionUnavailableError: It has not answered in time, or with something else.
        """
        if len(question.evaluations) > _MOST:
            raise DecisionUnavailableError(f"a request asks for more than {_MOST} decisions")
        try:
            async with asyncio.timeout(min(self._timeout, deadline.remaining())):
                reply = await self._wire.ask(
                    _PATH, json.dumps(_told(question)).encode(), Call(deadline, question.purpose)
                )
        except (TimeoutError, SendError) as error:
            reason = error.detail if isinstance(error, SendError) else "it did not answer in time"
            _log.error("the decision point cannot be asked: %s", reason)
            raise DecisionUnavailableError(reason) from None
        return _read(reply.body, len(question.evaluations))


def _told(question: Question) -> dict[str, Any]:
    context = {"view": question.view, "purpose": question.purpose, "situation": question.situation.told()}
    return {
        "subject": {"type": "consumer", "id": question.consumer},
        "action": {"name": "read"},
        "context": context,
        "evaluations": [{"resource": _resource(one)} for one in question.evaluations],
    }


def _resource(one: Evaluation) -> dict[str, Any]:
    return {"type": "field", "id": one.coordinate, "properties": {"customer": one.customer}}


def _read(body: object, wanted: int) -> Sequence[Decision]:
    found = body.get("evaluations") if isinstance(body, dict) else None
    if not isinstance(found, list) or len(found) != wanted:
        _log.error("the decision point has not answered with as many decisions as it was asked for")
        raise DecisionUnavailableError("it has not answered with as many decisions as it was asked for")
    return [_decision(one) for one in found]


def _decision(one: object) -> Decision:
    """Return one decision; what is not allowed in so many words is not allowed."""
    if not isinstance(one, dict):
        return Decision(is_allowed=False)
    context = one.get("context", {})
    is_plain = isinstance(context, dict) and not context.get("obligations")
    return Decision(one.get("decision") is True, is_obliged=not is_plain)
