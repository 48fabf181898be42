"""Runs one sandbox source in this process: `python -m adapters.sandbox.serve NAME FD`.

FD is a socket that listens already. Standard input carries one line, the credential that the source wants, and stays
open: when it ends, the process that started this one is gone, and so this one ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from functools import partial
from typing import BinaryIO

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.listening import reset
from adapters.sandbox.crm import Crm
from adapters.sandbox.orders import Orders
from adapters.sandbox.people import customers
from adapters.sandbox.permissions import Permissions
from adapters.sandbox.register import Register
from adapters.sandbox.server import SourceInterface, sandbox_app
from adapters.sandbox.support import support_desk
from adapters.sandbox.wrong_answers import CUT, RESET

__all__ = ["build_server", "build_source", "main"]


class CuttableConnection(HttpToolsProtocol):
    """A connection that the application can end at once, so that a source can break off in the middle of an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the application the means, beside the request."""
        self.app_state = {**self.app_state, CUT: transport.abort, RESET: partial(reset, transport)}
        super().connection_made(transport)


def build_source(name: str, token: str) -> Sequence[SourceInterface]:
    """Return what the source of this name answers, path by path; raise ValueError where there is none."""
    match name:
        case "crm":
            everybody = customers()
            return (Crm(token, everybody), Permissions(token, everybody))
        case "register":
            return (Register(),)
        case "orders":
            return (Orders(token),)
        case "support":
            return support_desk(token)
    raise ValueError(f"got the source {name!r}; wanted crm, register, orders or support")


def build_server(*source: SourceInterface) -> uvicorn.Server:
    """Return the server for a source, given path by path.

    It logs nothing, and when told to end it does not wait for slow calls.
    """
    config = uvicorn.Config(
        sandbox_app(*source),
        http=CuttableConnection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=0,
    )
    return uvicorn.Server(config)


def main(arguments: Sequence[str], stdin: BinaryIO) -> None:
    """Serve until SIGINT, SIGTERM or the end of `stdin`."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _leave)
    name, descriptor = arguments
    source = build_source(name, stdin.readline().decode().strip())
    threading.Thread(target=_watch, args=(stdin,), daemon=True).start()
    build_server(*source).run([socket.socket(fileno=int(descriptor))])


def _leave(*_: object) -> None:
    """End the process in good order; a second signal does not disturb that."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    sys.exit(0)


def _watch(stdin: BinaryIO) -> None:
    """Wait for the end of `stdin`, which nothing more is written to, and end this process.

    The file is read without its buffer: the interpreter could not end while this thread holds the buffer's lock.
    """
    while os.read(stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1:], sys.stdin.buffer)
