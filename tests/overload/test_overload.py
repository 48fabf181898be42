"""The long runs, in short where they can be: what each of them would not let pass is seen here too."""

from __future__ import annotations

import orjson
import pytest

from tests.overload.interleavings import interleave, opened_twice
from tests.overload.knee import find_knee, overload
from tests.overload.running import came_of, stage
from tests.overload.simulated import Costs, simulated
from tests.overload.simulated import overload as simulate
from tests.overload.slow import beside
from tests.overload.soak import slope, soak
from tests.overload.values import expected, fault_of


def test_what_is_answered_together_is_what_is_answered_alone() -> None:
    """Consumers, views, levels and consents by chance, in three hundred interleavings; calls are shared."""
    _interleaved(300)


@pytest.mark.long
@pytest.mark.no_cover
def test_what_is_answered_together_is_what_is_answered_alone_ten_thousand_times() -> None:
    """The same with ten thousand."""
    _interleaved(10_000)


def _interleaved(count: int) -> None:
    with opened_twice() as gateways:
        faults = [fault for seed in range(count) if (fault := interleave(gateways, seed)) is not None]
        made, alone = gateways.calls
    assert not faults, faults[0]
    assert made < 0.9 * alone, "calls are shared, or nothing has been shown"


@pytest.mark.parametrize(
    ("times", "costs", "knee", "wanted"),
    [
        (3.0, Costs(), 170.0, 0.9),
        pytest.param(3.0, Costs(latency=0.002), 170.0, 0.9, marks=pytest.mark.long),
        (3.0, Costs(begin=0.015, call=0.002, end=0.01), 36.0, 0.9),
        (10.0, Costs(begin=0.015, call=0.002, end=0.01), 36.0, 0.9),
        pytest.param(10.0, Costs(), 170.0, 0.7, marks=pytest.mark.long),
    ],
    ids=["three times", "quick sources", "large requests", "ten times, large requests", "ten times"],
)
def test_more_than_can_be_answered_takes_nothing_from_what_can(
    times: float, costs: Costs, knee: float, wanted: float
) -> None:
    """Nine tenths of the peak are right and in time, none is late, and five seconds later all are answered. At ten
    times 170 a second a fifth of the processor goes into reading heads alone."""
    with simulated(costs) as on:
        came = simulate(on, knee, times, 5)
    assert came.good >= wanted * came.peak
    assert (came.count("late"), came.count("wrong")) == (0, 0), {one.says for one in came.during}
    assert came.back_after <= 5
    assert came.count("shed") > 0.5 * (came.count("sent") - came.count("good"))
    late_shed = sum(one.late_shed for one in (*came.during[1:], *came.after))
    assert late_shed < 0.1 * came.count("shed"), "who is refused is refused before anything is made of it"


def test_a_thousand_requests_at_once_are_no_thousand_late_answers() -> None:
    """What comes in a twentieth of a second is answered in time, or refused."""
    with simulated() as on:
        (came, *_) = on.run([(20_000, 0.05), (20, 2)])
    assert came.sent > 900
    assert (came.late, came.wrong) == (0, 0)
    assert came.good >= 64


def test_a_value_of_another_customer_is_seen() -> None:
    """And a null without an error, a list that is too short, and a name that was to be withheld."""
    right = expected("whole", 7, 2)
    assert fault_of("whole", 7, 2, right) is None
    assert fault_of("whole", 7, 2, expected("whole", 8, 2)) is not None
    answer = orjson.loads(right)
    answer["data"]["customers"][1]["accounts"] = None
    assert fault_of("whole", 7, 2, orjson.dumps(answer)) == "a null without an error at ('customers', 1, 'accounts')"
    answer["errors"] = [{"path": ["customers", 1, "accounts"]}]
    assert fault_of("whole", 7, 2, orjson.dumps(answer)) is None
    answer["data"]["customers"].pop()
    assert fault_of("whole", 7, 2, orjson.dumps(answer)) == "1 entries at ('customers',)"
    withheld = {"extensions": {"withheld": [{"coordinate": f"Name.{one}"} for one in ("display", "given")]}}
    shown = {**orjson.loads(right), **withheld}
    assert fault_of("levels", 7, 2, orjson.dumps(shown)) is not None
    assert fault_of("levels", 7, 2, orjson.dumps({**orjson.loads(expected("levels", 7, 2)), **withheld})) is None
    assert fault_of("levels", 7, 2, expected("levels", 7, 2)) == "the withheld names are not told of"


def test_a_slope_is_that_of_the_line_of_least_squares() -> None:
    """Two megabytes a second are seen through a sample that lies beside."""
    assert slope([(float(x), 2.0 * x + (x == 5)) for x in range(11)]) == pytest.approx(2.0, abs=0.01)
    assert slope([(0.0, 1.0)]) == 0.0


def test_the_load_sees_right_answers_of_a_real_gateway() -> None:
    """Both views, both classes of consumers: all answers of two quiet seconds are right."""
    shares = (("desk", "whole", 0.4), ("desk", "levels", 0.3), ("batch", "whole", 0.3))
    with stage() as on:
        rows = on.load([(20, 2)], shares=shares, connections=8)
    came = came_of(rows, 0, 10)
    assert came.good + came.late == came.sent > 0, came.says
    assert {one["consumer"] for one in rows} == {"desk", "batch"}


@pytest.mark.long
@pytest.mark.no_cover
def test_at_three_times_the_knee_nine_tenths_of_the_peak_are_right_and_in_time() -> None:
    """For a minute; the rest is refused with Retry-After, and five seconds later all is as before."""
    with stage() as on:
        came = overload(on, find_knee(on), 60)
    assert not came.faults()


@pytest.mark.long
@pytest.mark.no_cover
def test_a_thousand_slow_clients_make_others_wait_half_as_long_again_at_most() -> None:
    """For a minute, at the 99th percentile."""
    with stage() as on:
        came = beside(on, 100.0, 1_000, 60)
    assert not came.faults()


@pytest.mark.long
@pytest.mark.no_cover
def test_ten_minutes_over_sources_that_fail_show_nobody_what_is_anothers() -> None:
    """Nothing that is withheld, no null without a reason, and memory stays what it is."""
    with stage() as on:
        came = soak(on, find_knee(on).rate / 2, 600.0)
    assert not came.faults()
