"""The gates of one request: what the sources that own them have answered, and how old that is.

A reading counts from when it was asked for. What it has opened may be asked of the sources for a second; before a call
that would start later the gate is asked again, once for all that wait. So no call starts later than a second after a
withdrawal stood in its source, and a source that takes longer than that to answer opens nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Denied, Key, SourceError
from adapters.crossref import Subject
from adapters.gathering import Gathered, leave
from resolvers.gates import Gate
from resolvers.policy import Verdicts
from resolvers.policy.gates import Outcome, fields_of, outcome_of, unasked, unknown
from resolvers.steps import GateStep
from resolvers.traced import Asking
from schema.observer import Failed, Sent, tell
from schema.reasons import Reason
from schema.situation import NO_SITUATION, Situation

__all__ = ["FRESH", "Now", "Permitted", "Readings"]

FRESH = 1.0
"""Seconds for which a gate's answer holds, from when it was asked."""

Now = Callable[[], float]
"""The time of day in seconds since 1970. Injected, so that tests own it."""

_Pair = tuple[Gate, Subject]

_GRACE = 0.005
"""Seconds after the deadline in which a gate's answer is still taken."""


class Readings:
    """Asks gates, and keeps what they have answered and when they were asked.

    `steps` are those of the plan, and `of_subject` the gates without which nothing is shown of a customer: they are
    asked first, and let every other call. `now` tells the time of day; gates are decided by it and by the situation.
    `sent` holds the calls that were made, by step.
    """

    def __init__(
        self,
        steps: Sequence[GateStep],
        sources: Mapping[str, Asking],
        call: Call,
        *,
        of_subject: frozenset[Gate] = frozenset(),
        now: Now = time.time,
        situation: Situation = NO_SITUATION,
    ) -> None:
        self._steps, self._sources, self._call, self._of_subject = steps, sources, call, of_subject
        self._now, self._situation, self._clock = now, situation, call.deadline.clock
        self._verdicts: Verdicts | None = None
        self._under_way: dict[GateStep, asyncio.Future[Gathered]] = {}
        self._pairs: dict[GateStep, list[_Pair]] = {}
        self._asked_at: dict[GateStep, float] = {}
        self._read_at: dict[GateStep, float] = {}
        self._outcomes: dict[tuple[Gate, str], Outcome] = {}
        self._heard: Callable[[GateStep | Exception], None] = _unheard
        self.sent: dict[GateStep, list[Sent]] = {}

    async def relate(self, subjects: Sequence[Subject], call: Call) -> None:
        """Ask the gates of the subject, in one call for all customers, and return when they have answered, or the
        call's time is over. What they let is asked of them again only when that is too old."""
        faults: list[Exception] = []
        self._call, self._heard = call, lambda told: faults.append(told) if isinstance(told, Exception) else None
        for step in self._steps:
            if step.gates & self._of_subject:
                self._ask(step, [(gate, subject) for gate in step.gates for subject in subjects])
        try:
            if self._under_way:
                await asyncio.wait(tuple(self._under_way.values()), timeout=call.deadline.remaining())
        finally:  # also when nobody waits for the answer any more
            self.end()
        if faults:
            raise faults[0]

    def outcome(self, gate: Gate, subject: Subject) -> Outcome:
        """Return whether a gate is open for a customer, as it was last answered; what was not answered is unknown."""
        return self._outcomes.get((gate, subject.customer_id), unknown(gate))

    def decided(self) -> Iterator[tuple[Gate, Outcome]]:
        """Yield what each gate decided, once for each customer; no customer is named."""
        for (gate, _), outcome in self._outcomes.items():
            yield gate, outcome

    def begin(
        self, verdicts: Verdicts, call: Call, heard: Callable[[GateStep | Exception], None]
    ) -> Collection[GateStep]:
        """Ask the gates for whose answers something waits, take what they answer to the verdicts, and return those that
        are under way.

        `heard` is called with each of them when it has answered, or with a fault of ours that came instead.
        """
        self._verdicts, self._call, self._heard = verdicts, call, heard
        for step in self._steps:
            gates = sorted(step.gates, key=str)
            self._ask(step, [(gate, subject) for gate in gates for subject in verdicts.waiting_for(gate)])
        return tuple(self._under_way)

    def are_fresh(self, gates: frozenset[Gate]) -> bool:
        """Return whether what these gates have answered still holds."""
        return not self._stale(gates)

    async def renew(self, gates: frozenset[Gate]) -> None:
        """Return when those of the gates that are too old have answered anew, or the time is over."""
        stale = self._stale(gates)
        for step in stale:
            if step not in self._under_way:
                self._ask(step, self._open(step))
        waiting = [self._under_way[step] for step in stale if step in self._under_way]
        if waiting:
            await asyncio.wait(waiting, timeout=self._call.deadline.remaining() + _GRACE)

    def refusal(self, gates: frozenset[Gate], subject: Subject) -> Reason:
        """Return why one of these gates is shut for a customer."""
        found = (self._outcomes.get((gate, subject.customer_id)) for gate in sorted(gates, key=str))
        return next((one.reason for one in found if one is not None), Reason.POLICY_UNAVAILABLE)

    def end(self) -> None:
        """Wait no longer for what has not answered."""
        left, self._under_way = self._under_way, {}
        for step, asked in left.items():
            if sent := leave(asked):
                self.sent.setdefault(step, []).extend(sent)

    def _ask(self, step: GateStep, pairs: Iterable[_Pair]) -> None:
        """Ask a step's gates of customers, unless what they answer would decide nothing."""
        asked: list[_Pair] = []
        for gate, subject in pairs:
            shut = unasked(gate, self._situation)
            if shut is None:
                asked.append((gate, subject))
            else:
                self._settle([(gate, subject, shut)])
        if asked:
            self._pairs[step], self._asked_at[step] = asked, self._clock()
            under_way = self._under_way[step] = self._asked(step, asked)
            under_way.add_done_callback(partial(self._take, step))

    def _asked(self, step: GateStep, pairs: Sequence[_Pair]) -> asyncio.Future[Gathered]:
        """Return the future of what the gates of a step are decided by, asked for all these customers together."""
        fields = frozenset().union(*(fields_of(gate, self._situation) for gate in step.gates)).intersection(step.fields)
        holders: dict[Key, list[Subject]] = {}
        for subject in {one.customer_id: one for _, one in pairs}.values():
            for key in _keys(step, subject):
                holders.setdefault(key, []).append(subject)
        call = self._call
        if self._of_subject and not step.gates & self._of_subject:
            call = replace(call, permit=Permitted(self, self._of_subject, holders, self._is_related))
        return self._sources[step.source].ask(Batch(step.offer, tuple(sorted(fields)), tuple(holders)), call)

    def _is_related(self, subject: Subject) -> bool:
        return all(self.outcome(gate, subject) is None for gate in self._of_subject)

    def _take(self, step: GateStep, asked: asyncio.Future[Gathered]) -> None:
        if self._under_way.get(step) is not asked:
            return
        del self._under_way[step]
        self._read_at[step] = self._asked_at[step]
        try:
            gathered = asked.result()
            self._note(step, gathered)
            self._settle(self._read(step, gathered.answers))
            self._heard(step)
        except Exception as error:  # noqa: BLE001  handed to the request
            self._heard(error)

    def _read(self, step: GateStep, answers: Mapping[Key, Answer]) -> list[tuple[Gate, Subject, Outcome]]:
        is_late, now = self._age(step) > FRESH, self._now()
        found: list[tuple[Gate, Subject, Outcome]] = []
        for gate, subject in self._pairs[step]:
            of_subject = [answers[key] for key in _keys(step, subject)]
            outcome = unknown(gate) if is_late else outcome_of(gate, of_subject, now, self._situation)
            found.append((gate, subject, outcome))
        return found

    def _settle(self, outcomes: Iterable[tuple[Gate, Subject, Outcome]]) -> None:
        for gate, subject, outcome in outcomes:
            self._outcomes[gate, subject.customer_id] = outcome
            if self._verdicts is not None:
                self._verdicts.settle(gate, subject, outcome)

    def _note(self, step: GateStep, gathered: Gathered) -> None:
        self.sent.setdefault(step, []).extend(gathered.sent)
        failures = Counter(answer for answer in gathered.answers.values() if type(answer) is SourceError)
        for error, keys in failures.items():
            tell(self._call.observer, Failed(step.source, step.offer.name, error.reason, error.detail, keys))

    def _stale(self, gates: frozenset[Gate]) -> list[GateStep]:
        """Return the steps of these gates whose answers are too old; one that has opened nothing is never."""
        return [one for one in self._steps if one.gates & gates and self._age(one) > FRESH and self._open(one)]

    def _age(self, step: GateStep) -> float:
        return self._clock() - self._read_at.get(step, -math.inf)

    def _open(self, step: GateStep) -> list[_Pair]:
        """Return whom a step has let, and by which of its gates."""
        pairs = self._pairs.get(step, ())
        return [one for one in pairs if self._is_read(*one) and self._outcomes[one[0], one[1].customer_id] is None]

    def _is_read(self, gate: Gate, subject: Subject) -> bool:
        return (gate, subject.customer_id) in self._outcomes


def _keys(step: GateStep, subject: Subject) -> list[Key]:
    """Return the keys by which the gates of a step are asked for a customer: all live ones of the source."""
    return [linked.key for linked in subject.keys.get(step.source, ())]


def _unheard(_told: GateStep | Exception) -> None:
    """Nobody listens before the gates are asked."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """The permit of one batch: what is asked for its customers may be asked while these gates stay open.

    `holders` are the customers for whom each key is asked, and `may_ask` says for whom it still may be.
    """

    readings: Readings
    gates: frozenset[Gate]
    holders: Mapping[Key, Sequence[Subject]] = field(repr=False)
    may_ask: Callable[[Subject], bool] = field(repr=False)

    def denied(self, keys: Sequence[Key]) -> Mapping[Key, Denied] | None:
        """Return the keys of which, for no customer, what the batch asks may be asked any more."""
        if not self.readings.are_fresh(self.gates):
            return None
        return {key: self._denial(key) for key in keys if not any(map(self.may_ask, self.holders[key]))}

    async def renew(self) -> None:
        """Return when the gates have answered anew, or the time is over."""
        await self.readings.renew(self.gates)

    def _denial(self, key: Key) -> Denied:
        return Denied(self.readings.refusal(self.gates, self.holders[key][0]))
