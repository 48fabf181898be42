"""Gather, whatever is asked: every waiter has what a fetch of its own would have brought, and nobody else's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Denied, Gone, Key, Missing, ReplacedBy, SourceError
from adapters.gathering import Gather, Gathered
from adapters.offers import Offer
from schema.deadline import Deadline
from schema.reasons import Reason
from tests.adapters.watched_source import FELLED, Watched, batch, found, offer, turns

KEYS = "abcdefgh"
ABSENT: dict[Key, Answer] = {"e": Missing(), "f": Gone(), "g": ReplacedBy("a"), "h": Denied()}
MOST_TURNS = 400


@dataclass(frozen=True, slots=True)
class Ask:
    """One request's ask: in which turn it is made, when it leaves and until when it has time, both counted in turns."""

    keys: tuple[Key, ...]
    at: int
    credential: str | None
    purpose: str
    leaves: int | None
    time: int | None


ASKS = st.builds(
    Ask,
    keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True).map(tuple),
    at=st.integers(0, 6),
    credential=st.sampled_from([None, None, None, "anne", "bert"]),
    purpose=st.sampled_from(["dpv:X", "dpv:X", "dpv:Y"]),
    leaves=st.none() | st.integers(0, 12),
    time=st.none() | st.integers(0, 12),
)
OFFERS = st.builds(offer, st.sampled_from([1, 2, 3, 50]), in_flight=st.sampled_from([1, 2, 8]))


RAISED = SourceError(Reason.SOURCE_ERROR, "the adapter raised an exception")
MISMATCH = SourceError(Reason.SOURCE_MISMATCH, "mixed up")
ERRORS = (FELLED, RAISED, MISMATCH)
MIXED_UP = frozenset("abg")


@dataclass(frozen=True, slots=True)
class Bad:
    """Keys that fell the whole fetch, have the adapter raise, or have some other keys mixed up."""

    poison: frozenset[Key]
    raising: frozenset[Key]
    mixing: frozenset[Key]

    @property
    def keys(self) -> frozenset[Key]:
        return self.poison | self.raising | self.mixing

    def answers(self, keys: Collection[Key], credential: str | None, purpose: str) -> dict[Key, Answer]:
        """What one fetch of these keys brings."""
        for bad, error in ((self.raising, RAISED), (self.poison, FELLED)):
            if bad.intersection(keys):
                return dict.fromkeys(keys, error)
        right = {key: ABSENT.get(key, found(key, f"{credential} {purpose}")) for key in keys}
        is_mixed = self.mixing.intersection(keys)
        return right | {key: MISMATCH for key in keys if is_mixed and key in MIXED_UP | self.mixing}


def some(most: int) -> st.SearchStrategy[frozenset[Key]]:
    return st.frozensets(st.sampled_from(KEYS), max_size=most)


BAD = st.builds(Bad, poison=some(2), raising=some(1), mixing=some(1))


class Varying(Watched):
    """Takes some turns for a fetch, now more, now fewer; raises where a key says so."""

    def __init__(self, bad: Bad, slow: list[int]) -> None:
        super().__init__()
        self.bad, self.slow = bad, slow

    async def work(self, batch: Batch) -> None:
        self.turns = self.slow[len(self.batches) % len(self.slow)]
        await super().work(batch)

    def answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        if self.bad.raising.intersection(batch.keys):
            raise LookupError
        return self.bad.answers(batch.keys, call.credential, call.purpose)


async def played(asks: list[Ask], source: Varying, things: Offer) -> list[asyncio.Future[Gathered]]:
    """Make the asks in their turns, let those leave who do, and return their futures once all have ended."""
    now = [0]
    gather = Gather(source, clock=lambda: float(now[0]))
    futures: dict[int, asyncio.Future[Gathered]] = {}
    while now[0] < MOST_TURNS and not (len(futures) == len(asks) and all(one.done() for one in futures.values())):
        for number, ask in enumerate(asks):
            if ask.at == now[0]:
                until = float("inf") if ask.time is None else float(ask.at + ask.time)
                told = Call(Deadline(until, lambda: float(now[0])), ask.purpose, ask.credential)
                futures[number] = gather.ask(batch(*ask.keys, of=things), told)
            if ask.leaves is not None and ask.at + ask.leaves == now[0]:
                futures[number].cancel()
        await turns()
        now[0] += 1
    assert all(one.done() for one in futures.values())
    await gather.aclose()
    return [futures[number] for number in range(len(asks))]


def is_right(ask: Ask, key: Key, answer: Answer, bad: Bad, *, is_one_bad: bool) -> bool:
    """Late is an answer for who has a deadline; where several asks are bad, the source may be taken to be down."""
    if answer == bad.answers(ask.keys, ask.credential, ask.purpose)[key]:
        return True
    if not isinstance(answer, SourceError):
        return False
    if answer.reason is Reason.DEADLINE_EXCEEDED:
        return ask.time is not None
    # who has no time for a second fetch keeps what the first one brought
    return answer in ERRORS and (not is_one_bad or ask.time is not None)


@settings(deadline=None, max_examples=300)
@given(
    asks=st.lists(ASKS, max_size=12),
    bad=BAD,
    slow=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    things=OFFERS,
)
async def test_every_waiter_has_what_a_fetch_of_its_own_would_have_brought(
    asks: list[Ask], bad: Bad, slow: list[int], things: Offer
) -> None:
    """For its own keys and no others, with its own credential; or it has left. Every future ends."""
    source = Varying(bad, slow)
    futures = await played(asks, source, things)
    is_one_bad = sum(bool(bad.keys.intersection(ask.keys)) for ask in asks) <= 1
    for ask, future in zip(asks, futures, strict=True):
        if future.cancelled():
            assert ask.leaves is not None
            continue
        answers = future.result().answers
        assert tuple(answers) == ask.keys
        for key, answer in answers.items():
            assert is_right(ask, key, answer, bad, is_one_bad=is_one_bad), (ask, key, answer)
    check_calls(asks, source, things)


def check_calls(asks: list[Ask], source: Varying, things: Offer) -> None:
    """No fetch that two could share is fuller than a call, and no credential is told but to its own asks."""
    for asked, told in zip(source.batches, source.calls, strict=True):
        if told.credential is not None:
            assert (asked.keys, told.credential, told.purpose) in {(a.keys, a.credential, a.purpose) for a in asks}
        elif len(asked.keys) > things.keys_a_call:
            assert (asked.keys, told.purpose) in {(a.keys, a.purpose) for a in asks if a.credential is None}
        assert told.purpose in {a.purpose for a in asks if set(a.keys) & set(asked.keys)}
    assert len(source.batches) <= 2 * len(asks)
    assert source.running == 0
