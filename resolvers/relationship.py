"""Views that show nobody without an open case: the customers whom they refuse, and when an answer that refuses leaves.

That a customer is not shown is told by SUBJECT_UNKNOWN alone, whether it is unknown, erased, or has no open case. So
that time does not tell it either, every answer in which a customer is not shown leaves at the view's `refusal_ms`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from adapters.adapter import Call
from adapters.crossref import Subject
from adapters.gathering import Gather
from resolvers.catalog import Catalog
from resolvers.finding import Found
from resolvers.gates import Gate
from resolvers.gating import gate_steps
from resolvers.plan import GateStep
from resolvers.policy.gates import Outcome, unknown
from resolvers.readings import ask_gates, read_outcome
from schema.deadline import Deadline

__all__ = ["has_refused", "in_refusal_time", "related"]

_FOR_SOURCES = 0.9
"""The part of `refusal_ms` in which sources can answer; the rest is for making the answer."""


def in_refusal_time(call: Call, started: float, refusal_ms: int) -> Call:
    """Return the call with the deadline of an answer that leaves `refusal_ms` after it started."""
    until = min(call.deadline.at, started + _FOR_SOURCES * refusal_ms / 1000)
    return replace(call, deadline=Deadline(until, call.deadline.clock))


def has_refused(found: Found) -> bool:
    """Return whether a look-up shows nobody."""
    return any(subject is None for of_root in found.by_root.values() for subject in of_root)


async def related(
    found: Found,
    gates: Iterable[Gate],
    catalog: Catalog,
    sources: Mapping[str, Gather],
    call: Call,
    *,
    now: float,
    case: str | None,
) -> Found:
    """Return those of the customers for whom all of the gates are open, asked in one call for all of them.

    Who has not been answered for by the call's deadline is none of them.
    """
    steps, shut = gate_steps(catalog, gates)
    outcomes: list[tuple[Subject, Outcome]] = [(one, unknown(gate)) for gate in shut for one in found.subjects]
    calls: Counter[str] = Counter()
    read = await asyncio.gather(*(_read(step, found.subjects, sources, call, now, case) for step in steps))
    for step, (decided, ended) in zip(steps, read, strict=True):
        outcomes += decided
        calls[step.source] += ended
    found = replace(found, calls=+calls)
    refused = {subject.customer_id: outcome.reason for subject, outcome in outcomes if outcome is not None}
    for reason in sorted(set(refused.values())):
        found = found.without([name for name, one in refused.items() if one is reason], reason)
    return found


async def _read(
    step: GateStep,
    subjects: Sequence[Subject],
    sources: Mapping[str, Gather],
    call: Call,
    now: float,
    case: str | None,
) -> tuple[list[tuple[Subject, Outcome]], int]:
    """Return what was decided of each customer, and how many calls have ended."""
    asked = ask_gates(step, subjects, sources, call)
    await asyncio.wait([asked], timeout=call.deadline.remaining())
    if not asked.done():
        asked.cancel()
        return [(subject, unknown(gate)) for gate in step.gates for subject in subjects], 0
    gathered = asked.result()
    pairs = [(gate, one) for gate in step.gates for one in subjects]
    decided = [(one, read_outcome(step, gate, one, gathered.answers, now, case)) for gate, one in pairs]
    return decided, len(gathered.sent)
