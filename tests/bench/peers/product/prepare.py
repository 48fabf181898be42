"""Writes what this gateway needs: its view, its consumer, and the cross-reference of every customer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from adapters.crossref import LoadRow, SourceSystem, SqliteCrossReference
from schema.lock import publish
from tests.bench.peers.product.model import WIDE_FIELDS

__all__ = ["SOURCES", "TOKEN", "VIEW", "load_customers", "write_view"]

VIEW = "bench"
TOKEN = "cv_" + "b" * 43
SOURCES = ("crm", "billing", "support")

_VIEW = """
name: bench
version: 1
title: Benchmark
description: The fields that the benchmark asks for.
owner: Benchmark
review_by: 2099-01-01
purpose: {dpv: CustomerCare}
lawful_basis: {gdpr: A6-1-b}
consumers: [bench]
lookups: [id, crm]
limits: {customers: 1000, deadline_ms: 20000, calls: 4000, tokens: 1000, weight: 100000}
receipt: fields
fields:
  Customer.id:
"""
_FIELDS = {
    "Customer": "profile account support wide",
    "Profile": "firstName lastName email phone birthDate street city postcode country segment status marketingOptIn "
    "createdAt notes",
    "Account": "accountNumber balance currency status invoices",
    "Invoice": "id amount dueDate paid",
    "Support": "tickets",
    "Ticket": "id subject status priority channel createdAt",
    "Wide": " ".join(f"f{number}" for number in range(1, WIDE_FIELDS + 1)),
}


def write_view(folder: Path) -> None:
    """Write the view and the consumer into the folder, in place of older ones."""
    views = folder / "views"
    views.mkdir(exist_ok=True)
    (views / "views.lock").unlink(missing_ok=True)
    listed = [f"  {owner}.{name}:\n" for owner, names in _FIELDS.items() for name in names.split()]
    (views / f"{VIEW}@1.yaml").write_text(_VIEW + "".join(listed))
    publish(views, f"{VIEW}@1")
    digest = sha256(TOKEN.encode()).hexdigest()
    (folder / "consumers.yaml").write_text(f"- {{name: bench, token_sha256: {digest}, views: [{VIEW}]}}\n")


def load_customers(file: Path, customers: int, progress: Callable[[int], None]) -> float:
    """Load a cross-reference of so many customers, each with a key in every source; return the seconds it took.

    A load that is interrupted leaves no file behind that a later run would take for a whole one.
    """
    unfinished = file.with_suffix(".loading")
    for left in (unfinished, Path(f"{unfinished}-wal"), Path(f"{unfinished}-shm")):
        left.unlink(missing_ok=True)
    began = time.monotonic()
    asyncio.run(_load(unfinished, customers, progress))
    unfinished.rename(file)
    return time.monotonic() - began


async def _load(file: Path, customers: int, progress: Callable[[int], None]) -> None:
    crossref = SqliteCrossReference.open(file)
    try:
        for source in SOURCES:
            await crossref.register_source(SourceSystem(source), actor="bench")
        await crossref.load(_rows(customers, progress), actor="bench")
    finally:
        await crossref.aclose()


def _rows(customers: int, progress: Callable[[int], None]) -> Iterator[LoadRow]:
    for number in range(1, customers + 1):
        if number % 1_000 == 0:
            progress(number)
        yield f"cus_{number:032x}", dict.fromkeys(SOURCES, (str(number),))
