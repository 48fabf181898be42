"""What every sandbox source with an HTTP interface is made of: it answers, counts what it is asked, and misbehaves.

Beside its own interface each source has three addresses for whoever runs it, without a credential:

    POST /__sandbox/misbehave   {"kind": "slow", "seconds": 1}   what it does wrong from now on
    GET  /__sandbox/counters    calls, keys and fields asked since the last reset, the most calls at once, and each call
    POST /__sandbox/reset       behaves and counts from nothing again
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.wrong_answers import WRONG_ANSWERS

__all__ = ["Ask", "Behaviour", "SourceInterface", "project", "sandbox_app"]

_KEPT = 1_000
"""The most calls that are kept one by one; older ones are counted only."""

_LONGEST = 600.0
"""The most seconds a slow source takes."""

Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Ask:
    """What one call asks: keys in their order, and the source's own field names; no field stands for all."""

    keys: tuple[str, ...]
    fields: tuple[str, ...]


class SourceInterface(Protocol):
    """What is particular to one source, or to one of several paths under which a source answers."""

    @property
    def path(self) -> str:
        """The path under which it answers GET, and POST."""

    @property
    def records(self) -> Mapping[str, Mapping[str, Any]]:
        """All its records by key."""

    def read(self, request: Request) -> Ask:
        """Return what is asked, or raise HTTPException in the source's own manner. The body is in `request.state`."""

    def body(self, ask: Ask, records: Records, request: Request) -> object:
        """Return the JSON that answers with these records."""


class Behaviour:
    """How a source behaves at present, and what it was asked."""

    def __init__(self) -> None:
        self._under_way = 0
        self.reset()

    def reset(self) -> None:
        """Behave, and forget what was asked."""
        self.kind, self.seconds = Misbehaviour.NONE, 0.0
        self.calls, self.keys, self.at_once = 0, 0, 0
        self.fields: Counter[str] = Counter()
        self.asked: deque[Ask] = deque(maxlen=_KEPT)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Count a call as one that is under way."""
        self._under_way += 1
        self.at_once = max(self.at_once, self._under_way)
        try:
            yield
        finally:
            self._under_way -= 1

    def note(self, ask: Ask) -> None:
        """Count one call."""
        self.calls += 1
        self.keys += len(ask.keys)
        self.fields.update(ask.fields)
        self.asked.append(ask)

    def misbehave(self, kind: Misbehaviour, seconds: float) -> None:
        """Do this wrong from now on; `seconds` is how long a slow source takes."""
        self.kind, self.seconds = kind, min(max(seconds, 0.0), _LONGEST)

    def counters(self) -> Mapping[str, object]:
        """Return what was asked since the last reset: calls, keys, fields with how often each, and the last calls.

        `at_once` is the highest number of calls that were under way together, refused ones included.
        """
        return {
            "calls": self.calls,
            "keys": self.keys,
            "at_once": self.at_once,
            "fields": dict(sorted(self.fields.items())),
            "asked": [asdict(ask) for ask in self.asked],
        }

    def choose(self, ask: Ask, records: Mapping[str, Mapping[str, Any]]) -> Records:
        """Return the records that answer: those asked for, in the order asked, unless it misbehaves."""
        keys: Iterable[str] = ask.keys
        match self.kind:
            case Misbehaviour.WRONG_CUSTOMER:
                keys = _others(ask.keys, records)
            case Misbehaviour.FOREIGN:
                keys = (*ask.keys, *_others(ask.keys, records)[:1])
            case Misbehaviour.DUPLICATE:
                keys = (*ask.keys, *ask.keys[:1])
            case Misbehaviour.MISSING:
                keys = ask.keys[1:]
            case Misbehaviour.SHUFFLED:
                keys = (*ask.keys[1:], *ask.keys[:1])
        return [records[key] for key in keys if key in records]


def sandbox_app(*sources: SourceInterface) -> Starlette:
    """Return a source as an ASGI application: its paths, with one behaviour and one set of counters."""
    behaviour = Behaviour()

    async def misbehave(request: Request) -> Response:
        behaviour.misbehave(*await _read_command(request))
        return Response(status_code=204)

    async def reset(_: Request) -> Response:
        behaviour.reset()
        return Response(status_code=204)

    async def counters(_: Request) -> Response:
        return JSONResponse(behaviour.counters())

    return Starlette(
        routes=[
            *(Route(one.path, _answering(one, behaviour), methods=["GET", "POST"]) for one in sources),
            Route("/__sandbox/misbehave", misbehave, methods=["POST"]),
            Route("/__sandbox/reset", reset, methods=["POST"]),
            Route("/__sandbox/counters", counters),
        ]
    )


def project(record: Mapping[str, Any], fields: Iterable[str]) -> Mapping[str, Any]:
    """Return the record with these top-level fields only; with all of them where none is named."""
    wanted = set(fields)
    return {name: value for name, value in record.items() if name in wanted} if wanted else record


def _answering(source: SourceInterface, behaviour: Behaviour) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        with behaviour.under_way():
            request.state.body = await request.body()
            ask = source.read(request)
            behaviour.note(ask)
            return await _behave(behaviour, lambda: source.body(ask, behaviour.choose(ask, source.records), request))

    return answer


async def _behave(behaviour: Behaviour, body: Callable[[], object]) -> Response:
    """Return the answer, or what the source does instead of answering."""
    kind = behaviour.kind
    if kind is Misbehaviour.SLOW:
        await asyncio.sleep(behaviour.seconds)
    if kind is Misbehaviour.FLAPPING and behaviour.calls % 2:
        kind = Misbehaviour.ERROR
    answer = JSONResponse(body())
    return WRONG_ANSWERS[kind](bytes(answer.body)) if kind in WRONG_ANSWERS else answer


def _others(keys: Sequence[str], records: Mapping[str, object]) -> list[str]:
    """Return as many keys of other records."""
    asked = set(keys)
    others = (key for key in records if key not in asked)
    return [other for _, other in zip(keys, others, strict=False)]


async def _read_command(request: Request) -> tuple[Misbehaviour, float]:
    try:
        command = json.loads(await request.body())
        return Misbehaviour(command["kind"]), float(command.get("seconds", 1.0))
    except (ValueError, KeyError, TypeError, AttributeError):
        wanted = f'got another body; wanted {{"kind": one of {", ".join(Misbehaviour)}, "seconds": a number}}'
        raise HTTPException(400, wanted) from None
