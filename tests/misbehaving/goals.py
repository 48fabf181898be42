"""What is held whatever a source does wrong."""

from __future__ import annotations

from adapters.testing.wrongs import LATE
from tests.misbehaving.measuring import Measured

__all__ = ["faults"]

_MOST_LATE = 0.05
_LONGEST_BACK = 2.0
"""Seconds behind the deadline, and until a source that is back is asked again as ever."""

_MOST_GROWN = 50.0
_MOST_FAILURES = 5
_SHARE, _FLOOR = 1.2, 10
"""MiB; failures in a row until a breaker opens; calls for each request, and beside these as many as may always be sent
again within ten seconds."""


def faults(one: Measured, *, margin: float = 1.0) -> list[str]:
    """Return, in words, what a kind has not held. A margin is for machines that do much else: so much later is in time,
    and what has come too late is no fault."""
    allowed = {str(reason) for reason in (one.wrong.reasons if margin == 1 else one.wrong.reasons | LATE) if reason}
    strange = set(one.codes) - allowed - {"CIRCUIT_OPEN"}
    most = _SHARE * one.asks + _FLOOR
    fails_always = None not in one.wrong.reasons
    held = {
        f"{one.asks - one.whole} answers without all of the other source": one.whole == one.asks,
        f"values for which stands {sorted(strange)}": not strange,
        "values of a source that cannot have told them": bool(one.codes) or not fails_always,
        f"{one.late * 1_000:.0f} ms after the deadline": one.late <= _MOST_LATE + (margin - 1) * one.deadline,
        f"{one.calls} calls; wanted {most:.0f} at most": one.calls is None or one.calls <= most,
        f"opened by {one.opened} calls": one.opened is None or one.opened <= _MOST_FAILURES or not fails_always,
        f"back after {one.back:.2f} s": one.back <= margin * _LONGEST_BACK,
        f"grown by {one.grown:.0f} MiB": one.grown < _MOST_GROWN,
    }
    return [fault for fault, is_held in held.items() if not is_held]
