"""Views that show nobody without a relationship: whom they refuse, and when an answer that refuses somebody leaves.

That a customer is not shown is told by SUBJECT_UNKNOWN alone, whether it is unknown, erased, or has no open case. So
that time does not tell it either, every answer in which a customer is not shown leaves at the view's `refusal_ms`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from adapters.adapter import Call
from resolvers.finding import Found
from resolvers.gates import Gate
from resolvers.readings import Readings

__all__ = ["has_refused", "in_refusal_time", "related"]

_FOR_SOURCES = 0.9
"""The part of `refusal_ms` in which sources can answer; the rest is for making the answer."""


def in_refusal_time(call: Call, arrived: float, refusal_ms: int) -> Call:
    """Return the call with the deadline of an answer that leaves `refusal_ms` after the request has arrived."""
    until = min(call.deadline.at, arrived + _FOR_SOURCES * refusal_ms / 1000)
    return replace(call, deadline=replace(call.deadline, at=until))


def has_refused(found: Found) -> bool:
    """Return whether a look-up shows nobody."""
    return any(subject is None for of_root in found.by_root.values() for subject in of_root)


def related(found: Found, gates: Collection[Gate], readings: Readings) -> Found:
    """Return those of the customers for whom all of the gates are open, as they were last read.

    Who has not been answered for is none of them.
    """
    if not gates:
        return found
    outcomes = [(one, readings.outcome(gate, one)) for gate in gates for one in found.subjects]
    refused = {subject.customer_id: outcome.reason for subject, outcome in outcomes if outcome is not None}
    for reason in sorted(set(refused.values())):
        found = found.without([name for name, one in refused.items() if one is reason], reason)
    return found
