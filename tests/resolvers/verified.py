"""Views with rules, and what is asserted of customers: what the tests of levels ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.crossref import Subject
from resolvers import Engine, Request
from resolvers.disclosure import Disclosure
from resolvers.engine import Erased
from schema.caller import Caller
from schema.deadline import Deadline
from schema.grants import Grant
from schema.situation import NO_SITUATION, Situation
from schema.verification import Assertion, Level
from schema.views import ReceiptDetail, View
from tests.resolvers.harbour import Harbour, harbour
from tests.resolvers.vessels import MODEL, view

__all__ = ["GLASS", "NOW", "Asking", "Memory", "asked", "asserted", "entries", "granted", "ruled"]

NOW = 1_000_000.0
VERIFICATION = {"methods": ["otp", "app"], "max_age": 1800}
GLASS = {"roles": ["fraud-lead"], "reasons": ["suspected-fraud"], "minutes": 30}


def ruled(rules: Mapping[str, Mapping[str, Any]], **changes: Any) -> View:
    """A view of everything with rules on some coordinates, and customers who can be verified."""
    fields = {name: rules.get(name) for name in view().fields}
    return view(fields=fields, **{"verification": VERIFICATION, "break_glass": GLASS, **changes})


def asserted(
    key: str = "v1", level: Level = Level.V2, *, age: float = 10, left: float = 300, source: str | None = None
) -> Assertion:
    """That a customer was verified so many seconds ago, which holds for so many more."""
    return Assertion(source, key, level, ("otp",), NOW - age, NOW + left, "call-1", "ivr")


def granted(**changes: Any) -> Grant:
    """An opened break-glass for the first vessel."""
    given: dict[str, Any] = {
        "id": "bg-1",
        "view": "bridge@1",
        "customer": "v1",
        "consumer": "bridge-desk",
        "actor": "anne",
        "reason": "suspected-fraud",
        "reference": "CASE-1",
        "until": NOW + 60,
    }
    return Grant(**(given | changes))


@dataclass
class Memory:
    """A recorder that keeps what it is told, or fails."""

    kept: list[Disclosure] = field(default_factory=list)
    fails: Exception | None = None

    async def record(self, disclosure: Disclosure) -> None:
        if self.fails is not None:
            raise self.fails
        self.kept.append(disclosure)


@dataclass
class Asking:
    """The harbour on a clock that stands still, and what goes with each request."""

    h: Harbour
    memory: Memory
    now: float = NOW

    async def ask(
        self,
        query: str,
        through: View,
        *assertions: Assertion,
        grant: Grant | None = None,
        roles: frozenset[str] = frozenset({"fraud-lead"}),
        situation: Situation = NO_SITUATION,
        variables: Mapping[str, Any] | None = None,
        receipt: ReceiptDetail = ReceiptDetail.NONE,
    ) -> dict[str, Any]:
        """Answer a query through a view."""
        caller = Caller("bridge-desk", roles=roles, assertions=assertions, grant=grant)
        request = Request(query, variables=variables or {}, situation=situation, receipt=receipt, id="req-1")
        return await self.h.engine.answer(through, request, caller, Deadline.after(10))


def asked(*subjects: Subject, erased: Erased | None = None) -> Asking:
    """The harbour, with a recorder and a time of day that stands still."""
    h, memory = harbour(subjects), Memory()
    asking = Asking(h, memory)
    h.engine = Engine(MODEL, h.sources, h.crossref, recorder=memory, now=lambda: asking.now, erased=erased)
    return asking


def entries(answer: Mapping[str, Any], place: str = "withheld") -> list[tuple[str, str, list[list[Any]]]]:
    """What an answer tells in one place: code, coordinate, paths."""
    return [(one["code"], one["coordinate"], one["paths"]) for one in answer.get("extensions", {}).get(place, [])]
