"""Tries every client on a gateway on a socket and prints what worked: `python -m tests.clients`."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.clients.real import CLIENTS, COLUMNS, row
from tests.gateway.bridge import TOKEN, listening, write_bridge

_WIDTH = 120


async def _rows(folder: Path) -> list[tuple[str, ...]]:
    write_bridge(folder)
    async with listening(folder) as served:
        return [row(client, await asyncio.to_thread(client.ask, served.url, TOKEN)) for client in CLIENTS]


def _main() -> None:
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        rows = asyncio.run(_rows(Path(name)))
    table = Table(*COLUMNS)
    for each in rows:
        table.add_row(*each)
    Console(width=_WIDTH).print(table)


_main()
