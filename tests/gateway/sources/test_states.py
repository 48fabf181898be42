"""Whether a source is left alone, for how long, and when that is too long for a gateway that goes by it."""

from __future__ import annotations

from adapters.limits import Breaking, Limits, State
from gateway.sources import Sources, SourceStates, SourceWatch
from tests.gateway.sources.greengrocer import Plain, Stand, called


class Stage:
    """A source of one offer that is called, and what is told of it."""

    def __init__(self, *, open_seconds: float = 1.0, readiness: bool = True) -> None:
        self.stand = Stand("apples", "fruit", limits=Limits(breaking=Breaking(open_seconds=open_seconds)))
        self.watch = SourceWatch(clock=lambda: self.stand.now)
        self.states = SourceStates([self.stand, Plain("plums", "fruit")], self.watch)
        named = frozenset({"apples", "plums"} if readiness else ())
        self.states.take(Sources({"apples": self.stand.limits.limits}, named))

    def call(self, *, failed: bool) -> bool:
        """Make a call, if the breakers let it pass, and return whether they did."""
        return called(self.stand.limits, "fruit", failed=failed)

    def wait(self, seconds: float, *, failing: bool | None = None) -> None:
        """Let the time pass, with a call each second, or none."""
        for _ in range(int(seconds)):
            self.stand.now += 1.0
            if failing is not None:
                self.call(failed=failing)

    def alone(self) -> float | None:
        (state, _) = self.states.all()
        return state.alone_seconds

    def is_ready(self) -> bool:
        return not self.states.left_alone()

    def down(self) -> None:
        for _ in range(5):
            self.call(failed=True)


def test_a_source_that_is_called_is_not_left_alone() -> None:
    """One whose adapter keeps no limits never is."""
    stage = Stage()
    assert stage.call(failed=False)
    assert [(one.source, one.alone_seconds) for one in stage.states.all()] == [("apples", None), ("plums", None)]
    assert stage.is_ready()


def test_a_source_is_left_alone_from_the_fifth_failure_on() -> None:
    """Being probed in vain does not make it another time."""
    stage = Stage()
    stage.down()
    assert stage.alone() == 0.0
    stage.wait(7, failing=True)
    assert stage.stand.limits.state().opened > 1
    assert stage.alone() == 7.0
    stage.wait(3)
    assert stage.alone() == 10.0


def test_a_source_that_is_back_is_left_alone_no_more() -> None:
    """And when it fails anew that is a time of its own, though nobody has looked between."""
    stage = Stage()
    stage.down()
    assert stage.alone() == 0.0
    stage.wait(20, failing=False)
    assert stage.stand.limits.state().breaker is State.CLOSED
    stage.down()
    stage.wait(2)
    assert stage.alone() == 2.0
    stage.wait(5, failing=False)
    assert stage.alone() is None


def test_readiness_goes_by_it_after_ten_seconds() -> None:
    """Not a moment before, and only while calls fail."""
    stage = Stage()
    stage.down()
    assert stage.is_ready()
    stage.wait(10, failing=True)
    assert stage.is_ready()
    stage.wait(1, failing=True)
    assert stage.states.left_alone() == ["apples"]
    stage.wait(5, failing=False)
    assert stage.is_ready()


def test_readiness_does_not_go_by_a_source_that_is_not_named() -> None:
    """The rule: one sick source costs its own fields."""
    stage = Stage(readiness=False)
    stage.down()
    stage.wait(30, failing=True)
    assert stage.alone() == 30.0
    assert stage.is_ready()


def test_a_gateway_without_requests_is_ready_again_to_find_out() -> None:
    """Where all of them went elsewhere, and elsewhere is as bad, nobody would ever call the source again."""
    stage = Stage()
    stage.down()
    stage.wait(11, failing=True)
    assert not stage.is_ready()
    last = stage.stand.limits.state().failed_seconds
    assert last is not None
    stage.wait(10)
    assert not stage.is_ready()
    stage.wait(2)
    assert stage.is_ready()
    stage.down()
    assert not stage.is_ready()


def test_a_source_that_is_left_alone_for_long_counts_for_as_long() -> None:
    """Its operator has said so; a little longer where chance has made it so."""
    stage = Stage(open_seconds=60.0)
    stage.down()
    stage.wait(69)
    assert not stage.is_ready()
    stage.wait(14)
    assert stage.is_ready()


def test_nothing_that_is_told_changes_anything() -> None:
    """Whoever looks is no probe."""
    stage = Stage()
    stage.down()
    stage.wait(2)
    for _ in range(20):
        assert stage.alone() == 2.0
        stage.states.left_alone()
    assert stage.stand.limits.state().breaker is State.OPEN
    assert stage.call(failed=False)
