"""One turn of load in a closed loop: so many connections, each asking again as soon as it has its answer.

wrk makes the load. It stops asking when the time is over, and is told to end when the gateway has nothing left to do:
so the CPU that was taken is that of exactly the requests that were answered.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.peers.figures import Turn
from tests.bench.peers.foreign import foreign_share
from tests.bench.peers.processes import LOAD_CPU, pinned, settle
from tests.bench.peers.programs import Serving
from tests.bench.peers.sources import Sources
from tests.bench.peers.workload import CUSTOMERS, Dialect, Query

__all__ = ["closed_loop"]

_SCRIPT = Path(__file__).parent / "load.lua"
_MOST_SECONDS = 300
"""When wrk ends by itself, if it is never told to."""


def closed_loop(
    served: Serving,
    dialect: Dialect,
    sources: Sources,
    query: Query,
    *,
    connections: int,
    seconds: float,
) -> Turn:
    """Ask for so many seconds and return what it cost."""
    settle(served.running, sources.program)
    sources.reset()
    with foreign_share(served.running, sources.program) as foreign:
        before = served.running.cpu()
        told = _wrk(served, dialect, sources, query, connections, seconds)
        spent = served.running.cpu() - before
    counted = sources.counts()
    requests = max(told["requests"], 1)
    return Turn(
        cpu_us=spent / requests * 1e6,
        per_second=told["requests"] / seconds,
        p50_ms=told["p50"],
        p99_ms=told["p99"],
        requests=told["requests"],
        refused=told["refused"],
        broken=told["broken"],
        calls=counted["calls"] / requests,
        bytes=counted["bytes"] / requests,
        foreign=foreign.share,
    )


def _wrk(
    served: Serving, dialect: Dialect, sources: Sources, query: Query, connections: int, seconds: float
) -> dict[str, Any]:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{_MOST_SECONDS}s", "--timeout", f"{_MOST_SECONDS}s"]
    command += ["-s", str(_SCRIPT), f"http://127.0.0.1:{served.port}"]
    env = {**os.environ, **_environment(dialect, query, seconds)}
    with subprocess.Popen(
        pinned(command, LOAD_CPU), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        time.sleep(seconds)
        settle(served.running, sources.program)
        child.send_signal(signal.SIGINT)
        _, written = child.communicate(timeout=10)
    told: dict[str, Any] = json.loads(written.splitlines()[-1])
    return told


def _environment(dialect: Dialect, query: Query, seconds: float) -> Mapping[str, str]:
    return {
        "BODY_HEAD": dialect.before(query),
        "BODY_ONE": dialect.one,
        "BODY_MANY": dialect.many if query.count > 1 else "",
        "BODY_EACH": dialect.each,
        "COUNT": str(query.count),
        "TURN_SECONDS": str(seconds),
        "SEED": str(random.randrange(CUSTOMERS)),
        "URL_PATH": dialect.path,
        "HEADERS": "\n".join(f"{name}: {value}" for name, value in dialect.headers.items()),
    }
