"""The three sources as one program in C, and what can be set and read of it while it runs."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.bench.peers.processes import LOAD_CPU, Running, running, until_up

__all__ = ["Sources", "build_sources", "free_port", "sources"]

_CODE = Path(__file__).parent / "mock" / "sources.c"


def build_sources(folder: Path) -> Path:
    """Compile the sources into the folder, and return the program. Raises CalledProcessError when gcc cannot."""
    program = folder / "sources"
    if not program.exists() or program.stat().st_mtime < _CODE.stat().st_mtime:
        subprocess.run(["gcc", "-O2", "-o", str(program), str(_CODE)], check=True)
    return program


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


class Sources:
    """The running sources. `url` is where they are."""

    def __init__(self, url: str, program: Running) -> None:
        self.url, self.program = url, program

    def get(self, path: str) -> Any:
        """Return the JSON at the path."""
        with urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def reset(self) -> None:
        """Set all counts to nothing."""
        self.get("/__reset")

    def counts(self) -> dict[str, int]:
        """Return what has been asked since the last reset: calls, bytes, keys, batches, credentials and others."""
        counted: dict[str, int] = self.get("/__stats")
        return counted

    @contextmanager
    def holding(self, *, latency_ms: float = 0, down: str | None = None, batching: bool = True) -> Iterator[None]:
        """Answer so much later, with one source down, or one key a call alone, for as long as the context lasts."""
        self._set(latency_ms, down or "none", batching)
        try:
            yield
        finally:
            self._set(0, "none", batching=True)

    def _set(self, latency_ms: float, down: str, batching: bool) -> None:
        self.get(f"/__set?latency_ms={latency_ms}&down={down}&how=error&batching={int(batching)}")

    def records(self, ids: Sequence[int]) -> list[tuple[Any, Any, Any]]:
        """Return the records of these customers: (crm, billing, support) each."""
        listed = ",".join(map(str, ids))
        return list(
            zip(
                self.get(f"/crm/customers?ids={listed}"),
                self.get(f"/billing/accounts?customer_ids={listed}"),
                self.get(f"/support/tickets?customer_ids={listed}"),
                strict=True,
            )
        )


@contextmanager
def sources(program: Path, logs: Path) -> Iterator[Sources]:
    """Run the sources on a free port, beside the load."""
    port, log = free_port(), logs / "sources.log"
    with running([str(program), str(port)], LOAD_CPU, log) as child:
        served = Sources(f"http://127.0.0.1:{port}", child)
        until_up(child, served.counts, log)
        yield served
