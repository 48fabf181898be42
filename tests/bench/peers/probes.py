"""Questions that are no timing: what a gateway asks of the sources when many ask it at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

from tests.bench.peers.asking import post
from tests.bench.peers.programs import Serving
from tests.bench.peers.sources import Sources
from tests.bench.peers.workload import QUERIES, Dialect

__all__ = ["at_once", "merging", "mixed_tokens"]

_CALLERS = 20
_LATENCY_MS = 50
"""Milliseconds that the sources take: long enough that all callers ask while the first one waits."""


def merging(served: Serving, dialect: Dialect, sources: Sources) -> dict[str, int]:
    """Return the calls for twenty that ask Q1 at once, for one customer and for twenty, and the keys that are asked
    for ten times one customer in one request."""
    one, many = QUERIES["q1"], QUERIES["q2"]
    with sources.holding(latency_ms=_LATENCY_MS):
        same = _calls(served, [(dialect, dialect.body(one, [4242]))] * _CALLERS, sources)
        others = _calls(served, [(dialect, dialect.body(one, [5000 + place])) for place in range(_CALLERS)], sources)
        sources.reset()
        post(served.port, dialect, dialect.body(many, [77] * 10))
        return {"same": same["calls"], "others": others["calls"], "keys_of_ten": sources.counts()["keys"]}


def mixed_tokens(served: Serving, dialect: Dialect, sources: Sources) -> dict[str, int]:
    """Return what arrives for twenty callers, each with a token of its own, that ask Q3 at once: calls, and tokens."""
    query = QUERIES["q3"]
    callers = [replace(dialect, headers={"Authorization": f"Bearer caller-{place}"}) for place in range(_CALLERS)]
    asked = [(caller, caller.body(query, [100 + place])) for place, caller in enumerate(callers)]
    with sources.holding(latency_ms=_LATENCY_MS):
        counted = _calls(served, asked, sources)
    return {"callers": _CALLERS, "calls": counted["calls"], "tokens": counted["credentials"]}


def _calls(served: Serving, asked: Sequence[tuple[Dialect, bytes]], sources: Sources) -> dict[str, int]:
    """Ask all at once, twice, and return what the second time came to: the first opens connections."""
    for _ in range(2):
        sources.reset()
        at_once(served.port, asked)
    return sources.counts()


def at_once(port: int, asked: Sequence[tuple[Dialect, bytes]]) -> list[Any]:
    """Send all requests at one moment, each by a connection of its own, and return the answers in their order."""
    ready = Barrier(len(asked))

    def ask(one: tuple[Dialect, bytes]) -> Any:
        ready.wait()
        return post(port, *one)

    with ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(ask, asked))
