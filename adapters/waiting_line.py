"""The asks of one offer that wait for their turn, and the fetches that they become."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import replace
from datetime import datetime
from typing import TypeGuard

from adapters.adapter import Adapter, Batch, Call
from adapters.answers import Answer, Found, Key, SourceError
from adapters.waiters import Apart, SharedFetch, Waiter
from schema.deadline import Clock
from schema.reasons import Reason

__all__ = ["WaitingLine"]

_LATE = SourceError(Reason.DEADLINE_EXCEEDED, "the deadline passed while the ask waited for its turn")
_LEFT_OUT = SourceError(Reason.SOURCE_INCOMPLETE, "the adapter's answer left the key out")
_RAISED = SourceError(Reason.SOURCE_ERROR, "the adapter raised an exception")

_PERHAPS_ANOTHERS = frozenset({Reason.SOURCE_ERROR, Reason.SOURCE_MISMATCH, Reason.SOURCE_INCOMPLETE})
"""Reasons for which a key may have failed because of another key in the same call."""

_DOWN = 1.0
"""Seconds for which a source is taken to be down, unless it brings something: nothing is asked apart meanwhile."""

_log = logging.getLogger("adapters.gathering")  # whose part this is


class WaitingLine:
    """Asks of one offer in groups, each of which is equal in all but the keys; at most `most` fetches are under way.

    What is asked in one turn of the event loop leaves together, in order of arrival. A group leaves in fetches of at
    most `size` keys, and the keys of one ask stay in one fetch. While as many fetches are under way as may be, groups
    grow. The oldest group goes first and lets nobody in any more, so that no group waits for ever behind another.
    """

    def __init__(
        self, adapter: Adapter, size: int, most: float, *, clock: Clock, ending: set[asyncio.Task[None]]
    ) -> None:
        self.size = size
        self._adapter, self._most, self._clock, self._ending = adapter, most, clock, ending
        self._groups: OrderedDict[Hashable, deque[Waiter]] = OrderedDict()
        self._fetches: set[SharedFetch] = set()
        self._is_called, self._is_down_until = False, -math.inf

    def join(self, alike: Hashable, waiter: Waiter) -> None:
        """Let the waiter wait with those whose asks are alike."""
        group = self._groups.get(alike)
        if group is None:
            self._groups[alike] = deque((waiter,))
            self._call()
        else:
            group.append(waiter)

    def waiters(self) -> Iterator[Waiter]:
        """Yield all who wait, in the line or for a fetch; some of them may have left."""
        for group in self._groups.values():
            yield from group
        for fetch in self._fetches:
            yield from fetch.waiters

    def _call(self) -> None:
        """Have the line move when this turn of the loop is over; where there is no room, a fetch that ends does it."""
        if not self._is_called:
            self._is_called = True
            asyncio.get_running_loop().call_soon(self._move)

    def _move(self) -> None:
        self._is_called = False
        now = self._clock()
        while self._groups and len(self._fetches) < self._most:
            _, group = self._groups.popitem(last=False)
            first = group[0]
            waiters, keys = _taken(group, self.size, now)
            if group:
                self._put_first(object(), group)
            if waiters:
                self._start(waiters, keys)
            elif first.apart is not None:
                self._end_part(first.apart, has_brought=False)

    def _put_first(self, alike: Hashable, group: deque[Waiter]) -> None:
        self._groups[alike] = group
        self._groups.move_to_end(alike, last=False)

    def _start(self, waiters: list[Waiter], keys: tuple[Key, ...]) -> None:
        fetch, batch = SharedFetch(waiters, self._abandon), waiters[0].batch
        if len(keys) != len(batch.keys):
            batch = Batch(batch.offer, batch.fields, keys, batch.arguments, batch.slice)
        made = self._fetch(fetch, batch, fetch.call())
        # a task: a fetch is a coroutine, which no future drives, and it is cut alone; what a waiter keeps in context
        # variables is the waiter's own
        fetch.task = asyncio.get_running_loop().create_task(made, context=Context())
        self._fetches.add(fetch)

    async def _fetch(self, fetch: SharedFetch, batch: Batch, call: Call) -> None:
        answers: Mapping[Key, Answer] = {}
        try:
            answers = await (self._answers if call.permit is None else self._permitted)(batch, call)
        finally:
            self._hand_out(fetch, batch, answers)

    async def _permitted(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Return an answer for each key. What may not be asked now is not, also where an adapter looks at no permit."""
        assert call.permit is not None
        denied = call.permit.denied(batch.keys)
        while denied is None and not call.deadline.is_over():
            await call.permit.renew()
            denied = call.permit.denied(batch.keys)
        if denied is None:
            return dict.fromkeys(batch.keys, _LATE)
        if not denied:
            return await self._answers(batch, call)
        left = tuple(key for key in batch.keys if key not in denied)
        return {**denied, **(await self._answers(replace(batch, keys=left), call) if left else {})}

    async def _answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Return an answer for each key, whatever the adapter does; its fault costs its own fields."""
        try:
            answers = await self._adapter.fetch(batch, call)
            answers = answers if type(answers) is dict else dict(answers)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raised: BaseException = error  # nobody cancelled the fetch: it came from within the adapter
        except Exception as error:  # noqa: BLE001
            raised = error
        else:
            return {key: one if _is_answer(one := answers.get(key)) else _LEFT_OUT for key in batch.keys}
        # The exception's text may hold what a source sent: its type is told, and nothing else.
        _log.error("the adapter of %s raised %s in fetch", self._adapter.source, type(raised).__name__)
        return dict.fromkeys(batch.keys, _RAISED)

    def _hand_out(self, fetch: SharedFetch, batch: Batch, answers: Mapping[Key, Answer]) -> None:
        waiters = [waiter for waiter in fetch.waiters if not waiter.done()]
        try:
            self._deal(fetch, batch, answers, waiters)
        except Exception as error:  # noqa: BLE001  a fault of ours: nobody may be left waiting for it
            _log.error("the answers of %s could not be handed out: %s", self._adapter.source, type(error).__name__)
            for waiter in waiters:
                waiter.end(_RAISED)
        if self._groups and not self._is_called:
            self._move()

    def _deal(self, fetch: SharedFetch, batch: Batch, answers: Mapping[Key, Answer], waiters: Sequence[Waiter]) -> None:
        failed = {key: answer.reason for key, answer in answers.items() if isinstance(answer, SourceError)}
        has_brought = len(failed) < len(answers)
        self._give_back(fetch, has_brought=has_brought)
        fetch.forget()
        asked = len(batch.keys)
        again = self._asked_again(waiters, asked, failed) if failed else {}
        for waiter in waiters:
            sent = fetch.sent_for(waiter, asked)
            if waiter in again:
                waiter.ask_again(answers, sent, again[waiter])
            else:
                waiter.take(answers, sent)
        if again:
            self._put_apart(again, has_brought=has_brought)

    def _asked_again(
        self, waiters: Iterable[Waiter], asked: int, failed: Mapping[Key, Reason]
    ) -> Mapping[Waiter, tuple[Key, ...]]:
        """Return who is asked for again apart, and by which keys: a key that failed may have failed by another's fault.

        Who asked for all keys of the fetch, `asked` in number, has had what a fetch of its own brings; so has who is
        asked for apart.
        """
        if self._clock() < self._is_down_until:
            return {}
        doubted, now = {key for key, reason in failed.items() if reason in _PERHAPS_ANOTHERS}, self._clock()
        keys_of = {
            waiter: tuple(key for key in waiter.asks if key in doubted)
            for waiter in waiters
            if len(waiter.asks) < asked and waiter.until > now
        }
        return {waiter: keys for waiter, keys in keys_of.items() if keys}

    def _put_apart(self, again: Iterable[Waiter], *, has_brought: bool) -> None:
        """Put the waiters first in the line, in their order; those with equal keys share a fetch.

        Where the fetch that they shared has brought something, the source is not down, whatever the parts bring.
        """
        parts: dict[tuple[Key, ...], deque[Waiter]] = {}
        for waiter in again:
            parts.setdefault(waiter.asks, deque()).append(waiter)
        this = Apart(len(parts), has_brought)
        for keys in reversed(parts):
            self._put_first((this, keys), parts[keys])
            for waiter in parts[keys]:
                waiter.apart = this

    def _abandon(self, fetch: SharedFetch) -> None:
        """Cut a fetch that nobody waits for. Its place is free at once: an adapter may take its time to end."""
        assert fetch.task is not None
        self._ending.add(fetch.task)
        fetch.task.add_done_callback(self._ending.discard)
        fetch.task.cancel()
        fetch.forget()
        self._give_back(fetch, has_brought=False)
        if self._groups:
            self._call()

    def _give_back(self, fetch: SharedFetch, *, has_brought: bool) -> None:
        if fetch not in self._fetches:
            return
        self._fetches.remove(fetch)
        if has_brought:
            self._is_down_until = -math.inf
        if fetch.apart is not None:
            self._end_part(fetch.apart, has_brought=has_brought)

    def _end_part(self, of: Apart, *, has_brought: bool) -> None:
        of.parts -= 1
        of.has_brought = of.has_brought or has_brought
        if not of.parts and not of.has_brought:
            self._is_down_until = self._clock() + _DOWN


def _taken(group: deque[Waiter], size: int, now: float) -> tuple[list[Waiter], tuple[Key, ...]]:
    """Take from the group's front those who fit into one fetch, one at least, and return them and their distinct keys.

    Who has left is passed over, and who is late is answered.
    """
    taken: list[Waiter] = []
    keys: dict[Key, None] = {}
    while group:
        waiter = group[0]
        if waiter.until <= now:
            waiter.end(_LATE)
        elif not waiter.done():
            asks = waiter.asks
            if len(keys) + len(asks) > size and taken and not _fits(asks, keys, size):
                break
            for key in asks:
                keys[key] = None
            taken.append(waiter)
        group.popleft()
    return taken, tuple(keys)


def _fits(asks: tuple[Key, ...], keys: Mapping[Key, None], size: int) -> bool:
    return len(keys) + sum(key not in keys for key in asks) <= max(size, len(keys))


def _is_answer(answer: object) -> TypeGuard[Answer]:
    if isinstance(answer, Found):
        return isinstance(answer.fetched_at, datetime)
    if isinstance(answer, SourceError):
        return isinstance(answer.reason, Reason)
    return isinstance(answer, Answer)
