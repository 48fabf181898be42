"""`customer-view serve`: a gateway behind HTTP, until the process is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import track

from adapters.crossref import CrossReferenceError
from gateway.bounded_http import Bounds
from gateway.cli.application import load_gateway
from gateway.command_error import CommandError
from gateway.crossref import page as stewards
from gateway.documents import DocumentFile
from gateway.gateway import Gateway
from gateway.mends import mended
from gateway.privacy import page as officers
from gateway.service import Service
from gateway.serving import bind, run_until_told, serving
from gateway.terminal import open_console
from schema.views import View

__all__ = ["run_serve", "serve_gateway"]

_MANY = 100


def run_serve(app: str, host: str | None, port: int | None, documents: Path | None = None) -> None:
    """Serve the gateway at the address given, else at that of its settings.

    `documents` is the folder of documents to compile instead of the declared one.

    Raises:
        CommandError: There is no such gateway, its cross-reference cannot be opened, or the address is not to be had.
        ConfigurationError: It is declared wrongly. Nothing listened.
    """
    gateway = load_gateway(app)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    def tell(url: str, service: Service) -> None:
        _tell(url, service.views)
        if gateway.settings.steward_page and stewards.is_wanted(service):
            _say(f"Stewards decide candidates at {url}/crossref/steward.")
        if gateway.settings.officer_page and officers.is_wanted(service):
            _say(f"Privacy officers look at {url}/privacy/officer.")

    run_until_told(serve_gateway(gateway, host, port, tell, documents))


async def serve_gateway(
    gateway: Gateway,
    host: str | None,
    port: int | None,
    tell: Callable[[str, Service], None],
    documents: Path | None = None,
) -> None:
    """Serve until cancelled, at the address given, else at that of the settings.

    `tell` is given the URL and the open gateway once it serves.

    Raises:
        CommandError: The cross-reference cannot be opened, or the address is not to be had.
        ConfigurationError: It is declared wrongly. Nothing listened.
    """
    settings = gateway.settings
    chosen_host = settings.host if host is None else host
    try:
        async with gateway.running(documents, _compiling) as service:
            with bind(chosen_host, settings.port if port is None else port) as listening, _kept_for_good():
                async with serving(gateway, listening, Bounds(connections=settings.most_connections)):
                    tell(f"http://{chosen_host}:{listening.getsockname()[1]}", service)
                    await asyncio.Event().wait()
    except CrossReferenceError as error:
        raise CommandError(f"The cross-reference cannot be opened: {mended(str(error))}") from error


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """Leave what the start has made out of garbage collections: to look through all of it stops requests for 50 ms."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _compiling(documents: Sequence[DocumentFile]) -> Iterable[DocumentFile]:
    """Show how far it is where that takes a while: a document takes some milliseconds."""
    console = open_console(stderr=True)
    if len(documents) < _MANY or not console.is_terminal:
        return documents
    return track(documents, "Compiling documents", console=console, transient=True)


def _tell(url: str, views: Sequence[View]) -> None:
    served = ", ".join(view.id for view in views) or "no view: publish one"
    _say(f"Serving {url} with {served}. Stop with Ctrl-C.")


def _say(text: str) -> None:
    open_console(stderr=True).print(text, soft_wrap=True)
