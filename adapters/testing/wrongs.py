"""What a source can do wrong, whatever the protocol: a name, what it means, what it may cost, and how it is played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from adapters.listening import Line
from schema.reasons import Reason

__all__ = ["AUTH", "ERROR", "LATE", "LIMITED", "RIGHT", "Reasons", "WireWrong", "Wrong", "close", "hang", "reset"]

LineT = TypeVar("LineT", bound=Line)
SentT = TypeVar("SentT")

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


@dataclass(frozen=True, slots=True)
class WireWrong(Wrong, Generic[LineT, SentT]):
    """One kind of wrong answer on a wire, in place of what would be sent in order.

    Without `do` no connection is taken at all.
    """

    do: Callable[[LineT, SentT], Awaitable[None]] | None

    @property
    def is_refusing(self) -> bool:
        """Whether no connection is taken."""
        return self.do is None

    async def play(self, line: LineT, sent: SentT) -> None:
        """Write what comes in its place."""
        if self.do is not None:
            await self.do(line, sent)


async def close(line: Line, sent: object) -> None:
    """Close the connection without a word."""


async def reset(line: Line, sent: object) -> None:
    """Reset the connection."""
    line.reset()


async def hang(line: Line, sent: object) -> None:
    """Keep the connection, and send nothing."""
    await line.hang()
