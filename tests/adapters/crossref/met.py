"""What the runs of the machine have to meet, so that nothing in it is looked at in vain."""

from __future__ import annotations

from collections import Counter

from adapters.crossref import ConflictCode
from adapters.crossref.events import EventType

__all__ = ["ALL", "too_few"]

WAYS = ("written again", "answered again", "as of", "undone after a move", "merged with ids", "heard")
RARE = {EventType.IDENTIFIERS_REKEYED, EventType.RESTRICTION_LIFTED, "undone with ids", "erased with ids"}
ALL = {*EventType, *ConflictCode, *WAYS, *RARE} - {ConflictCode.CUSTOMER_RETIRED}  # no operation retires a customer


def too_few(met: Counter[str], least: int) -> dict[str, int]:
    """Return how often each kind of event and conflict, and what is easily got wrong, was met, where it was less often
    than that; what is rare has to be met once for ten times."""
    assert met["steps"] == 50 * met["runs"]
    return {what: met[what] for what in ALL if met[what] < (least / 10 if what in RARE else least)}
