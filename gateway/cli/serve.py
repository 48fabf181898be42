"""`customer-view serve`: a gateway behind HTTP, until the process is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.progress import track

from adapters.crossref import CrossReferenceError
from gateway.bounds import Bounds
from gateway.cli.application import load_gateway
from gateway.command_error import CommandError
from gateway.crossref import page as stewards
from gateway.documents import DocumentFile
from gateway.gateway import Gateway
from gateway.mends import mended
from gateway.orders import Order, Orders, reload_later, run_under_orders
from gateway.privacy import page as officers
from gateway.service import Service
from gateway.serving import Serving, bind, reserve, serving
from gateway.telemetry.logs import LogForm, begin_logging
from gateway.telemetry.uncaught import log_uncaught
from gateway.terminal import open_console
from gateway.workers import Workers
from schema.problems import ConfigurationError
from schema.views import View

__all__ = ["listening", "load_logging_gateway", "run_serve", "serve_gateway", "tell_served"]

_MANY = 100
_OBJECTS = 10_000
"""So many more of the kind that may be in circles are made than freed before the youngest are looked through."""

_TO_END = 10.0
"""Seconds, at most, in which requests under way end, the audit is written and the sources are closed."""

_log = logging.getLogger(__name__)


def run_serve(
    app: str, host: str | None, port: int | None, documents: Path | None = None, workers: int | None = None
) -> None:
    """Serve the gateway at the address given, else at that of its settings, until told to stop.

    `documents` is the folder of documents to compile instead of the declared one; `workers` is how many processes
    answer, None: as the settings say.

    Raises:
        CommandError: There is no such gateway, its cross-reference cannot be opened, or the address is not to be had.
        ConfigurationError: It is declared wrongly. Nothing listened.
    """
    reload_later()
    gateway = load_logging_gateway(app)
    settings = gateway.settings
    place = Place(settings.host if host is None else host, settings.port if port is None else port)
    count = settings.workers if workers is None else workers
    if count == 1:
        run_under_orders(partial(serve_under_orders, gateway, place, documents))
        return
    with reserve(place.host, place.port) as listening:
        started = partial(_worker_command, app, place.host, documents, listening.fileno(), count)
        run_under_orders(lambda orders: Workers(started, count, listening).run(orders))


def load_logging_gateway(app: str) -> Gateway:
    """Return the Gateway that APP names, and have written to standard error what it logs. Raises CommandError."""
    gateway = load_gateway(app)
    settings = gateway.settings
    begin_logging(LogForm(settings.log_form), settings.log_level, redacts=settings.log_redaction)
    log_uncaught()
    return gateway


def _worker_command(
    app: str, host: str, documents: Path | None, listening: int, count: int, number: int, channel: int
) -> list[str]:
    folder = [] if documents is None else [str(documents)]
    numbers = (listening, channel, number, count)
    return [sys.executable, "-m", "gateway.cli.worker_command", app, host, *map(str, numbers), *folder]


class Place(NamedTuple):
    """Where a gateway listens."""

    host: str
    port: int

    def bind(self) -> socket.socket:
        """Return a socket that listens there. Raises CommandError when it cannot be had."""
        return bind(self.host, self.port)


async def serve_under_orders(gateway: Gateway, place: Place, documents: Path | None, orders: Orders) -> None:
    """Serve until told to stop.

    Raises:
        CommandError: The cross-reference cannot be opened, or the address is not to be had.
        ConfigurationError: It is declared wrongly. Nothing listened.
    """
    async with listening(gateway, place.host, place.bind, documents) as served:
        tell_served(gateway, served)
        await served.until_told(orders)


def tell_served(gateway: Gateway, served: Listening, workers: int = 1) -> None:
    """Say where the gateway answers, with which views, and where its pages are."""
    service, url = served.service, served.url
    _tell(url, service.views, workers)
    if gateway.settings.steward_page and stewards.is_wanted(service):
        _say(f"Stewards decide candidates at {url}/crossref/steward.")
    if gateway.settings.officer_page and officers.is_wanted(service):
        _say(f"Privacy officers look at {url}/privacy/officer.")


async def serve_gateway(
    gateway: Gateway, host: str | None, port: int | None, tell: Callable[[str, Service], None]
) -> None:
    """Serve until cancelled, at the address given, else at that of the settings.

    `tell` is given the URL and the open gateway once it serves.

    Raises:
        CommandError: The cross-reference cannot be opened, or the address is not to be had.
        ConfigurationError: It is declared wrongly. Nothing listened.
    """
    settings = gateway.settings
    place = Place(settings.host if host is None else host, settings.port if port is None else port)
    async with listening(gateway, place.host, place.bind) as served:
        tell(served.url, served.service)
        await asyncio.Event().wait()


@asynccontextmanager
async def listening(
    gateway: Gateway, host: str, bound: Callable[[], socket.socket], documents: Path | None = None
) -> AsyncIterator[Listening]:
    """Serve on the socket that `bound` returns once the gateway is open, for as long as the context lasts.

    Raises:
        CommandError: The cross-reference cannot be opened, or the address is not to be had.
        ConfigurationError: It is declared wrongly. Nothing listened.
    """
    settings = gateway.settings
    bounds = Bounds(connections=settings.most_connections)
    try:
        async with gateway.running(documents, _compiling) as service:
            with bound() as listens, _kept_for_good():
                url = f"http://{host}:{listens.getsockname()[1]}"
                kept, shed = settings.keep_alive_seconds, gateway.shedding
                async with serving(gateway, listens, bounds, keep_alive=kept, shed=shed) as server:
                    yield Listening(gateway, server, service, url)
    except CrossReferenceError as error:
        raise CommandError(f"The cross-reference cannot be opened: {mended(str(error))}") from error


class Listening:
    """A gateway that serves, and carries out orders."""

    def __init__(self, gateway: Gateway, server: Serving, service: Service, url: str) -> None:
        self._gateway, self._server = gateway, server
        self.service, self.url = service, url
        self._over, self._wanted = asyncio.Event(), asyncio.Event()
        self._is_leaving = False
        self._tell: Callable[[], None] | None = None

    async def until_told(self, orders: Orders, tell: Callable[[], None] | None = None) -> None:
        """Return when the gateway is to stop. What is told after that is carried out as well. `tell` is called when it
        is to say where it serves."""
        self._tell = tell
        orders.take(self._take)
        reloading = asyncio.create_task(self._reload_when_wanted())
        try:
            await self._over.wait()
        finally:
            reloading.cancel()
            await asyncio.wait([reloading])

    def _tell_leaving(self, drain: float) -> None:
        if drain:
            _log.warning("leaving: answers for %g s more, and ends within %g s", drain, drain + _TO_END)
        else:
            _log.warning("leaving: ends within %g s", _TO_END)

    def _take(self, order: Order) -> None:
        if order is Order.RELOAD:
            self._wanted.set()
            return
        if order is Order.TELL:
            if self._tell is not None:
                self._tell()
            return
        if order is Order.CUT:
            self._server.cut()
        if order is Order.LEAVE and not self._is_leaving and self._gateway.number == 0:
            self._tell_leaving(self._gateway.settings.drain_seconds)
        self._leave()
        if order is not Order.LEAVE:
            self._over.set()

    def _leave(self) -> None:
        """Say that no more requests are to come here, and stop when that was long enough to be heard."""
        if not self._is_leaving:
            self._is_leaving = True
            self._gateway.leave()
            self._server.leave()
            asyncio.get_running_loop().call_later(self._gateway.settings.drain_seconds, self._over.set)

    async def _reload_when_wanted(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._gateway.reload()
            except ConfigurationError:
                continue  # it has been logged, and all is as it was
            except Exception as error:  # noqa: BLE001  the next one may be luckier
                _log.error("not reloaded: %s", type(error).__name__)


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """Leave what the start has made out of garbage collections: to look through all of it stops requests for 50 ms.

    And collect seldom: what requests make is freed without, but for what exceptions hold in circles, and one for each
    700 objects takes some five hundredths of a request's time (py-spy, Python 3.11, 2026-11-23).
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _compiling(documents: Sequence[DocumentFile]) -> Iterable[DocumentFile]:
    """Show how far it is where that takes a while: a document takes some milliseconds."""
    console = open_console(stderr=True)
    if len(documents) < _MANY or not console.is_terminal:
        return documents
    return track(documents, "Compiling documents", console=console, transient=True)


def _tell(url: str, views: Sequence[View], workers: int) -> None:
    served = ", ".join(view.id for view in views) or "no view: publish one"
    several = f" {workers} workers." if workers > 1 else ""
    _say(f"Serving {url} with {served}.{several} Stop with Ctrl-C.")


def _say(text: str) -> None:
    open_console(stderr=True).print(text, soft_wrap=True)
