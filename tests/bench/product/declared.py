"""A gateway that is measured: what a model needs beside it, written once for all of them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from adapters.crossref import LoadRow, Lookup, Restriction, SourceSystem, SqliteCrossReference
from adapters.http import HttpAdapter
from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.deadline import Clock
from schema.lock import publish

__all__ = ["PATH", "TOKEN", "VIEW", "Product", "is_loaded", "open_crossref", "read_through"]

VIEW = "bench"
_READ_AT_ONCE = 2**20

PATH = f"/views/{VIEW}/graphql"
TOKEN = "cv_" + "b" * 43

_VIEW = f"""
name: {VIEW}
version: 1
title: Benchmark
description: The fields that the benchmark asks for.
owner: Benchmark
review_by: 2099-01-01
purpose: {{dpv: CustomerCare}}
lawful_basis: {{gdpr: A6-1-b}}
consumers: [bench]
lookups: [id, crm]
limits: {{customers: 1000, deadline_ms: 20000, calls: 4000, tokens: 1000, weight: 100000}}
receipt: fields
fields:
"""
_CONSUMER = f"- {{name: bench, token_sha256: {sha256(TOKEN.encode()).hexdigest()}, views: [{VIEW}]}}\n"
_NEWS_EVERY = 1_000

Restrictions = Mapping[Lookup, Sequence[Restriction]]


@dataclass(frozen=True, slots=True)
class Product:
    """A model with its adapters, and what stands in its view and in its cross-reference.

    `fields` are the view's, names by type; `systems` the sources whose keys the cross-reference knows; `row` makes the
    row of a customer of it. `adapters` takes the URL of the sources and what is said of them.
    """

    model: type
    adapters: Callable[..., list[HttpAdapter]]
    fields: Mapping[str, str]
    systems: Sequence[str]
    row: Callable[[int], LoadRow]

    def write_view(self, folder: Path) -> None:
        """Write the view and the consumer into the folder, in place of older ones."""
        views = folder / "views"
        views.mkdir(exist_ok=True)
        (views / "views.lock").unlink(missing_ok=True)
        listed = [f"  {owner}.{name}:\n" for owner, names in self.fields.items() for name in names.split()]
        (views / f"{VIEW}@1.yaml").write_text(_VIEW + "".join(listed))
        publish(views, f"{VIEW}@1")
        (folder / "consumers.yaml").write_text(_CONSUMER)

    def load(
        self,
        folder: Path,
        customers: Iterable[int],
        restrictions: Restrictions | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> float:
        """Load a cross-reference of these customers into the folder; return the seconds it took.

        A load that is interrupted leaves no file behind that a later run would take for a whole one. `progress` is told
        how many have been taken.
        """
        file = _crossref_in(folder)
        unfinished = file.with_suffix(".loading")
        for left in (unfinished, Path(f"{unfinished}-wal"), Path(f"{unfinished}-shm")):
            left.unlink(missing_ok=True)
        began = time.monotonic()
        asyncio.run(self._load(unfinished, _telling(map(self.row, customers), progress), restrictions or {}))
        unfinished.rename(file)
        return time.monotonic() - began

    async def _load(self, file: Path, rows: Iterable[LoadRow], restrictions: Restrictions) -> None:
        crossref = SqliteCrossReference.open(file)
        try:
            for system in self.systems:
                await crossref.register_source(SourceSystem(system), actor="bench")
            await crossref.load(rows, actor="bench", restrictions=restrictions)
        finally:
            await crossref.aclose()

    def gateway(
        self,
        sources: str,
        folder: Path,
        *,
        clock: Clock = time.monotonic,
        now: Callable[[], float] = time.time,
        settings: Settings | None = None,
        **how: Any,
    ) -> Gateway:
        """Return the gateway over the sources at this URL and what the folder holds; `how` is what adapters take.

        Without settings they are those of the environment.
        """
        return Gateway(
            model=self.model,
            adapters=self.adapters(sources, **how),
            views=folder / "views",
            crossref=f"sqlite:///{_crossref_in(folder)}",
            consumers=folder / "consumers.yaml",
            settings=settings,
            clock=clock,
            now=now,
        )

    def from_environment(self) -> Gateway:
        """Return the gateway that the environment asks for, for a process of its own.

        BENCH_FOLDER and BENCH_SOURCES say over what, BENCH_BATCHING=0 that the sources take one key a call,
        BENCH_IN_FLIGHT how many fetches of an offer run together.
        """
        return self.gateway(
            os.environ["BENCH_SOURCES"],
            Path(os.environ["BENCH_FOLDER"]),
            batching=os.environ.get("BENCH_BATCHING", "1") == "1",
            in_flight=int(os.environ.get("BENCH_IN_FLIGHT", "8")),
        )


def open_crossref(folder: Path) -> SqliteCrossReference:
    """Return the cross-reference that was loaded into the folder; who gets it closes it."""
    return SqliteCrossReference.open(_crossref_in(folder))


def is_loaded(folder: Path) -> bool:
    """Return whether a cross-reference was loaded into the folder, to its end."""
    return _crossref_in(folder).exists()


def read_through(folder: Path) -> None:
    """Have the cross-reference in the machine's memory, as it is where it is in use: a page of the disk that is read
    for the first time costs ten times a look-up, and a run of some minutes hardly asks for a customer twice."""
    with _crossref_in(folder).open("rb") as file:
        while file.read(_READ_AT_ONCE):
            pass


def _crossref_in(folder: Path) -> Path:
    return folder / "crossref.db"


def _telling(rows: Iterable[LoadRow], progress: Callable[[int], None]) -> Iterator[LoadRow]:
    for taken, row in enumerate(rows, 1):
        if taken % _NEWS_EVERY == 0:
            progress(taken)
        yield row
