"""Two gateways in this process that differ in their audit alone, over sources that answer without a socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.deadline import Clock
from tests.bench import inside
from tests.bench.disclosure.asking import Sent, Way
from tests.bench.disclosure.product import DISCLOSURE, declared, prepare
from tests.bench.disclosure.verifier import Verifier
from tests.bench.inside import FastLoop, Inside, VirtualLoop

__all__ = ["Opened", "opened"]


@dataclass(frozen=True, slots=True)
class Opened:
    """The gateways: one that records nothing, and one that records every request before its answer leaves."""

    unrecorded: Inside
    audited: Inside

    def of(self, way: Way) -> Inside:
        """Return the one that is asked in this way."""
        return self.audited if way.is_audited else self.unrecorded

    def ask(self, way: Way, sent: Sent) -> bytes:
        """Return the answer to a request. Raises RuntimeError when its status is not 200."""
        return self.of(way).ask(*sent)


@contextmanager
def opened(
    verifier: Verifier,
    loop: Callable[[], VirtualLoop | FastLoop] = FastLoop,
    now: Callable[[], float] = time.time,
) -> Iterator[Opened]:
    """Open both for as long as the context lasts. `now` tells the seconds since 1970."""
    unrecorded, audited = (partial(_prepared, verifier, now, is_audited=is_audited) for is_audited in (False, True))
    with inside.opened(loop(), unrecorded) as one, inside.opened(loop(), audited) as other:
        yield Opened(one, other)


def _prepared(verifier: Verifier, now: Callable[[], float], folder: Path, clock: Clock, *, is_audited: bool) -> Gateway:
    prepare(folder, inside.KNOWN, verifier)
    settings = Settings(**declared(folder, is_audited=is_audited))
    return DISCLOSURE.gateway(inside.SOURCES, folder, clock=clock, now=now, settings=settings)
