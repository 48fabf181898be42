"""How the door stands at which requests get their turns, read when somebody looks."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.admission import Admission
from gateway.telemetry.metrics import catalog
from gateway.telemetry.metrics.instruments import Reading

__all__ = ["read_door"]


def read_door(admission: Admission) -> Sequence[Reading]:
    """Return how many requests were shed or had to wait, and how many wait now."""
    counts = admission.counts
    return (
        Reading(catalog.REQUESTS_SHED, [((str(each),), count) for each, count in counts.shed.items()]),
        Reading(catalog.REQUESTS_QUEUED, [((str(each),), count) for each, count in counts.waited.items()]),
        Reading(catalog.REQUESTS_WAITING, [((), admission.waiting)]),
        Reading(catalog.REQUESTS_WIDTH, [((), admission.width.limit)]),
    )
