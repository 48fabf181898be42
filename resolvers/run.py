"""A plan is run: each step is asked as soon as the steps that it names have answered.

No task is made for it: a step's asks are futures, whose callbacks keep what came and start what waited for it. The
request waits for one future: everything has answered, or the time is over.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Key, SourceError
from adapters.crossref import Subject
from adapters.gathering import Gather, Gathered
from resolvers.calls import Arguments, most_keys
from resolvers.cursors import BEGINNING
from resolvers.fetched import Extent, Fetched
from resolvers.joining import slice_of
from resolvers.news import Hear, news_of
from resolvers.plan import Plan, Step
from resolvers.policy import Verdicts
from schema.observer import Failed, tell
from schema.reasons import Reason

__all__ = ["run"]

_GRACE = 0.005
"""Seconds after the deadline in which adapters hand over what they have; the gateway leaves room for it."""


_TOO_MANY = SourceError(Reason.SOURCE_ERROR, "a list held more items than are followed")


async def run(
    plan: Plan,
    subjects: Sequence[Subject],
    verdicts: Verdicts,
    sources: Mapping[str, Gather],
    call: Call,
    arguments: Arguments,
    hear: Hear | None = None,
) -> Fetched:
    """Ask the sources and return what they answered, by the call's deadline at the latest.

    What has not answered by then is left; its answers are DEADLINE_EXCEEDED. `hear` is told what sources say of keys.
    """
    fetched = Fetched(plan, verdicts, arguments)
    await _Running(fetched, subjects, sources, call, hear).finish()
    return fetched


class _Running:
    """A plan while it runs: which asks are under way, how many of them each step has (`_asks`), and for how many other
    steps each still waits (`_waits`)."""

    __slots__ = ("_asks", "_call", "_fetched", "_hear", "_over", "_sources", "_subjects", "_under_way", "_waits")

    def __init__(
        self,
        fetched: Fetched,
        subjects: Sequence[Subject],
        sources: Mapping[str, Gather],
        call: Call,
        hear: Hear | None,
    ) -> None:
        self._fetched, self._subjects, self._sources, self._call = fetched, subjects, sources, call
        self._hear = hear
        self._under_way: dict[asyncio.Future[Gathered], tuple[Step, Batch]] = {}
        self._asks: dict[int, int] = {}
        self._waits = {step.number: len(step.after) for step in fetched.plan.later}
        self._over: asyncio.Future[None] | None = None

    async def finish(self) -> None:
        """Return when every step has answered, or the time is over."""
        try:
            for step in self._fetched.plan.first:
                self._start(step)
            if self._under_way:
                await self._until_over()
        finally:
            self._leave()

    async def _until_over(self) -> None:
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        # a call ends itself at the deadline: what other calls of its batch have brought is not thrown away
        timer = loop.call_later(self._call.deadline.remaining() + _GRACE, self._end)
        try:
            await self._over
        finally:
            timer.cancel()

    def _start(self, step: Step) -> None:
        if self._call.deadline.is_over():
            return
        batches = self._fetched.batches[step.number] = _batches(step, self._fetched, self._subjects)
        if not batches:
            self._answered(step)
            return
        source = self._sources[step.source]
        self._asks[step.number] = len(batches)
        for batch in batches:
            asked = source.ask(batch, self._call)
            self._under_way[asked] = step, batch
            asked.add_done_callback(self._take)

    def _take(self, asked: asyncio.Future[Gathered]) -> None:
        """Keep what came back; an error of ours ends the request with it, and not at its deadline."""
        if asked not in self._under_way:
            return
        step, batch = self._under_way.pop(asked)
        try:
            self._keep(step, batch, asked.result())
            self._asks[step.number] -= 1
            if not self._asks[step.number]:
                self._answered(step)
        except Exception as error:  # noqa: BLE001  handed to the request
            self._end(error)
        if not self._under_way:
            self._end()

    def _keep(self, step: Step, batch: Batch, gathered: Gathered) -> None:
        parts = self._fetched.answers.setdefault(step.number, {})
        part = (batch.fields, batch.slice)
        if part in parts:
            parts[part].update(gathered.answers)
        else:
            parts[part] = dict(gathered.answers)
        self._fetched.sent.setdefault(step.number, []).extend(gathered.sent)
        others = {key: answer for key, answer in gathered.answers.items() if type(answer) is not Found}
        if others:
            self._tell(step, others)

    def _tell(self, step: Step, answers: Mapping[Key, Answer]) -> None:
        """Tell of answers that have found nothing."""
        failures = Counter(answer for answer in answers.values() if type(answer) is SourceError)
        for error, keys in failures.items():
            failed = Failed(step.source, step.offer.name, error.reason, error.detail, keys)
            tell(self._call.observer, failed)
        if self._hear is not None:
            for news in news_of(step, self._subjects, answers):
                self._hear(news)

    def _answered(self, step: Step) -> None:
        """Start the steps that waited for this one, and for no other any more."""
        for later in self._fetched.plan.later:
            if step.number in later.after:
                self._waits[later.number] -= 1
                if not self._waits[later.number]:
                    self._start(later)

    def _end(self, error: Exception | None = None) -> None:
        over = self._over
        if over is None or over.done():
            return
        if error is None:
            over.set_result(None)
        else:
            over.set_exception(error)

    def _leave(self) -> None:
        """Wait no longer for what is still under way."""
        left, self._under_way = self._under_way, {}
        for asked in left:
            asked.cancel()


def _batches(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> Sequence[Batch]:
    """Return one batch for each set of fields that is allowed for some of the customers, and each part of a list."""
    given = fetched.given(step)
    if fetched.verdicts.is_plain and given.cursor is None and not step.after:
        keys = _own_keys(step, subjects)
        return [Batch(step.offer, step.fields, keys, given.values, slice_of(given, BEGINNING))] if keys else ()
    by_part: dict[Extent, dict[Key, None]] = {}
    for part, key in _asked(step, fetched, subjects):
        by_part.setdefault(part, {})[key] = None
    return [Batch(step.offer, fields, tuple(keys), given.values, part) for (fields, part), keys in by_part.items()]


def _own_keys(step: Step, subjects: Sequence[Subject]) -> tuple[Key, ...]:
    """Return the distinct keys that the cross-reference has of these customers for the step."""
    keys: dict[Key, None] = {}
    for subject in subjects:
        for keyspace in step.keyspaces:
            for linked in subject.keys.get(keyspace, ()):
                keys[linked.key] = None
    return tuple(keys)


def _asked(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> Iterator[tuple[Extent, Key]]:
    """Yield every key that is asked, as a part of what; keys beyond what was counted are answered without asking."""
    given = fetched.given(step)
    for subject in subjects:
        fields = fetched.verdicts.fields(step, subject)
        if fields is None:
            continue
        most = most_keys(fetched.plan, step, subject, fetched.arguments)
        for place, (key, stand) in enumerate(fetched.asked(step, subject)):
            part = (fields, slice_of(given, stand))
            if place < most:
                yield part, key
            else:
                fetched.answers.setdefault(step.number, {}).setdefault(part, {})[key] = _TOO_MANY
