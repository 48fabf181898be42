"""A process that asks a source when it is told to: `python -m tests.misbehaving.child BASE URL`.

For every line of its input it asks once, and writes a line of JSON: the reasons of the answers, the seconds, and by how
many MiB the memory that it held rose at its highest.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from adapters.adapter import Batch, Call
from adapters.answers import SourceError
from schema.deadline import Deadline
from tests.misbehaving.bases import BASES, Base

__all__ = ["memory_from_now", "most_held"]

_PEAK, _HELD = "VmHWM", "VmRSS"


def main(name: str, url: str) -> None:
    """Ask whenever a line comes, until the input ends."""
    asyncio.run(_ask_often(BASES[name], url))


async def _ask_often(base: Base, url: str) -> None:
    await _ask(base, url)  # what is made once is made
    for _ in sys.stdin:
        before, began = memory_from_now(), time.monotonic()
        reasons = await _ask(base, url)
        told = {"reasons": reasons, "seconds": time.monotonic() - began, "grown": most_held() - before}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


async def _ask(base: Base, url: str) -> list[str]:
    adapter = base.adapter_at(url)
    try:
        offer = adapter.offers[0]
        batch = Batch(offer, tuple(sorted(offer.record.model_fields)), ("K-0001", "K-0002"))
        answers = await adapter.fetch(batch, Call(Deadline.after(10), "dpv:ServiceProvision"))
        return sorted({one.reason if isinstance(one, SourceError) else "" for one in answers.values()})
    finally:
        await adapter.aclose()


def memory_from_now() -> float:
    """Return the MiB that this process holds now; the highest begins anew."""
    Path("/proc/self/clear_refs").write_text("5")  # as proc(5) says
    return _memory(_HELD)


def most_held() -> float:
    """Return the MiB that this process held at its highest."""
    return _memory(_PEAK)


def _memory(word: str) -> float:
    """Return MiB, as Linux tells them in proc(5)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(word)) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
