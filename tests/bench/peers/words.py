"""What the page says around its tables."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

from tests.bench.peers.markdown import WIDTH

__all__ = ["HEAD", "TAIL", "machine_line", "versions"]

HEAD = """# Performance

What a request costs this gateway, next to others on the same machine in the same run. Ratios hold elsewhere, single
figures do not. This page is written by `make bench-peers`; to repeat it takes up to an hour, and `make bench-peers
OPTIONS=--quick` shows in two minutes that it works.
"""

TAIL = """## The workload, and how it is measured

* Three sources answer for 900,000 customers: a CRM (480 bytes, 15 fields), billing (330 bytes, three invoices) and a
  support desk (640 bytes, five tickets). Each request has the same text and asks for another customer.
* Every gateway is one process alone on one processor; the sources, a program in C, and the load (wrk) share another.
* Turns alternate: another gateway, ours, the next one, ours. A figure is the median of its rounds, a ratio the median
  of turns that lay side by side.
* CPU is user and system time, counted by the kernel from the first request until nothing is left to do.
* Answers are compared with the sources' before and after, not during a turn: wrk takes every status 200 for good.
* A closed loop of few connections asks in step with the gateway, which flatters those who merge calls; the open loop
  shows how much of it stays.

## What differs between them

* This gateway knows each source's key from a table of 900,000 customers, a file that the machine has in memory when
  the run begins, knows the caller by its token, checks the view, its limits and the customer's restrictions, and
  writes a receipt that names every field that was read. The others do none of it.
* It asks sources for the wanted fields alone (`fields=`) and merges what concurrent requests ask. The others do as
  their documentation says: a loader for each source, every field of a record. Tailcall merges too; Mercurius was
  also given `fields=`.
* Others ask by a number, `customer(id: 1)`; this one by a key of the CRM, `customer(by: {crm: "1"})`, which it has to
  look up.
* A source that is down costs a gateway without error handling little: it forgets the field. Ours tells why it is null.
* Callers' own tokens are forwarded by the engine, and the test gives them to it: no door takes one from a caller yet.
"""


def machine_line(machine: Mapping[str, Any] | None) -> str:
    """Return the sentence of when and where; nothing where that was not kept."""
    if not machine:
        return ""
    told = (
        f"Measured on {machine['date']} on {machine['cpu']}, {machine['cores']} processors, {machine['memory_gb']} GB, "
        f"{machine['system']}; {machine['pinned']}."
    )
    return f"\n{fill(told, WIDTH)}\n"


def versions(machine: Mapping[str, Any] | None) -> str:
    """Return the section of versions; nothing where they were not kept."""
    if not machine:
        return ""
    base = {"Python": machine["python"], "Node": machine["node"], "wrk": machine["wrk"]}
    named = {"Underneath": base, "This gateway": machine["ours"], "The others": machine["theirs"]}
    lines = [
        fill(
            f"* {whose}: {', '.join(f'{name} {version}' for name, version in those.items())}.",
            WIDTH,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for whose, those in named.items()
    ]
    return "\n## Versions\n\n" + "\n".join(lines) + "\n"
