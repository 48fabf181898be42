"""What one kind of misbehaviour costs in real time, to a gateway in a process of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.testing.wrongs import Wrong
from tests.misbehaving.ordered import Ordered

__all__ = ["DEADLINE", "Measured", "Sick", "measure"]

DEADLINE = 1.0
"""Seconds that a request has in the view."""

_SICK_SECONDS = 1.0
_LEAST_ASKS = 8
_PAUSE = 0.02
"""Seconds between two requests."""

_QUIET = 0.1
"""Seconds for which all has to be right before a source counts as back."""

_LONGEST = 5.0
"""Seconds that are waited for that."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one kind came to.

    `whole` of the `asks` had all of the source that is well; `codes` stood for values of the sick one. The slowest
    answer took `seconds`, of the `deadline`. The sick source saw `calls`, None where nobody can count them; after
    `opened` that the gateway made a breaker was open, None where none was. `back` are the seconds from its recovery
    until its values were there and no breaker was open. The gateway's process rose by `grown` MiB. For `starved`
    seconds at most a request waited for a processor that others had.
    """

    wrong: Wrong
    deadline: float
    codes: tuple[str, ...]
    asks: int
    whole: int
    seconds: float
    calls: int | None
    opened: int | None
    back: float
    grown: float
    starved: float

    @property
    def late(self) -> float:
        """Seconds by which the slowest answer came behind the deadline; less than nothing before it."""
        return self.seconds - self.deadline


class Sick(Protocol):
    """A source that can be told to misbehave."""

    async def go_wrong(self, wrong: Any) -> None:
        """Misbehave from now on; None is good order again."""


async def measure(
    asker: Ordered, url: str, wrong: Wrong, sick: Sick, counted: Callable[[], Awaitable[int]]
) -> Measured:
    """Ask a new gateway while its source is in order, while it is sick, and until it is back."""
    await sick.go_wrong(None)
    await asker.order(open=url)
    first = await asker.ask()
    assert first["starved"] or (first["whole"] and not first["codes"]), f"got {first} of a source in order"
    await asker.order(begin=True)
    await sick.go_wrong(wrong)
    before = await counted()
    answers = await _asked_while_sick(asker)
    calls = await counted() - before or None  # none at all: nobody was there to count
    grown = await asker.order(grown=True)
    await sick.go_wrong(None)
    return Measured(
        wrong,
        DEADLINE,
        tuple(sorted({code for one in answers for code in one["codes"]})),
        len(answers),
        sum(one["whole"] for one in answers),
        max(one["seconds"] for one in answers),
        calls,
        next((one["sent"] - first["sent"] for one in answers if not one["closed"]), None),
        await _back(asker),
        grown,
        max(one["starved"] for one in [first, *answers]),
    )


async def _asked_while_sick(asker: Ordered) -> list[Any]:
    answers, began = list[Any](), time.monotonic()
    while len(answers) < _LEAST_ASKS or time.monotonic() - began < _SICK_SECONDS:
        answers.append(await asker.ask())
        await asyncio.sleep(_PAUSE)
    return answers


async def _back(asker: Ordered) -> float:
    """Return the seconds until everything is there and stays so."""
    began = last = time.monotonic()
    while (now := time.monotonic()) - last < _QUIET and now - began < _LONGEST:
        answer = await asker.ask()
        if answer["codes"] or not answer["closed"]:
            last = time.monotonic()
        await asyncio.sleep(_PAUSE)
    return last - began
