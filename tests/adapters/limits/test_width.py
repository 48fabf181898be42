"""How many calls a source bears together."""

from __future__ import annotations

from adapters.limits.declared import Width
from adapters.limits.width import Adapting


class Source:
    """A source with so many workers: calls beyond them wait for each other."""

    def __init__(self, workers: int, seconds: float = 0.02) -> None:
        self.workers, self.seconds = workers, seconds

    def takes(self, under_way: int) -> float:
        return self.seconds * max(1.0, under_way / self.workers)


def driven(adapting: Adapting, source: Source, calls: int = 3_000) -> Adapting:
    """As many calls as may be, always."""
    for moment in range(calls):
        adapting.answered("things", 1, source.takes(adapting.limit), adapting.limit, moment / 100)
    return adapting


def test_it_begins_with_what_the_source_states() -> None:
    """A limit that had to grow first would be slow after every start."""
    assert Adapting(Width(most=100)).limit == 100


def test_a_source_that_bears_it_keeps_it() -> None:
    """Its times stay as they are."""
    assert driven(Adapting(Width(most=100)), Source(workers=200)).limit == 100


def test_a_source_that_becomes_slow_under_them_has_fewer() -> None:
    """About as many as it can work on, and never more than three times that."""
    adapting = Adapting(Width(most=400))
    for _ in range(50):
        adapting.answered("things", 1, 0.02, 1, 0.0)  # what a call takes alone
    assert 8 <= driven(adapting, Source(workers=16)).limit <= 48


def test_it_grows_again_when_the_source_bears_more() -> None:
    """And all of them are in use."""
    adapting = driven(Adapting(Width(most=200)), Source(workers=200))
    for _ in range(30):
        adapting.failed(began=1e9, now=0.0)
    assert adapting.limit == 4
    assert driven(adapting, Source(workers=200)).limit == 200


def test_noise_is_no_sign() -> None:
    """Where a call in five takes ten times as long, whatever runs with it."""
    adapting = Adapting(Width(most=100))
    for moment in range(5_000):
        adapting.answered("things", 1, 0.1 if moment % 5 == 0 else 0.01, adapting.limit, moment / 100)
    assert adapting.limit >= 90


def test_a_source_that_is_slower_for_good_has_its_calls_again() -> None:
    """After a while: what was the least is forgotten by half in ten minutes."""
    adapting, limits = Adapting(Width(most=100)), []
    for _ in range(20):
        adapting.answered("things", 1, 0.01, 1, 0.0)
    for moment in range(40_000):
        adapting.answered("things", 1, 0.08, adapting.limit, moment / 20)
        limits.append(adapting.limit)
    assert (min(limits), limits[-1]) == (8, 100)


def test_what_is_not_in_use_is_not_changed() -> None:
    """Slow calls of a source that is hardly asked say nothing of how many it bears."""
    adapting = Adapting(Width(most=100))
    for seconds in (0.01, 0.02, 1.0, 5.0) * 50:
        adapting.answered("things", 1, seconds, 3, 0.0)
    assert adapting.limit == 100


def test_calls_that_failed_together_count_once() -> None:
    """A hundred that time out at one moment are one sign."""
    adapting = Adapting(Width(most=100))
    for _ in range(100):
        adapting.failed(began=10.0, now=11.0)
    assert adapting.limit == 80
    adapting.failed(began=11.5, now=12.0)
    assert adapting.limit == 64


def test_it_is_never_less_than_the_least() -> None:
    """However often calls fail; and the least is never more than the most."""
    adapting, narrow = Adapting(Width(most=50, least=7)), Adapting(Width(most=2, least=7))
    for moment in range(1, 200):
        adapting.failed(began=moment, now=moment)
        narrow.failed(began=moment, now=moment)
    assert (adapting.limit, narrow.limit) == (7, 2)


def test_each_offer_has_its_own_times() -> None:
    """A search of a second is no sign that reads have become slow, nor is a call of many keys."""
    adapting = Adapting(Width(most=100))
    for _ in range(500):
        adapting.answered("read", 1, 0.01, 90, 0.0)
        adapting.answered("read", 50, 0.5, 90, 0.0)
        adapting.answered("search", 1, 1.0, 90, 0.0)
    assert adapting.limit == 100
    assert [adapting.usual("read", 1), adapting.usual("read", 50), adapting.usual("search", 1)] == [0.01, 0.5, 1.0]
    assert (adapting.usual("read", 2), adapting.usual("other", 1)) == (None, None)


def test_one_that_is_fixed_stays() -> None:
    """Where the source states a number and it is to be used."""
    adapting = Adapting(Width(most=10, adapts=False))
    adapting.failed(began=1.0, now=2.0)
    assert driven(adapting, Source(workers=1), calls=100).limit == 10
