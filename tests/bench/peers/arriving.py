"""One turn of the open loop, measured: the load is a process of its own beside the sources."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tests.bench.peers.figures import Turn
from tests.bench.peers.foreign import foreign_share
from tests.bench.peers.open_loop import Arrivals
from tests.bench.peers.processes import LOAD_CPU, pinned, settle
from tests.bench.peers.programs import Serving
from tests.bench.peers.sources import Sources
from tests.bench.peers.workload import Dialect, Query, some_ids

__all__ = ["open_loop"]


def open_loop(served: Serving, dialect: Dialect, sources: Sources, query: Query, *, rate: int, seconds: float) -> Turn:
    """Send requests at random moments, so many a second on average, and return what it cost."""
    bodies = [dialect.body(query, some_ids(query)).decode() for _ in range(int(rate * seconds))]
    settle(served.running, sources.program)
    sources.reset()
    wanted = Arrivals(served.port, dialect.path, dialect.headers, bodies, rate, seed=random.randrange(2**31))
    with foreign_share(served.running, sources.program) as foreign:
        before = served.running.cpu()
        told = _sent(wanted)
        settle(served.running, sources.program)
        spent = served.running.cpu() - before
    counted = sources.counts()
    requests = len(bodies)
    return Turn(
        cpu_us=spent / requests * 1e6,
        per_second=rate,
        p50_ms=told["p50"],
        p99_ms=told["p99"],
        requests=told["answered"],
        refused=told["refused"],
        broken=told["late"],
        calls=counted["calls"] / requests,
        bytes=counted["bytes"] / requests,
        foreign=foreign.share,
    )


def _sent(wanted: Arrivals) -> Mapping[str, Any]:
    command = pinned([sys.executable, "-m", "tests.bench.peers.open_loop"], LOAD_CPU)
    done = subprocess.run(command, input=json.dumps(asdict(wanted)), capture_output=True, text=True, check=True)
    told: Mapping[str, Any] = json.loads(done.stdout)
    return told
