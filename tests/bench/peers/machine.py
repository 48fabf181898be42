"""What the figures were made on, and when."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from tests.bench.machine import processor
from tests.bench.peers.installing import versions
from tests.bench.peers.processes import GATEWAY_CPU, LOAD_CPU

__all__ = ["machine"]

_OURS = ("customer-view-gateway", "graphql-core", "uvicorn", "uvloop", "httptools", "aiohttp", "orjson", "msgspec")
_BY_HAND = ("strawberry-graphql", "fastapi", "httpx", "httpx-aiohttp")


def machine(built: Path) -> dict[str, Any]:
    """Return date, processor, memory, system and the versions of everything that was measured."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cpu": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}, {_distribution()}",
        "pinned": f"gateway on processor {GATEWAY_CPU}, sources and load on {LOAD_CPU}",
        "node": _told(["node", "--version"]).removeprefix("v"),
        "wrk": _told(["wrk", "-v"]).split(" ")[1],
        "python": platform.python_version(),
        "ours": {name: version(name) for name in _OURS},
        "theirs": {**{name: version(name) for name in _BY_HAND}, **versions(built)},
    }


def _distribution() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")


def _told(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "not there"
    return (done.stdout or done.stderr).strip().splitlines()[0]
