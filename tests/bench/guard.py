"""What a request may take: work that is counted, held against figures that were counted before.

    python -m tests.bench.guard            count, and print what was counted beside what stands in work.json
    python -m tests.bench.guard --write    count, and write it into work.json

A slow-down that no timed test would notice on a noisy machine is seen here: calls, instructions and memory of a request
do not depend on how fast the machine is or what else it does. Whoever makes a request take more on purpose writes the
figures anew, and says in the commit why it is worth it; who makes it take less writes them anew, so that it stays so.

The margin is 15 per cent. On one version of Python and of the libraries calls and instructions are the same in each run
and memory differs by some bytes: hashes, the event loop, time and the garbage collector are pinned. The margin is for
what a new version of these brings, and for the small change that a feature costs; fifteen of a hundred calls more are
no small change. It holds for lists in which one customer is not as the others too: that one's own way may grow by it,
and is counted among fifty, so that a change which sends the other 49 the same way is far beyond it. Instructions are
compared on that version of Python alone on which they were counted, for each version has instructions of its own.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import orjson
from rich.console import Console

from tests.bench import counting, inside, sources, workload
from tests.bench.counting import Work
from tests.bench.disclosure.asking import Way, ways_of
from tests.bench.disclosure.measuring import check
from tests.bench.disclosure.opened import Opened, opened
from tests.bench.disclosure.verifier import Verifier
from tests.bench.tables import Table
from tests.bench.workload import QUERIES, Query

__all__ = ["GROWTH", "MARGIN", "SCENARIOS", "WAYS", "Counted", "Scenario", "count", "count_apart", "excess", "kept"]
__all__ += ["write"]

MARGIN = 1.15
GROWTH = 4.4
"""Four times as many customers may take so many times the work: 50 against 200."""

_FILE = Path(__file__).with_name("work.json")
_HARNESS = frozenset({inside.__file__, sources.__file__, workload.__file__, __file__})
_LIBRARIES = ("aiohttp", "graphql-core", "msgspec", "orjson", "pydantic", "strawberry-graphql")
_WARM_UP = 12
_TIMES = 3
_AT = 1_800_000_000.0
"""When the requests come by which it is counted what verification and audit take, in seconds since 1970."""
_PATIENCE = 30.0
"""Seconds for which it is waited that the audit's thread ends."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A request, for a receipt or for none, which source is down, and what the answer is to tell beside its data.

    `tells` is `errors`, `withheld` or nothing.
    """

    query: Query
    receipt: str | None = "fields"
    down: str = ""
    upstream: int = 3
    tells: str = ""

    @property
    def different(self) -> int:
        """Return how many different requests of it there are customers for."""
        return max(1, 200 // max(1, self.query.count))


def _among_fifty(customer: int) -> Query:
    return replace(QUERIES["fifty"], among=customer)


SCENARIOS: Mapping[str, Scenario] = {
    "one customer": Scenario(QUERIES["one"]),
    "one customer, no receipt": Scenario(QUERIES["one"], receipt=None),
    "one field": Scenario(QUERIES["field"], upstream=1),
    "__typename": Scenario(QUERIES["typename"], upstream=0),
    "fifty customers": Scenario(QUERIES["fifty"]),
    "fifty customers, billing down": Scenario(QUERIES["fifty"], down="billing", tells="errors"),
    "fifty customers, one restricted": Scenario(_among_fifty(workload.RESTRICTED), upstream=4, tells="withheld"),
    "fifty customers, one value invalid": Scenario(_among_fifty(workload.INVALID), tells="errors"),
    "49 customers, one with two keys": Scenario(replace(workload.many(49), among=workload.TWICE)),
    "two hundred customers": Scenario(workload.many(200), upstream=12),
}


WAYS = (
    "one customer, levels, all passed",
    "one customer, a consent gate",
    "one customer, no rules, audited",
    "fifty customers, levels, half withheld",
    "fifty customers, no rules, audited",
)
"""The requests that are counted through views with rules, and with an audit: how many customers, and which way."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What each scenario took, and the versions with which it was counted."""

    work: Mapping[str, Work]
    versions: Mapping[str, str]

    def printed(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def read(cls, text: str) -> Counted:
        """Return what was printed."""
        told = json.loads(text)
        return cls({name: Work(**one) for name, one in told["work"].items()}, told["versions"])


def count() -> Counted:
    """Count every scenario in this process. It is exact in a process of its own alone: `count_apart`."""
    with inside.opened(inside.VirtualLoop(_PATIENCE)) as gateway, _no_collection():
        work = {name: _counted(gateway, scenario) for name, scenario in SCENARIOS.items()}
    verifier = Verifier(_now)
    with opened(verifier, partial(inside.VirtualLoop, _PATIENCE), _now) as gateways, _no_collection():
        for ways in ways_of(verifier):
            check(gateways, ways)
            work |= {name: _counted_way(gateways, way) for name, way in _named(ways) if name in WAYS}
    versions = {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
    return Counted(work, versions)


def count_apart() -> Counted:
    """Count in a process of its own, in which no test, tracer or hash seed has a part. Raises CalledProcessError."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.guard", "--json"],
        cwd=Path(__file__).parents[2],
        env={**env, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Counted.read(done.stdout)


def kept() -> Counted:
    """Return the figures that were written."""
    return Counted.read(_FILE.read_text())


def write(counted: Counted) -> None:
    """Write the figures in place of those before."""
    _FILE.write_text(counted.printed())


def excess(counted: Counted, before: Counted) -> list[str]:
    """Return what takes more than it may, one line each: what was got, what was wanted, how to mend."""
    return [*_above(counted, before), *_growing(counted)]


def _above(counted: Counted, before: Counted) -> Iterator[str]:
    for name, work in counted.work.items():
        wanted = before.work.get(name)
        if wanted is None:
            yield f"{name}: got no figure to compare with; write one with python -m tests.bench.guard --write"
            continue
        for kind in _compared(counted, before):
            got, most = getattr(work, kind), getattr(wanted, kind) * (1 if kind == "upstream" else MARGIN)
            if got > most:
                yield (
                    f"{name}: got {got:,} {kind}; wanted at most {most:,.0f}, from {getattr(wanted, kind):,} counted "
                    "before. Find what the change added (python -m tests.bench.profile), or, if it is worth it, write "
                    "the figures anew with python -m tests.bench.guard --write and say why in the commit"
                )


def _compared(counted: Counted, before: Counted) -> list[str]:
    is_same = _minor(counted) == _minor(before)
    return [one.name for one in fields(Work) if is_same or one.name != "instructions"]


def _minor(counted: Counted) -> str:
    return counted.versions["python"].rpartition(".")[0]


def _growing(counted: Counted) -> Iterator[str]:
    fifty, two_hundred = counted.work["fifty customers"], counted.work["two hundred customers"]
    for kind in ("calls", "instructions", "peak_bytes"):
        times = getattr(two_hundred, kind) / getattr(fifty, kind)
        if times > GROWTH:
            yield (
                f"200 customers: got {times:.2f} times the {kind} of 50; wanted at most {GROWTH}. Find what "
                "is done for each customer and looks at all the others, or what is done for large requests alone"
            )


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _counted(gateway: inside.Inside, scenario: Scenario) -> Work:
    """Count one request in each way, after others that warm the caches up; of several the least."""
    bodies = [scenario.query.body(number, scenario.receipt) for number in range(scenario.different)]
    gateway.script.down = scenario.down
    for number in range(_WARM_UP):
        _check(scenario, gateway.ask(bodies[number % len(bodies)]))
    asked = bodies[: _TIMES - 1] + bodies[:1]
    return _least([partial(gateway.ask, body) for body in asked], gateway.script)


def _named(ways: Sequence[Way]) -> Iterator[tuple[str, Way]]:
    count = {1: "one customer", 50: "fifty customers"}
    yield from ((f"{count[way.query.count]}, {way.name}", way) for way in ways)


def _counted_way(gateways: Opened, way: Way) -> Work:
    """Count one request in each way, as of `_counted`."""
    gateway, requests = gateways.of(way), way.requests(0, _TIMES)
    for number in range(_WARM_UP):
        gateway.ask(*requests[number % len(requests)])
    return _least([partial(gateway.ask, *one) for one in requests], gateway.script)


def _least(asks: Sequence[Callable[[], object]], script: inside.Script) -> Work:
    return Work(
        min(counting.count_calls(ask, _HARNESS) for ask in asks),
        min(counting.count_instructions(ask, _HARNESS) for ask in asks),
        min(counting.measure_peak(ask) for ask in asks),
        _upstream(asks[0], script),
    )


def _upstream(ask: Callable[[], object], script: inside.Script) -> int:
    before = script.calls
    ask()
    return script.calls - before


def _now() -> float:
    return _AT


def _check(scenario: Scenario, answer: bytes) -> None:
    """Raise RuntimeError unless it is the answer that is meant: whole, or with what it is to tell and nothing else."""
    members = orjson.loads(answer)
    told = members.keys() & {"errors"} | members.get("extensions", {}).keys() & {"withheld", "absent"}
    if told != ({scenario.tells} if scenario.tells else set()):
        wanted = scenario.tells or "nothing beside data"
        raise RuntimeError(f"{scenario.query.name}: got an answer that tells {told}; wanted {wanted}: {answer[:300]!r}")


def show(counted: Counted, before: Counted | None, console: Console) -> None:
    """Print what was counted, with the part that it is of what was counted before."""
    headings, rows = ("request", *(one.name.replace("_", " ") for one in fields(Work))), []
    for name, work in counted.work.items():
        wanted = before.work.get(name) if before else None
        pairs = ((getattr(work, one.name), getattr(wanted, one.name, None)) for one in fields(Work))
        rows.append((name, *(_cell(*pair) for pair in pairs)))
    console.print(Table("What one request takes", headings, rows))


def _cell(got: int, wanted: int | None) -> str:
    return f"{got:,} ({got / wanted:.0%})" if wanted else f"{got:,}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Count, and print or write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.guard", description="Count what requests take.")
    parser.add_argument("--write", action="store_true", help="write the figures in place of those before")
    parser.add_argument("--json", action="store_true", help="count in this process and print JSON")
    chosen = parser.parse_args(arguments)
    if chosen.json:
        logging.basicConfig(level=logging.CRITICAL)  # the source that is down is told of otherwise
        sys.stdout.write(count().printed())
        return
    console, counted = Console(), count_apart()
    show(counted, kept() if _FILE.exists() else None, console)
    if chosen.write:
        write(counted)
        console.print(f"Written to {_FILE.name}.")
        return
    for line in excess(counted, kept()):
        console.print(line, style="red")


if __name__ == "__main__":
    main()
