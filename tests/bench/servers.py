"""Servers as processes of their own, whose CPU the operating system counts."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.machine import cpu_of

__all__ = ["Server", "keep_apart", "serve_app", "serve_product", "settle"]

_STARTS_WITHIN = 60.0
_SERVES = re.compile(r"Serving (http://\S+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    url: str
    process: psutil.Process

    @property
    def port(self) -> int:
        """Return the port that it listens on, at 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    def cpu(self) -> float:
        """Return the seconds of CPU that it has taken: to the nanosecond on Linux, elsewhere to the tick."""
        with suppress(OSError):
            if sys.platform == "linux":
                return cpu_of(self.process.pid)
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory_mb(self) -> float:
        """Return the memory that it has resident now, in MB of 2**20 bytes."""
        return float(self.process.memory_info().rss) / 2**20


@contextmanager
def serve_app(app: str, env: Mapping[str, str]) -> Iterator[Server]:
    """Run an ASGI application on a free port of this machine with uvicorn, uvloop and httptools."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        # uvicorn takes it for a socket of AF_UNIX, so that asyncio does not do this: what is written in two pieces
        # would wait 40 ms for the acknowledgement of the first
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        command = [sys.executable, "-m", "uvicorn", app, "--fd", str(listening.fileno())]
        command += ["--loop", "uvloop", "--http", "httptools", "--log-level", "error", "--no-access-log"]
        with _running(command, env, keeping=[listening.fileno()]) as child:
            yield Server(f"http://127.0.0.1:{listening.getsockname()[1]}", psutil.Process(child.pid))


@contextmanager
def serve_product(app: str, env: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Run a gateway as its own command serves it. Raises RuntimeError when it does not, with the end of its log."""
    command = [sys.executable, "-m", "gateway.cli", "serve", app, "--host", "127.0.0.1", "--port", "0"]
    with log.open("wb") as written, _running(command, env, written=written.fileno()) as child:
        yield Server(_url_told(child, log), psutil.Process(child.pid))


@contextmanager
def _running(
    command: Sequence[str], env: Mapping[str, str], *, keeping: Sequence[int] = (), written: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(command, env={**os.environ, **env}, pass_fds=keeping, stderr=written)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _url_told(child: subprocess.Popen[bytes], log: Path) -> str:
    began = time.monotonic()
    while time.monotonic() - began < _STARTS_WITHIN and child.poll() is None:
        if told := _SERVES.search(log.read_text(errors="replace")):
            return told[1]
        time.sleep(0.05)
    raise RuntimeError(
        f"the gateway does not serve. The end of what it wrote: {log.read_text(errors='replace')[-600:]}"
    )


def keep_apart(gateways: Sequence[Server], others: Sequence[Server]) -> bool:
    """Give the gateways a processor of their own, and the others and this process the rest; return whether it was done.

    One gateway is measured at a time: the others that share its processor have nothing to do then.
    """
    if not hasattr(os, "sched_setaffinity") or len(cpus := sorted(os.sched_getaffinity(0))) < 2:
        return False
    for one in gateways:
        os.sched_setaffinity(one.process.pid, cpus[:1])
    for pid in (0, *(one.process.pid for one in others)):
        os.sched_setaffinity(pid, cpus[1:])
    return True


def settle(server: Server, quiet: float = 0.001) -> None:
    """Wait until the server has worked off what it was sent: it takes less than `quiet` s of CPU in 50 ms."""
    for _ in range(200):
        before = server.cpu()
        time.sleep(0.05)
        if server.cpu() - before < quiet:
            return
