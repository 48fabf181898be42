"""One of several workers of `customer-view serve`, as `gateway.cli.worker_command` runs it.

The arguments are the gateway, the host by name, four numbers (the descriptors of the socket that listens and of the
channel to the parent, which worker this is, and of how many), and perhaps the folder of documents.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from adapters.limits import limits_kept_by
from gateway.cli.problems import print_problems
from gateway.cli.serve import listening, load_logging_gateway, tell_served
from gateway.command_error import CommandError
from gateway.gateway import Gateway
from gateway.orders import Orders, run_under_orders
from gateway.terminal import open_console
from gateway.workers import Channel
from schema.problems import ConfigurationError

__all__ = ["run_worker"]

_WRONG = 2


@dataclass(frozen=True, slots=True)
class _Given:
    """What the parent has given."""

    app: str
    host: str
    listening: int
    channel: int
    number: int
    count: int
    documents: Path | None

    @classmethod
    def of(cls, arguments: Sequence[str]) -> _Given:
        app, host, *rest = arguments
        listens, channel, number, count = map(int, rest[:4])
        return cls(app, host, listens, channel, number, count, Path(rest[4]) if len(rest) > 4 else None)


def run_worker(arguments: Sequence[str]) -> None:
    """Serve until told to stop; exit with code 2, and say why, where that cannot be."""
    given = _Given.of(arguments)
    try:
        _run(given)
    except CommandError as error:
        print(f"customer-view: {error}", file=sys.stderr)
    except ConfigurationError as error:
        print_problems(open_console(stderr=True), error.problems)
        print("customer-view: the configuration is wrong; mend what is listed above", file=sys.stderr)
    else:
        return
    sys.exit(_WRONG)


def _run(given: _Given) -> None:
    channel = Channel(given.channel)
    gateway = load_logging_gateway(given.app)
    gateway.number = given.number
    gateway.reload_others_by(channel.reload_others)
    for limits in filter(None, map(limits_kept_by, gateway.declared.adapters)):
        limits.share(1 / given.count)
    run_under_orders(partial(_serve, gateway, given, channel), channel.hear)


async def _serve(gateway: Gateway, given: _Given, channel: Channel, orders: Orders) -> None:
    def inherited() -> socket.socket:
        return socket.socket(fileno=given.listening)

    async with listening(gateway, given.host, inherited, given.documents) as served:
        channel.say_ready()
        await served.until_told(orders, partial(tell_served, gateway, served, given.count))
