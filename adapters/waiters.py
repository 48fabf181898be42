"""Those who asked for some keys, and one fetch that several of them wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key, SourceError
from schema.observer import Event, Observer, Sent, UnderWay, Waited, tell
from schema.reasons import Reason

__all__ = ["Apart", "Gathered", "SharedFetch", "Waiter", "leave"]

_UNTIL = attrgetter("until")
_CUT = SourceError(Reason.SOURCE_ERROR, "the fetch was cut before it had answered")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came for the keys of one ask: an answer for each of them, and for no other.

    `sent` are the calls that were made for it; they may have asked keys of other requests, too.
    """

    answers: Mapping[Key, Answer] = field(repr=False)
    sent: tuple[Sent, ...] = ()


@dataclass(slots=True, eq=False)
class Apart:
    """What is asked again apart after one fetch: how many parts have not ended, and whether one brought something."""

    parts: int
    has_brought: bool = False


def leave(asked: asyncio.Future[Gathered]) -> tuple[Sent, ...]:
    """Leave an ask, and return the calls that were made for it until now: what was asked is told of those, too."""
    sent = asked.sent() if isinstance(asked, Waiter) else ()
    asked.cancel()
    return sent


class Waiter(asyncio.Future[Gathered]):
    """One ask until it is answered, always by a value. Cancelling it is leaving, which disturbs nobody else.

    It is the future itself, because a callback that notices who leaves costs each waiter another turn of the loop.
    `asks` are the keys that are yet to be asked, `until` the moment of its deadline. What is asked again apart has its
    `first` answers and its `apart`.
    """

    __slots__ = ("apart", "asks", "batch", "call", "fetch", "first", "until")

    def __init__(self, batch: Batch, call: Call) -> None:
        super().__init__()
        self.batch, self.call = batch, call
        self.asks, self.until = batch.keys, call.deadline.at
        self.fetch: SharedFetch | None = None
        self.first: Gathered | None = None
        self.apart: Apart | None = None

    def cancel(self, msg: object = None) -> bool:
        """Leave, and return whether it had not been answered yet."""
        is_left = super().cancel(msg)
        if is_left and self.fetch is not None:
            self.fetch.leave()
        return is_left

    def end(self, error: SourceError) -> None:
        """Answer every key without its source: with what came at first, or else with this error."""
        if self.done():
            return
        answers = dict.fromkeys(self.batch.keys, error) if self.first is None else self.first.answers
        self.set_result(Gathered(answers, self.sent()))
        if self.fetch is not None:
            self.fetch.leave()

    def sent(self) -> tuple[Sent, ...]:
        """Return the calls that were made for it: those that are under way just now, too, as if they were cut."""
        if self.done():
            return () if self.cancelled() else self.result().sent
        before = () if self.first is None else self.first.sent
        return before if self.fetch is None else before + self.fetch.sent_until_now(self)

    def take(self, answers: Mapping[Key, Answer], sent: tuple[Sent, ...]) -> None:
        """Take the answers of the keys that were asked."""
        mine = {key: answers.get(key, _CUT) for key in self.asks}
        first = self.first
        if first is None:
            self.set_result(Gathered(mine, sent))
        else:
            self.set_result(Gathered({**first.answers, **mine}, first.sent + sent))

    def ask_again(self, answers: Mapping[Key, Answer], sent: tuple[Sent, ...], failed: tuple[Key, ...]) -> None:
        """Keep what came, and go on to wait for the keys that failed."""
        self.first = Gathered({key: answers[key] for key in self.asks}, sent)
        self.asks, self.fetch = failed, None


class SharedFetch:
    """One fetch under way, for waiters whose asks differ in their keys alone; the observer of its calls.

    An event is passed on once to each observer, however many of the waiters have it. What was waited is told with the
    call that is made next. `abandon` is called when the last waiter has left. A waiter's fetch holds the waiter:
    whoever ends a fetch calls `forget`, or what was answered lives until the garbage collector finds the circle.
    """

    __slots__ = (
        "_abandon",
        "_left",
        "_observers",
        "_requests",
        "_waited",
        "apart",
        "sent",
        "task",
        "under_way",
        "waiters",
    )

    def __init__(self, waiters: Sequence[Waiter], abandon: Callable[[SharedFetch], None]) -> None:
        self.waiters, self.sent, self.under_way = waiters, list[Sent](), set[UnderWay]()
        self._requests, self._waited = 1 if len(waiters) == 1 else _requests(waiters), 0.0
        self.apart = waiters[0].apart
        self.task: asyncio.Task[None] | None = None
        self._left, self._abandon = len(waiters), abandon
        self._observers = _distinct(waiters)
        for waiter in waiters:
            waiter.fetch = self

    def note(self, event: Event) -> None:
        """Keep what was sent for the receipts, and pass everything on."""
        if isinstance(event, Sent):
            if self._waited or self._requests > 1:
                event = replace(event, waited=self._waited, requests=self._requests)
                self._waited = 0.0
            self.sent.append(event)
        elif isinstance(event, Waited):
            self._waited += event.seconds
        for observer in self._observers:
            tell(observer, event)

    def leave(self) -> None:
        """One waiter less."""
        self._left -= 1
        if not self._left:
            self._abandon(self)

    def sent_for(self, waiter: Waiter, keys: int) -> tuple[Sent, ...]:
        """Return what a receipt may tell one waiter of the calls, which have asked so many keys for all waiters.

        Of keys no more are counted than the waiter's own. Where it has asked for all of them, it is not told that it
        was not alone: somebody else asks about the very same customers.
        """
        return self._told(self.sent, waiter, keys)

    def sent_until_now(self, waiter: Waiter) -> tuple[Sent, ...]:
        """Return what a receipt may tell of the calls to a waiter who leaves while they may be under way."""
        cut = [one.ended(Reason.DEADLINE_EXCEEDED) for one in self.under_way]
        if cut and self._waited:
            cut[0] = replace(cut[0], waited=self._waited)
        keys = len({key for one in self.waiters for key in one.asks})
        return self._told([*self.sent, *cut], waiter, keys)

    def _told(self, sent: Sequence[Sent], waiter: Waiter, keys: int) -> tuple[Sent, ...]:
        if self._requests == 1:
            return tuple(sent)
        own = len(waiter.asks)
        requests = self._requests if own < keys else 1
        return tuple([replace(one, keys=min(one.keys, own), requests=requests) for one in sent])

    def forget(self) -> None:
        """Let go of the waiters, which have all been answered or have left."""
        self.waiters = ()

    def call(self) -> Call:
        """Return the call for all waiters, who are told of alike: until the last one's deadline, and urgent if one is.

        It stands in the traces of all who have one.
        """
        first = self.waiters[0].call
        if len(self.waiters) == 1:
            return replace(first, observer=self, under_way=self.under_way)
        deadline = max(self.waiters, key=_UNTIL).call.deadline
        traces = [trace for waiter in self.waiters if (trace := waiter.call.trace) is not None]
        trace = traces[0].joined(traces[1:]) if traces else None
        is_urgent = any(waiter.call.is_urgent for waiter in self.waiters)
        return Call(
            deadline,
            first.purpose,
            first.credential,
            first.case,
            trace,
            observer=self,
            is_urgent=is_urgent,
            under_way=self.under_way,
        )


def _requests(waiters: Sequence[Waiter]) -> int:
    """Return how many requests the waiters are of: each has a deadline of its own."""
    return len({id(waiter.call.deadline) for waiter in waiters})


def _distinct(waiters: Sequence[Waiter]) -> tuple[Observer, ...]:
    if len(waiters) == 1:
        return (waiters[0].call.observer,)
    return tuple({id(observer): observer for waiter in waiters if (observer := waiter.call.observer)}.values())
