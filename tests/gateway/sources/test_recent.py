"""The last minute of a source: what is counted, for how long, and how many calls are remembered."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sources.recent import MINUTE, MOST_CALLS, Minute, Recent
from gateway.sources.watching import SourceWatch
from schema.observer import Event, Failed, Repeated, Sent, Unsent, Waited
from schema.reasons import Reason


class Listener:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[Event] = []

    def note(self, event: Event) -> None:
        """Keep it."""
        self.told.append(event)


class Stage:
    """A watch, the time, and what it passes on."""

    def __init__(self) -> None:
        self.now, self.behind = 1_000.0, Listener()
        self.watch = SourceWatch(self.behind, lambda: self.now)

    def minute(self, source: str = "crm") -> Minute:
        return self.watch.of(source).minute(self.now)


def sent(seconds: float = 0.1, outcome: Reason | None = None) -> Sent:
    return Sent("crm", "customers", ("name",), 1, seconds, outcome)


def test_a_minute_counts_calls_by_how_they_ended() -> None:
    """Those that failed, were sent again, and were never sent; times are of answered ones."""
    stage = Stage()
    events: list[Event] = [
        *(sent(seconds / 10) for seconds in range(1, 20)),
        sent(9.0, Reason.SOURCE_TIMEOUT),
        Repeated("crm", "customers", Reason.SOURCE_TIMEOUT, 0.01),
        Unsent("crm", "customers", Reason.CIRCUIT_OPEN, "left alone", 3),
        Waited("crm", "customers", 1.0),
    ]
    for event in events:
        stage.watch.note(event)
    minute = stage.minute()
    assert (minute.calls, minute.failed, minute.repeated, minute.unsent) == (20, 1, 1, 1)
    assert (minute.error_rate, minute.p50, minute.p95) == (0.05, 1.0, 1.9)


def test_a_call_that_nobody_waited_for_is_no_failure() -> None:
    """A client that hangs up says nothing of the source."""
    stage = Stage()
    stage.watch.note(replace(sent(0.5, Reason.DEADLINE_EXCEEDED), is_left=True))
    assert (stage.minute().calls, stage.minute().failed, stage.watch.of("crm").failure) == (0, 0, None)


def test_what_is_older_than_a_minute_does_not_count() -> None:
    """Not a moment longer."""
    stage = Stage()
    stage.watch.note(sent(0.5))
    stage.now += MINUTE / 2
    stage.watch.note(sent(0.1, Reason.SOURCE_ERROR))
    stage.now += MINUTE / 2
    assert stage.minute() == Minute(1, 1, 0, 0, None, None)
    stage.now += MINUTE / 2
    minute = stage.minute()
    assert (minute, minute.error_rate) == (Minute(0, 0, 0, 0, None, None), None)


def test_no_more_calls_are_remembered_than_a_thousand() -> None:
    """Of a source that is called more often the last ones count."""
    stage = Stage()
    for _ in range(MOST_CALLS):
        stage.watch.note(sent(outcome=Reason.SOURCE_ERROR))
    for _ in range(MOST_CALLS - 1):
        stage.watch.note(sent())
    assert (stage.minute().calls, stage.minute().failed) == (MOST_CALLS, 1)


def test_how_a_source_failed_last_is_what_its_callers_were_told() -> None:
    """With the text that operators read; that it is left alone is no failure of its own."""
    stage = Stage()
    stage.watch.note(sent(1.0, Reason.SOURCE_TIMEOUT))
    failure = stage.watch.of("crm").failure
    assert failure is not None
    assert (failure.code, failure.detail, failure.at) == (Reason.SOURCE_TIMEOUT, "", 1_000.0)
    stage.now += 1
    stage.watch.note(Failed("crm", "customers", Reason.SOURCE_TIMEOUT, "its own time limit passed", 2))
    stage.now += 1
    stage.watch.note(Failed("crm", "customers", Reason.CIRCUIT_OPEN, "left alone", 2))
    failure = stage.watch.of("crm").failure
    assert failure is not None
    assert (failure.code, failure.detail) == (Reason.SOURCE_TIMEOUT, "its own time limit passed")
    assert (failure.offer, failure.at) == ("customers", 1_001.0)


def test_everything_is_passed_on() -> None:
    """Whoever listened before listens still; what an observer raises costs nothing."""
    stage = Stage()
    told: list[Event] = [sent(), Failed("crm", "customers", Reason.SOURCE_ERROR, "", 1), Waited("crm", "x", 0.1)]
    for event in told:
        stage.watch.note(event)
    assert stage.behind.told == told


def test_a_thousand_sources_are_kept_apart_and_no_more() -> None:
    """The names come from declarations, and memory stays bounded whatever an adapter says."""
    watch = SourceWatch()
    for number in range(1_500):
        watch.note(Sent(f"s{number}", "x", (), 1, 0.1))
    assert len(watch._of) == 1_000
    assert watch.of("s1").minute(watch.clock()).calls == 1
    assert watch.of("s1400").minute(watch.clock()).calls == 0


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=80), st.floats(0, 200))
def test_a_minute_is_what_counting_by_hand_comes_to(calls: list[tuple[float, bool]], after: float) -> None:
    """The percentiles are values that occurred, as many as their share not above them."""
    recent, now = Recent(), 0.0
    for gap, is_good in calls:
        now += gap
        if is_good:
            recent.answered(now, gap)
        else:
            recent.failed(now)
    end, at, within, took = now + after, 0.0, 0, []
    for gap, is_good in calls:
        at += gap
        if at > end - MINUTE:
            within += 1
            took += [gap] if is_good else []
    minute = recent.minute(end)
    assert (minute.calls, minute.failed) == (within, within - len(took))
    for value, share in ((minute.p50, 0.5), (minute.p95, 0.95)):
        assert (value is None) == (not took)
        if value is not None:
            assert value in took
            assert sum(one <= value for one in took) >= share * len(took)
            assert sum(one < value for one in took) < share * len(took)
