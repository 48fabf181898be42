"""Starts a sandbox source as a process of its own, and ends it.

    with start_source("crm") as crm:
        crm_adapter(crm.url, crm.token)
        crm.misbehave(Misbehaviour.SLOW, seconds=2)

The socket is bound and listens before the process starts, so no port is guessed, nothing is polled, and a call that
comes early waits. A source ends with the process that started it, however that ends, and is in a session of its own:
Ctrl-C reaches the parent only.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

from adapters.sandbox.misbehaviour import Misbehaviour

__all__ = ["RunningSource", "SourceControlError", "start_source"]

_PATIENCE = 1.0
"""Seconds in which a source has to end when it is told to; then it is killed."""

_MOST_SECONDS = 30.0
"""How long a source may take to do what it is told: a moment, but for a machine that is short of processors."""

_BACKLOG = 128


class SourceControlError(Exception):
    """A running source did not take a command."""


@dataclass(frozen=True, slots=True)
class RunningSource(AbstractContextManager["RunningSource"]):
    """One source that runs. `url` has no path and no slash at its end; `token` is the bearer credential it wants.

    It is a context, plain or asynchronous, that ends the process. What it does itself blocks for some milliseconds.
    """

    name: str
    url: str
    process: subprocess.Popen[bytes] = field(repr=False)
    token: str = field(repr=False, default="")

    def misbehave(self, kind: Misbehaviour, seconds: float = 1.0) -> None:
        """Have the source do this wrong from now on; `seconds` is how long a slow one takes."""
        self._command("POST", "misbehave", {"kind": kind, "seconds": seconds})

    def reset(self) -> None:
        """Have the source behave, and count from nothing."""
        self._command("POST", "reset")

    def counters(self) -> Mapping[str, Any]:
        """Return what the source was asked: `calls`, `keys`, `fields` (name -> how often), `asked` (call by call).

        `at_once` is the most calls that it saw under way together.
        """
        counted: Mapping[str, Any] = json.loads(self._command("GET", "counters"))
        return counted

    def stop(self) -> None:
        """End the process within a second and some; a source that has ended stays ended."""
        self.process.terminate()
        with suppress(BrokenPipeError):
            _stdin(self.process).close()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _command(self, method: str, what: str, command: Mapping[str, object] | None = None) -> bytes:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=_MOST_SECONDS)
        try:
            connection.request(method, f"/__sandbox/{what}", json.dumps(command) if command else None)
            reply = connection.getresponse()
            body = reply.read()
        except OSError as error:
            raise SourceControlError(f"{self.name}: got no answer to {what}; is the source still running?") from error
        finally:
            connection.close()
        if reply.status >= 400:
            raise SourceControlError(f"{self.name}: got {reply.status} for {what}: {body.decode()}")
        return body

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)


def start_source(name: str) -> RunningSource:
    """Start the source `crm`, `register`, `orders` or `support` on a free port here, with a fresh credential."""
    token = secrets.token_urlsafe(32)
    with socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listening:
        descriptor = listening.fileno()
        process = subprocess.Popen(  # noqa: S603  our own interpreter and our own words
            [sys.executable, "-P", "-m", "adapters.sandbox.serve", name, str(descriptor)],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(descriptor,),
            start_new_session=True,
        )
        port = listening.getsockname()[1]
    running = RunningSource(name, f"http://127.0.0.1:{port}", process, token)
    _hand_over(running)
    return running


def _environment() -> dict[str, str]:
    """Return this process's environment, such that the child finds the same packages, wherever it is started."""
    home = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))}


def _hand_over(running: RunningSource) -> None:
    """Send the credential; it stands in no argument and in no environment, where others could read it."""
    with suppress(BrokenPipeError):  # a source that has ended already says so by refusing calls
        _stdin(running.process).write(f"{running.token}\n".encode())
        _stdin(running.process).flush()


def _stdin(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin
