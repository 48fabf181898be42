"""What came of requests at the door: plain numbers, read by whoever measures."""

from __future__ import annotations

from dataclasses import dataclass, field

from schema.caller import ConsumerClass

__all__ = ["Counts"]


def _zeros() -> dict[ConsumerClass, int]:
    return dict.fromkeys(ConsumerClass, 0)


@dataclass(slots=True)
class Counts:
    """How many requests of each class have waited for their turn, and how many were shed: since the process began."""

    waited: dict[ConsumerClass, int] = field(default_factory=_zeros)
    shed: dict[ConsumerClass, int] = field(default_factory=_zeros)
