"""Where a request's time goes, stage by stage.

    python -m tests.bench.profile one
    python -m tests.bench.profile fifty --no-receipt --functions 20

The whole gateway runs in this process on uvloop: ASGI in, sources that answer at the end of a connection without a
socket. cProfile counts what each function takes itself; what a library or Python takes goes to the stage that called
it. cProfile makes calls dearer than they are, so the parts are scaled to what requests take without it: read them as
parts, and the sum as true.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from rich.console import Console

from tests.bench import inside
from tests.bench.tables import Table
from tests.bench.workload import QUERIES, Query

__all__ = ["STAGES", "Function", "Profile", "by_stage", "main", "measured", "stage_of"]

OUTSIDE = "event loop and harness"

STAGES: Sequence[tuple[str, str]] = (
    ("tests/bench/", OUTSIDE),
    ("gateway/replies.py:print_answer", "encode"),
    ("gateway/", "front"),
    ("resolvers/receipt.py", "receipt"),
    ("resolvers/policy/", "verdicts"),
    ("resolvers/finding.py", "cross-reference"),
    ("resolvers/run.py", "run and gather"),
    ("resolvers/fetched.py", "run and gather"),
    ("resolvers/joining.py", "run and gather"),
    ("resolvers/pages.py", "run and gather"),
    ("resolvers/calls.py", "run and gather"),
    ("resolvers/engine.py", "engine"),
    ("resolvers/assembl", "assembly"),
    ("resolvers/executing.py", "assembly"),
    ("resolvers/reasons_of_null.py", "assembly"),
    ("resolvers/shapes/", "assembly"),
    ("resolvers/values.py", "assembly"),
    ("resolvers/", "reading"),
    ("adapters/crossref/", "cross-reference"),
    ("adapters/gathering.py", "run and gather"),
    ("adapters/waiters.py", "run and gather"),
    ("adapters/waiting_line.py", "run and gather"),
    ("adapters/", "wire and decoding"),
    ("aiohttp/", "wire and decoding"),
    ("schema/deadline.py", "run and gather"),
    ("schema/", "reading"),
    ("<shape", "assembly"),
)
"""Where functions belong: the first whose beginning fits a function's `room/file.py:name`."""

_ROOMS = ("tests/bench/", "gateway/", "resolvers/", "adapters/", "schema/", "aiohttp/")
_FIRST = ("front", "reading", "engine", "cross-reference", "verdicts", "run and gather", "wire and decoding")
_ORDER = (*_FIRST, "assembly", "receipt", "encode", OUTSIDE)
_ROUNDS = 40
"""How often time is handed on from callee to caller: deeper than any chain of library functions is."""

_WARM_UP = 200
_PROBED = 3

Code = tuple[str, int, str]
Caller = tuple[int, int, float, float]
Counts = tuple[int, int, float, float, Mapping[Code, Caller]]


@dataclass(frozen=True, slots=True)
class Function:
    """What a function took itself, in microseconds a request, by stage, and how often it was called a request."""

    name: str
    microseconds: float
    calls: float


@dataclass(frozen=True, slots=True)
class Profile:
    """Where requests' time went: microseconds a request by stage, their sum, and the functions that took the most."""

    stages: Mapping[str, float]
    calls: float
    functions: Sequence[Function]

    @property
    def microseconds(self) -> float:
        """Return the microseconds of CPU that one request takes."""
        return sum(self.stages.values())


def stage_of(code: Code) -> str | None:
    """Return the stage of a function of the product, or of the harness; None for what goes to its caller's."""
    place = _place(code)
    return next((stage for begins, stage in STAGES if place.startswith(begins)), None)


def _place(code: Code) -> str:
    """Return a function as `room/file.py:name`."""
    file, _, name = code
    for room in _ROOMS:
        _, found, rest = file.rpartition(f"/{room}")
        if found:
            return f"{room}{rest}:{name}"
    return f"{file}:{name}"


def by_stage(stats: Mapping[Code, Counts]) -> dict[str, float]:
    """Return the seconds of each stage, from what cProfile counted: what each function took itself.

    A function of no stage is shared out to those that called it, by what it took for each of them.
    """
    waiting = {code: own for code, (_, _, own, _, _) in stats.items()}
    taken: dict[str, float] = defaultdict(float)
    for _ in range(_ROUNDS):
        handed: dict[Code, float] = defaultdict(float)
        for code, seconds in waiting.items():
            callers = stats[code][4] if code in stats else {}
            if stage := stage_of(code):
                taken[stage] += seconds
            elif not callers:
                taken[OUTSIDE] += seconds
            else:
                for caller, share in _shares(callers):
                    handed[caller] += seconds * share
        waiting = handed
    taken[OUTSIDE] += sum(waiting.values())
    return dict(taken)


def _shares(callers: Mapping[Code, Caller]) -> list[tuple[Code, float]]:
    whole = sum(inner for *_, inner in callers.values())
    if not whole:
        return [(caller, 1 / len(callers)) for caller in callers]
    return [(caller, inner / whole) for caller, (*_, inner) in callers.items()]


def measured(query: Query, receipt: str | None, requests: int, most: int = 0) -> Profile:
    """Return where the time of so many requests goes, and the `most` functions that took the most themselves."""
    with inside.opened(inside.FastLoop()) as gateway:
        numbers = range(max(1, 200 // max(1, query.count)))
        bodies = cycle([query.body(number, receipt) for number in numbers])
        _asked(gateway, bodies, min(_WARM_UP, requests))
        plain = min(_asked(gateway, bodies, requests) for _ in range(_PROBED)) / requests
        profiler = cProfile.Profile(time.process_time)
        gc.collect()
        profiler.enable()
        _asked(gateway, bodies, requests)
        profiler.disable()
    return _profile(pstats.Stats(profiler), plain, requests, most)


def _asked(gateway: inside.Inside, bodies: cycle[bytes], requests: int) -> float:
    """Return the seconds of CPU that so many requests take."""
    began = time.process_time()
    for _ in range(requests):
        gateway.ask(next(bodies))
    return time.process_time() - began


def _profile(counted: pstats.Stats, plain: float, requests: int, most: int) -> Profile:
    stats = counted.stats  # type: ignore[attr-defined]  # what typeshed leaves out
    seconds = by_stage(stats)
    scale = plain * 1e6 / sum(seconds.values())
    largest = sorted(stats.items(), key=lambda one: -one[1][2])[:most]
    functions = [Function(_place(code), own * scale, calls / requests) for code, (_, calls, own, _, _) in largest]
    calls = sum(calls for _, calls, *_ in stats.values()) / requests
    return Profile({stage: one * scale for stage, one in seconds.items()}, calls, functions)


def show(profile: Profile, title: str, console: Console) -> None:
    """Print where the time went."""
    told = f"{title}: {profile.microseconds:,.0f} us of CPU a request, {profile.calls:,.0f} calls"
    taken = {stage: profile.stages.get(stage, 0.0) for stage in _ORDER}
    rows = [(stage, f"{us:,.1f}", f"{us / profile.microseconds:.1%}") for stage, us in taken.items()]
    console.print(Table(told, ("stage", "us", "part"), rows))
    for one in profile.functions:
        console.print(f"{one.microseconds:9.2f} us {one.calls:8.1f} calls  {one.name}", markup=False, highlight=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Profile one query."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description="Show where the time goes.")
    parser.add_argument("query", choices=list(QUERIES))
    parser.add_argument("--requests", type=int, default=500, help="how many requests are profiled (500)")
    parser.add_argument("--no-receipt", action="store_true", help="ask for no receipt")
    parser.add_argument("--functions", type=int, default=0, help="show so many functions that take the most")
    chosen = parser.parse_args(arguments)
    query = QUERIES[chosen.query]
    profile = measured(query, None if chosen.no_receipt else "fields", max(1, chosen.requests), chosen.functions)
    show(profile, query.title, Console(width=100))


if __name__ == "__main__":
    main()
