"""Turns of look-ups in one cross-reference, of customers who are taken at random."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from adapters.crossref import CrossReference, Lookup, Subject
from tests.bench.linked.rows import SOURCES, customers_of, key_of
from tests.bench.load import WrongAnswerError

__all__ = ["Filled", "Looked", "forget_files", "keep", "look_up_first", "look_up_for", "read_files"]

_AT_A_TIME = 50
_FIRST = 100
_READ_AT_ONCE = 2**20


@dataclass(frozen=True, slots=True)
class Filled:
    """A cross-reference of so many links. `cpu` returns the seconds of CPU of all that answers."""

    links: int
    store: CrossReference
    cpu: Callable[[], float]

    def asked(self, count: int, among: int | None = None) -> list[Lookup]:
        """Return look-ups of so many customers; with `among` of the first so many alone."""
        return [Lookup(SOURCES[0], key_of(number)) for number in random.choices(self.numbers(among), k=count)]

    def numbers(self, among: int | None = None) -> range:
        """Return the numbers of the customers, or of the first so many."""
        every = customers_of(self.links)
        return range(every if among is None else min(among, every))


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look-up of a turn cost: microseconds of CPU, and of time until it was answered."""

    cpu_us: float
    p50_us: float


async def look_up_for(filled: Filled, count: int, seconds: float, among: int | None = None) -> Looked:
    """Look up so many customers at once, again and again. Raises WrongAnswerError when one is not found.

    Between look-ups the event loop has its turn now and then, as it has where requests wait for sources.
    """
    times: list[float] = []
    spent = 0.0
    while not times or sum(times) < seconds:
        asked = [filled.asked(count, among) for _ in range(_AT_A_TIME)]
        began = filled.cpu()
        for lookups in asked:
            start = time.perf_counter()
            found = await filled.store.resolve_many(lookups)
            times.append(time.perf_counter() - start)
        spent += filled.cpu() - began
        _check(found)
        await asyncio.sleep(0.001)
    return Looked(spent / len(times) * 1e6, median(times) * 1e6)


async def keep(filled: Filled, among: int) -> None:
    """Have look-ups of the first so many customers kept, for which a watch vouches a little later."""
    for _ in range(3):
        await filled.store.resolve_many([Lookup(SOURCES[0], key_of(number)) for number in filled.numbers(among)])
        await asyncio.sleep(0.1)


async def look_up_first(filled: Filled) -> float:
    """Return the microseconds that one of the first look-ups takes when files are read from the disk: the mean."""
    times = []
    for lookup in filled.asked(_FIRST):
        start = time.perf_counter()
        _check(await filled.store.resolve_many([lookup]))
        times.append(time.perf_counter() - start)
    return mean(times) * 1e6


def _check(found: Sequence[Subject | None]) -> None:
    if not all(subject and len(subject.keys) == len(SOURCES) for subject in found):
        raise WrongAnswerError("a customer was not found with every key; remove build/bench-links and run it again")


def forget_files(files: Iterable[Path]) -> bool:
    """Have the system read these files from the disk when they are next read; return whether it can be told to."""
    if not hasattr(os, "posix_fadvise"):
        return False
    for file in files:
        opened = os.open(file, os.O_RDONLY)
        try:
            os.fsync(opened)
            os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(opened)
    return True


def read_files(files: Iterable[Path]) -> None:
    """Have these files in the machine's memory, as far as it has room."""
    for path in files:
        with path.open("rb") as file:
            while file.read(_READ_AT_ONCE):
                pass
