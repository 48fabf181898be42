"""`customer-view serve`: a gateway behind HTTP, until the process is told to stop."""

from __future__ import annotations

import asyncio
import logging

from adapters.crossref import CrossReferenceError
from gateway.bounded_http import Bounds
from gateway.cli.application import load_gateway
from gateway.command_error import CommandError
from gateway.gateway import Gateway
from gateway.serving import bind, run_until_told, serving
from gateway.terminal import open_console

__all__ = ["run_serve"]


def run_serve(app: str, host: str | None, port: int | None) -> None:
    """Serve the gateway at the address given, else at that of its settings.

    Raises:
        CommandError: There is no such gateway, its cross-reference cannot be opened, or the address is not to be had.
        ConfigurationError: It is declared wrongly. Nothing listened.
    """
    gateway = load_gateway(app)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    chosen_host = gateway.settings.host if host is None else host
    run_until_told(_serve(gateway, chosen_host, gateway.settings.port if port is None else port))


async def _serve(gateway: Gateway, host: str, port: int) -> None:
    try:
        async with gateway.running() as service:
            with bind(host, port) as listening:
                async with serving(gateway, listening, Bounds(connections=gateway.settings.most_connections)):
                    views = ", ".join(view.id for view in service.views) or "no view: publish one"
                    where = f"http://{host}:{listening.getsockname()[1]}"
                    open_console(stderr=True).print(f"Serving {where} with {views}. Stop with Ctrl-C.", soft_wrap=True)
                    await asyncio.Event().wait()
    except CrossReferenceError as error:
        raise CommandError(f"The cross-reference cannot be opened: {error}") from error
