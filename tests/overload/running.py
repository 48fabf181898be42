"""The gateway, its sources and the load, each a process of its own; and the table of what came of it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from tests.bench.machine import processor
from tests.bench.servers import Server, keep_apart, serve_app, serve_product
from tests.overload.client import Load
from tests.overload.product import prepare

__all__ = ["Came", "Stage", "Watched", "came_of", "finished", "printed", "stage", "start", "tell", "told_by"]


_LOOK, _PROCESSES = 0.25, 3
_COUNTED = ("sent", "good", "late", "wrong", "shed", "failed", "cut")


@dataclass(frozen=True, slots=True)
class Stage:
    """A gateway that serves, and the sources under it."""

    gateway: Server
    sources: Server

    def load(self, phases: Sequence[tuple[float, float]], **how: Any) -> list[Mapping[str, Any]]:
        """Send so many a second for so many seconds, phase by phase; return what came of it, second by second."""
        return told_by(self.started(phases, **how))

    def watched(self, phases: Sequence[tuple[float, float]], **how: Any) -> Watched:
        """Send as `load` does, and see how much of the processors each process has."""
        child = self.started(phases, **how)
        processes = (self.gateway, self.sources, Server("", psutil.Process(child.pid)))
        samples, before = list[tuple[float, tuple[float, ...]]](), (0.0,) * len(processes)
        while child.poll() is None:
            with suppress(psutil.Error):
                before = tuple(max(one.cpu(), least) for one, least in zip(processes, before, strict=True))
                samples.append((time.monotonic(), before))
            time.sleep(_LOOK)
        told = json.loads(finished(child))
        return Watched(told["seconds"], told["behind"], [(at - told["began"], taken) for at, taken in samples])

    def started(self, phases: Sequence[tuple[float, float]], **how: Any) -> subprocess.Popen[str]:
        """Begin to send, and return the process that does; `finished` returns what it prints."""
        return start("tests.overload.client", json.dumps(asdict(Load(self.gateway.port, phases, **how))))

    def hold(self, *, latency_ms: float = 0, down: str = "") -> None:
        """Have the sources answer so much later, and one of them with 503."""
        with urllib.request.urlopen(f"{self.sources.url}/hold?latency_ms={latency_ms}&down={down}", timeout=10):
            pass


@dataclass(frozen=True, slots=True)
class Watched:
    """What came of a load, second by second; by how many seconds it was itself late to send (99th percentile); and how
    many seconds of CPU gateway, sources and load had had by when, from its beginning on."""

    rows: Sequence[Mapping[str, Any]]
    behind: float
    samples: Sequence[tuple[float, tuple[float, ...]]]

    def cpu(self, begin: float, end: float) -> tuple[float, ...]:
        """Return the part of a processor that gateway, sources and load have had between these seconds."""
        within = [one for one in self.samples if begin <= one[0] <= end]
        if len(within) < 2:
            return (0.0,) * _PROCESSES
        (first, before), (last, after) = within[0], within[-1]
        return tuple((now - then) / (last - first) for now, then in zip(after, before, strict=True))


def told_by(child: subprocess.Popen[str]) -> list[Mapping[str, Any]]:
    """Wait for the end of a load and return what came of it, second by second."""
    told: list[Mapping[str, Any]] = json.loads(finished(child))["seconds"]
    return told


def start(module: str, given: str) -> subprocess.Popen[str]:
    """Begin to run a module that reads this."""
    child = subprocess.Popen([sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    child.stdin.write(given)
    child.stdin.close()
    return child


def finished(child: subprocess.Popen[str]) -> str:
    """Wait for the end of a process and return what it has printed. Raises RuntimeError where it has failed."""
    assert child.stdout is not None
    with child.stdout:
        printed = child.stdout.read()
    if child.wait() != 0:
        raise RuntimeError(f"{child.args!r} has ended with {child.returncode}")
    return printed


@contextmanager
def stage() -> Iterator[Stage]:
    """Have a gateway serve, on a processor of its own, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="customer-view-overload-") as told:
        folder = Path(told)
        prepare(folder)
        with serve_app("tests.bench.sources:app", {}) as sources:
            where = {"OVERLOAD_SOURCES": sources.url, "OVERLOAD_FOLDER": told}
            with serve_product("tests.overload.app:gateway", where, folder / "log") as gateway:
                keep_apart([gateway], [sources])
                try:
                    yield Stage(gateway, sources)
                finally:
                    if hasattr(os, "sched_setaffinity"):
                        os.sched_setaffinity(0, range(os.cpu_count() or 1))


@dataclass(slots=True)
class Came:
    """What came of all requests of some seconds, a second; `p50` and `p99` are the means of the seconds' own."""

    seconds: int = 0
    sent: float = 0.0
    good: float = 0.0
    late: float = 0.0
    wrong: float = 0.0
    shed: float = 0.0
    failed: float = 0.0
    cut: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    says: list[str] = field(default_factory=list)


def came_of(rows: Sequence[Mapping[str, Any]], begin: float, end: float, consumer: str | None = None) -> Came:
    """Return what came of the requests of these seconds, of one consumer or of all."""
    chosen = [one for one in rows if begin <= one["at"] < end and consumer in (None, one["consumer"])]
    seconds = len({one["at"] for one in chosen}) or 1
    counted = {name: sum(one[name] for one in chosen) / seconds for name in _COUNTED}
    known = [one for one in chosen if one["good"]]
    times = {name: sum(one[name] for one in known) / (len(known) or 1) for name in ("p50", "p99")}
    return Came(seconds, **counted, **times, says=sorted({one["says"] for one in chosen if one["says"]}))


def tell(table: str, faults: Sequence[str]) -> int:
    """Write the table, and to standard error what ought not to be so; return 1 where anything is, else 0."""
    sys.stdout.write(table + "\n")
    sys.stderr.write("".join(f"{one}\n" for one in faults))
    return 1 if faults else 0


def printed(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown, with the machine, the versions and the date."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in (columns, ["---"] * len(columns), *rows)]
    libraries = ", ".join(f"{name} {version(name)}" for name in ("uvicorn", "uvloop", "httptools", "aiohttp"))
    cpus = f"{os.cpu_count()} of {processor()}"
    told = f"{time.strftime('%Y-%m-%d')}; {cpus}; Python {platform.python_version()}; {libraries}."
    return "\n".join([title, "", *lines, "", told])
