"""A plan is run: gates are asked first, and each step as soon as its gates and the steps that it names have answered.

No task is made for it: a step's asks are futures, whose callbacks keep what came and start what waited for it. The
request waits for one future: everything has answered, or the time is over.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Denied, Found, Key, SourceError
from adapters.crossref import Subject
from adapters.gathering import Gathered, leave
from resolvers.analysis import StepWatch
from resolvers.batches import batches_of, holders_of, narrowed
from resolvers.calls import Arguments
from resolvers.fetched import Fetched
from resolvers.gates import Gate
from resolvers.hold_ups import ALL_REQUIRED, HoldUps
from resolvers.news import Hear, news_of
from resolvers.plan import Plan
from resolvers.policy import Verdicts
from resolvers.policy.gates import unknown
from resolvers.readings import Permitted, Readings
from resolvers.steps import GateStep, Step, opened_by
from resolvers.traced import Asking
from schema.observer import Failed, tell
from schema.reasons import Reason

__all__ = ["run"]

_GRACE = 0.005
"""Seconds after the deadline in which adapters hand over what they have; the gateway leaves room for it."""

_LEFT = SourceError(Reason.DEADLINE_EXCEEDED, "the answer can do without the source, and waits for it no longer")


async def run(
    plan: Plan,
    subjects: Sequence[Subject],
    verdicts: Verdicts,
    sources: Mapping[str, Asking],
    call: Call,
    arguments: Arguments,
    hear: Hear | None = None,
    *,
    readings: Readings | None = None,
    hold_ups: HoldUps = ALL_REQUIRED,
    watch: StepWatch | None = None,
) -> Fetched:
    """Ask the sources and return what they answered, by the call's deadline at the latest.

    What has not answered by then is left; its answers are DEADLINE_EXCEEDED, and a gate that has not answered stays
    shut. `hear` is told what sources say of keys. `readings` asks the gates of the plan, and has asked those of the
    subject. `hold_ups` says which steps are left before the deadline, when all others have answered. `watch` is told
    when steps are asked and answered.
    """
    fetched = Fetched(plan, verdicts, arguments)
    if readings is None and plan.has_gates:
        readings = Readings(plan.gates, sources, call)
    await _Running(fetched, subjects, sources, call, hear, readings, hold_ups, watch).finish()
    if readings is not None:
        fetched.gate_calls.update(readings.sent)
    return fetched


class _Running:
    """A plan while it runs: which asks are under way, how many of them each step has (`_asks`), which steps
    have answered (`_done`), for how many other steps and gates each still waits (`_waits`), and which gates have yet to
    answer (`_gates`)."""

    __slots__ = (
        "_asks",
        "_call",
        "_done",
        "_fetched",
        "_gates",
        "_hear",
        "_hold_ups",
        "_over",
        "_readings",
        "_sources",
        "_subjects",
        "_timers",
        "_under_way",
        "_waits",
        "_watch",
    )

    def __init__(
        self,
        fetched: Fetched,
        subjects: Sequence[Subject],
        sources: Mapping[str, Asking],
        call: Call,
        hear: Hear | None,
        readings: Readings | None,
        hold_ups: HoldUps,
        watch: StepWatch | None,
    ) -> None:
        self._fetched, self._subjects, self._sources, self._call = fetched, subjects, sources, call
        self._hear, self._readings, self._hold_ups, self._watch = hear, readings, hold_ups, watch
        self._under_way: dict[asyncio.Future[Gathered], tuple[Step, Batch]] = {}
        self._asks: dict[int, int] = {}
        self._done: set[int] = set()
        self._gates: set[GateStep] = set()
        self._waits = {step.number: len(step.after) for step in fetched.plan.later}
        self._over: asyncio.Future[None] | None = None
        self._timers: list[asyncio.TimerHandle] = []

    async def finish(self) -> None:
        """Return when every step has answered, or the time is over."""
        try:
            self._begin()
            if self._under_way or self._gates:
                await self._until_over()
        finally:
            self._leave()

    def _begin(self) -> None:
        """Ask the gates, and the steps that wait for nothing."""
        plan = self._fetched.plan
        if self._readings is not None and not self._call.deadline.is_over():
            self._shut(plan.shut)
            self._gates.update(self._readings.begin(self._fetched.verdicts, self._call, self._opened))
            for step in plan.distinct:
                awaited = sum(not one.gates.isdisjoint(step.gates) for one in self._gates)
                self._waits[step.number] = len(step.after) + awaited
        for step in [one for one in plan.first if not self._waits.get(one.number)]:
            self._start(step)

    def _widen(self) -> None:
        """Ask steps that have begun for what a gate has opened since."""
        mixed = self._fetched.plan.mixed
        for step in mixed if mixed and not self._call.deadline.is_over() else ():
            has_begun = step.number in self._fetched.batches and not any(map(self._asks.get, step.after))
            wider = [one for one in self._subjects if self._fetched.widen(step, one)] if has_begun else []
            batches = batches_of(step, self._fetched, wider) if wider else ()
            self._asks[step.number] = self._asks.get(step.number, 0) + len(batches)
            for batch in batches:
                self._ask(step, batch)

    def _shut(self, gates: Iterable[Gate]) -> None:
        """Have what still waits for these gates withheld."""
        for gate in gates:
            for subject in self._fetched.verdicts.waiting_for(gate):
                self._fetched.verdicts.settle(gate, subject, unknown(gate))

    def _opened(self, told: GateStep | Exception) -> None:
        """Start the steps that waited for a gate, and for nothing else any more."""
        if isinstance(told, Exception):
            self._end(told)
        elif told in self._gates:
            self._gates.remove(told)
            try:
                self._widen()
                for step in self._fetched.plan.distinct:
                    if not step.gates.isdisjoint(told.gates):
                        self._wait_less(step)
            except Exception as error:  # noqa: BLE001  handed to the request
                self._end(error)
            self._end_if_done()

    async def _until_over(self) -> None:
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        # a call ends itself at the deadline: what other calls of its batch have brought is not thrown away
        self._timers.append(loop.call_later(self._call.deadline.remaining() + _GRACE, self._end))
        self._end_if_done()
        try:
            await self._over
        finally:
            for timer in self._timers:
                timer.cancel()

    def _start(self, step: Step) -> None:
        if self._call.deadline.is_over() or step.number in self._fetched.left:
            return
        batches = self._fetched.batches[step.number] = batches_of(step, self._fetched, self._subjects)
        if not batches:
            self._answered(step)
            return
        self._asks[step.number] = len(batches)
        for batch in batches:
            self._ask(step, batch)

    def _ask(self, step: Step, batch: Batch) -> None:
        call = self._permitted(step, batch) if step.gates or step.is_mixed else self._call
        if self._watch is not None:
            self._watch.begin(step.number)
        asked = self._sources[step.source].ask(batch, call)
        self._under_way[asked] = step, batch
        asked.add_done_callback(self._take)

    def _permitted(self, step: Step, batch: Batch) -> Call:
        """Return the call of a batch with the permit that it needs for what gates have opened; without, for none."""
        holders, gates = holders_of(step, batch, self._fetched, self._subjects), set[Gate]()
        for subject in {one.customer_id: one for of_key in holders.values() for one in of_key}.values():
            gates |= opened_by(self._fetched.verdicts.wanted(step, subject))
        if not gates or self._readings is None:
            return self._call
        verdicts = self._fetched.verdicts
        permit = Permitted(
            self._readings, frozenset(gates), holders, lambda one: verdicts.fields(step, one) == batch.fields
        )
        return replace(self._call, permit=permit)

    def _take(self, asked: asyncio.Future[Gathered]) -> None:
        """Keep what came back; an error of ours ends the request with it, and not at its deadline."""
        if asked not in self._under_way:
            return
        step, batch = self._under_way.pop(asked)
        if self._watch is not None:
            self._watch.end(step.number)
        try:
            self._keep(step, batch, asked.result())
            self._asks[step.number] -= 1
            if not self._asks[step.number]:
                self._answered(step)
        except Exception as error:  # noqa: BLE001  handed to the request
            self._end(error)
        self._end_if_done()

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
            denied = [key for key, answer in others.items() if type(answer) is Denied and answer.reason is not None]
            if denied:
                self._ask_less(step, batch, denied)

    def _ask_less(self, step: Step, batch: Batch, denied: Sequence[Key]) -> None:
        """Ask again for what waits for no gate that has been shut meanwhile."""
        for narrower in narrowed(step, batch, denied, self._fetched, self._subjects):
            self._asks[step.number] += 1
            self._ask(step, narrower)

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
        plan = self._fetched.plan
        if step.number not in self._done:
            self._done.add(step.number)
            for later in plan.later:
                if step.number in later.after:
                    self._wait_less(later)
        if plan.mixed:
            self._widen()
            for later in plan.later:
                if later.number not in self._fetched.batches and not self._waits[later.number]:
                    self._start_if_all_is_there(later)

    def _wait_less(self, step: Step) -> None:
        self._waits[step.number] -= 1
        if not self._waits[step.number]:
            self._start_if_all_is_there(step)

    def _start_if_all_is_there(self, step: Step) -> None:
        """Start a step, unless one on which it depends is being asked for more."""
        plan = self._fetched.plan
        if not plan.mixed or not any(map(self._asks.get, plan.before[step.number])):
            self._start(step)

    def _end_if_done(self) -> None:
        if self._gates:
            return
        if not self._under_way:
            self._end()
        elif self._hold_ups and len(self._timers) == 1 and self._are_optional():
            self._let_go_in_time()

    def _are_optional(self) -> bool:
        """Return whether the answer can do without all that is still under way; no other step can follow it then."""
        return all(step.number in self._hold_ups for step, _ in self._under_way.values())

    def _let_go_in_time(self) -> None:
        """Have what is left leave the answer alone when it has held it up for as long as it may."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timers += [loop.call_at(now + most, self._let_go, most) for most in sorted({*self._hold_ups.values()})]

    def _let_go(self, seconds: float) -> None:
        """Wait no longer for the steps that may hold up the answer for so long at most."""
        left = {number for number, most in self._hold_ups.items() if most <= seconds and number not in self._done}
        self._fetched.left.update(left)
        try:
            for asked, (step, batch) in [*self._under_way.items()]:
                if step.number in left:
                    del self._under_way[asked]
                    sent = leave(asked)
                    if self._watch is not None:
                        self._watch.end(step.number)
                    self._keep(step, batch, Gathered(dict.fromkeys(batch.keys, _LEFT), sent))
        except Exception as error:  # noqa: BLE001  handed to the request
            self._end(error)
        self._end_if_done()

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
        for asked, (step, _) in left.items():
            if sent := leave(asked):
                self._fetched.sent.setdefault(step.number, []).extend(sent)
            if self._watch is not None:
                self._watch.end(step.number)
        if self._readings is not None:
            self._readings.end()
            self._fetched.verdicts.close()
