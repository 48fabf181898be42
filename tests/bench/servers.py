"""Servers as processes of their own, whose CPU the operating system counts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

__all__ = ["Server", "serve"]


@dataclass(frozen=True)
class Server:
    """A running server. `cpu` is the processor time that it has taken, in seconds, children included."""

    url: str
    process: psutil.Process

    def cpu(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def peak_memory_mb(self) -> float:
        return float(self.process.memory_info().rss) / 2**20


@contextmanager
def serve(app: str, env: Mapping[str, str], *, factory: bool = False) -> Iterator[Server]:
    """Run an ASGI application on a free port of this machine with uvicorn, uvloop and httptools."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    command = [sys.executable, "-m", "uvicorn", app, "--fd", str(listening.fileno())]
    command += ["--loop", "uvloop", "--http", "httptools", "--log-level", "error", "--no-access-log"]
    child = subprocess.Popen(
        [*command, "--factory"] if factory else command, env={**os.environ, **env}, pass_fds=[listening.fileno()]
    )
    try:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield Server(url, psutil.Process(child.pid))
    finally:
        child.terminate()
        child.wait(10)
        listening.close()


def settle(server: Server) -> None:
    """Wait until the server has worked off what it was sent: its CPU stands still for a fifth of a second."""
    before = -1.0
    while server.cpu() != before:
        before = server.cpu()
        time.sleep(0.2)
