"""What a source can do wrong on its wire, whatever the protocol: a name, what it means, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass

from schema.reasons import Reason

__all__ = ["AUTH", "ERROR", "LATE", "LIMITED", "RIGHT", "Reasons", "Wrong"]

Reasons = frozenset[Reason | None]
"""What a key may be answered with; None is its own record, whole and right."""

ERROR: Reasons = frozenset({Reason.SOURCE_ERROR})
LATE: Reasons = frozenset({Reason.SOURCE_TIMEOUT, Reason.DEADLINE_EXCEEDED})
AUTH: Reasons = frozenset({Reason.SOURCE_AUTH})
LIMITED: Reasons = frozenset({Reason.SOURCE_RATE_LIMITED})
RIGHT: Reasons = frozenset({None})


@dataclass(frozen=True, slots=True)
class Wrong:
    """One kind of wrong answer. `means` goes on from "a source that"; `reasons` are what its keys may be told."""

    name: str
    means: str
    reasons: Reasons

    @property
    def seconds(self) -> float:
        """The time that a call is given.

        It is little where nothing but time ends the call, and less than a throttled source asks to be left alone for.
        """
        if self.reasons >= LATE:
            return 0.3
        return 0.9 if self.reasons >= LIMITED else 10.0
