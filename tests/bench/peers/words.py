"""What the page says around its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["HEAD", "TAIL", "told_machine"]

HEAD = """# Performance

This page is written by `make bench-peers`, which measures this gateway beside others on one machine, in one run.
Machines differ and are noisy: the ratios say something, single figures little.

**The workload.** Three sources answer for 900,000 customers: a CRM (480 bytes, 15 fields), billing (330 bytes, with
three invoices) and a support desk (640 bytes, with five tickets). Q1 asks 12 fields of all three for one customer,
Q2 the same for fifty, Q3 one field of one source, Q0 `{__typename}`. The text is the same in every request, the
customer another one.

**How it is measured.** Every gateway is one process alone on one processor; the sources, a program in C, and the
load (wrk) share another. Turns alternate: another gateway, ours, the next one, ours. Each figure is the median over
its rounds, each ratio the median of turns that lay side by side. CPU is user and system time of the gateway,
counted by the kernel, from the first request until nothing is left to do, for each request answered. Before and
after, answers are compared with what the sources say.

**What this gateway does that the others do not.** It knows each source's key from a table of 900,000 customers,
knows the caller by its token, checks the view, its limits and the customer's restrictions, and writes a receipt
that names every field that was read. It asks sources for the wanted fields alone (`fields=`), and merges what
concurrent requests ask. The others do as their documentation says: a loader for each source, every field of a
record. Mercurius was also given `fields=`. Tailcall merges too. Others ask by a number, `customer(id: 1)`; this
gateway by a key of the CRM, `customer(by: {crm: "1"})`, which it has to look up.
"""

TAIL = """## To bear in mind

* To repeat: `make bench-peers`, which takes up to an hour and installs what it needs; `make bench-peers
  OPTIONS=--quick` shows in two minutes that it works.
* A closed loop of few connections asks in step with the gateway, which flatters those who merge calls; the open
  loop shows how much of it stays.
* Peak memory of this gateway counts the parts of the cross-reference's file that the system keeps mapped.
* wrk takes every answer of status 200 for a good one; answers are compared before and after, not during a turn.
* A source that is down costs a gateway without error handling little: it forgets the field. Ours tells why it is
  null.
* Callers' own tokens are forwarded by the engine, and the test gives them to it: no door takes one from a caller yet.
* CPU of a customer and of a field was measured on this gateway, and on Mercurius for customers.
"""


def told_machine(machine: Mapping[str, Any] | None) -> str:
    """Return the paragraph of where, when and with which versions; nothing where that was not kept."""
    if not machine:
        return ""
    ours, theirs = (
        ", ".join(f"{name} {version}" for name, version in machine[of].items()) for of in ("ours", "theirs")
    )
    return (
        f"**Where and when.** {machine['date']}: {machine['cpu']}, {machine['cores']} processors, "
        f"{machine['memory_gb']} GB, {machine['system']}; {machine['pinned']}. "
        f"Python {machine['python']}, Node {machine['node']}, wrk {machine['wrk']}. This gateway: {ours}. "
        f"Others: {theirs}.\n"
    )
