"""One kind of one base through a whole gateway: what the callers got, how long it took, and how often it was asked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from adapters.sandbox.postgres import PostgresServer
from adapters.testing.wrongs import LATE, Wrong
from tests.misbehaving.bases import BASES
from tests.misbehaving.house import Seen, house
from tests.misbehaving.stages import staged

__all__ = ["Played", "play"]

_REQUESTS = 8
_LATE_REQUESTS = 1
"""Of those that nothing but time ends."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one kind: each request's answer, the seconds of the slowest, and the calls that the source saw."""

    seen: list[Seen]
    slowest: float
    calls: int

    @property
    def is_well_whole(self) -> bool:
        """Whether every answer has all of the source that is well."""
        return all(one.is_well_whole for one in self.seen)

    @property
    def codes(self) -> frozenset[str]:
        """Every code that stands for a value of the sick source."""
        return frozenset(code for one in self.seen for code in one.codes)

    @property
    def most_calls(self) -> float:
        """Calls that the source may see: 1.2 times the requests, and what may always be repeated within ten seconds."""
        return 1.2 * len(self.seen) + 10


async def play(folder: Path, base: str, wrong: Wrong, place: PostgresServer | Path | None = None) -> Played:
    """Ask a gateway once in order and then while the source goes wrong, one request after the other."""
    async with staged(base, place) as (stage, url), house(folder, BASES[base], url) as opened:
        first = await opened.ask()
        assert first == Seen(True, frozenset()), f"got {first} of a source in order"
        asked, seen, slowest = stage.calls, [], 0.0
        await stage.go_wrong(wrong)
        for _ in range(_LATE_REQUESTS if wrong.reasons >= LATE else _REQUESTS):
            began = time.monotonic()
            seen.append(await opened.ask())
            slowest = max(slowest, time.monotonic() - began)
        return Played(seen, slowest, stage.calls - asked)
