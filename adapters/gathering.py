"""Asks of several requests, gathered: for now each goes out alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeGuard

from adapters.adapter import Adapter, Batch, Call
from adapters.answers import Answer, Found, Key, SourceError
from schema.deadline import Clock
from schema.observer import Event, Observer, Sent
from schema.reasons import Reason

__all__ = ["Gather", "Gathered"]

_LEFT_OUT = SourceError(Reason.SOURCE_INCOMPLETE, "the adapter's answer left the key out")
_RAISED = SourceError(Reason.SOURCE_ERROR, "the adapter raised an exception")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gathered:
    answers: Mapping[Key, Answer] = field(repr=False)
    sent: tuple[Sent, ...] = ()
    merged: bool = False


@dataclass(frozen=True, slots=True)
class _Keeping:
    kept: list[Sent]
    inner: Observer

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            self.kept.append(event)
        self.inner.note(event)


class Gather:
    def __init__(self, adapter: Adapter, *, clock: Clock = time.monotonic) -> None:
        self._adapter = adapter

    def ask(self, batch: Batch, call: Call) -> asyncio.Future[Gathered]:
        return asyncio.get_running_loop().create_task(self._asked(batch, call), context=Context())

    async def _asked(self, batch: Batch, call: Call) -> Gathered:
        sent: list[Sent] = []
        answers = await self._answers(batch, replace(call, observer=_Keeping(sent, call.observer)))
        given = {key: answers.get(key) for key in batch.keys}
        return Gathered({key: one if _is_answer(one) else _LEFT_OUT for key, one in given.items()}, tuple(sent))

    async def _answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        try:
            return dict(await self._adapter.fetch(batch, call))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raised: BaseException = error
        except Exception as error:  # noqa: BLE001
            raised = error
        _log.error("the adapter of %s raised %s in fetch", self._adapter.source, type(raised).__name__)
        return dict.fromkeys(batch.keys, _RAISED)

    async def aclose(self) -> None:
        return


def _is_answer(answer: object) -> TypeGuard[Answer]:
    return isinstance(answer, Answer) and not (
        isinstance(answer, Found) and not isinstance(answer.fetched_at, datetime)
    )
