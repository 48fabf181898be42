"""Figures of turns, and what is made of several: medians, and ratios of turns that lay side by side."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.figures import middle, ratio

__all__ = ["Cell", "Figures", "Turn"]

MUCH_FOREIGN = 0.15
"""Processors taken by others above which a turn is told as doubtful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn of load cost: microseconds of gateway CPU a request, requests a second, milliseconds of latency.

    `calls` and `bytes` are what the sources were asked and answered, a request. `refused` are answers of another status
    than 2xx, `broken` connections that failed; `foreign` the processors that other programs took meanwhile.
    """

    cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float
    requests: int
    refused: int = 0
    broken: int = 0
    calls: float = 0.0
    bytes: float = 0.0
    foreign: float = 0.0


@dataclass(frozen=True, slots=True)
class Cell:
    """What is measured: the kind of run, the query, and the connections or the arrivals a second."""

    kind: str
    query: str
    load: int

    @property
    def key(self) -> str:
        """Return the cell as one word."""
        return f"{self.kind}/{self.query}/{self.load}"


@dataclass(slots=True)
class Figures:
    """Everything that was measured, kept in a file line by line: an interrupted run loses nothing.

    `turns` are by (cell, program), in the order of their rounds. `facts` are single findings by (subject, program).
    """

    file: Path
    turns: dict[tuple[str, str], list[Turn]] = field(default_factory=dict)
    beside: dict[tuple[str, str], list[Turn]] = field(default_factory=dict)
    facts: dict[tuple[str, str], Any] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path) -> Figures:
        """Return what a file holds; a last line that was cut off is left out."""
        figures = cls(file)
        for entry in _entries(file.read_text() if file.exists() else ""):
            figures._take(entry)
        return figures

    def add(self, cell: Cell, program: str, turn: Turn, beside: Turn | None = None) -> None:
        """Keep a turn, with the turn of our own gateway beside it."""
        entry = {"cell": cell.key, "program": program, "turn": asdict(turn)}
        self._keep(entry | ({} if beside is None else {"beside": asdict(beside)}))

    def tell(self, subject: str, program: str, value: Any) -> None:
        """Keep a finding that is no turn."""
        self._keep({"fact": subject, "program": program, "value": value})

    def _keep(self, entry: dict[str, Any]) -> None:
        with self.file.open("a") as kept:
            kept.write(json.dumps(entry) + "\n")
        self._take(entry)

    def _take(self, entry: dict[str, Any]) -> None:
        if "fact" in entry:
            self.facts[entry["fact"], entry["program"]] = entry["value"]
            return
        place = entry["cell"], entry["program"]
        self.turns.setdefault(place, []).append(Turn(**entry["turn"]))
        if "beside" in entry:
            self.beside.setdefault(place, []).append(Turn(**entry["beside"]))

    def __bool__(self) -> bool:
        """Return whether anything was measured."""
        return bool(self.turns or {subject for subject, _ in self.facts} - {"machine", "whole"})

    def moved(self, file: Path) -> Figures:
        """Return the same figures in another file, in place of what was in it."""
        return Figures(self.file.replace(file), self.turns, self.beside, self.facts)

    def of(self, cell: Cell, program: str) -> list[Turn]:
        """Return the turns of a program."""
        return self.turns.get((cell.key, program), [])

    def value(self, cell: Cell, program: str, name: str = "cpu_us") -> float | None:
        """Return the median of a figure, None when it was not measured."""
        turns = self.of(cell, program)
        return middle(turns, name) if turns else None

    def ratio(self, cell: Cell, program: str, name: str = "cpu_us") -> float | None:
        """Return how many times as much as ours a program's is, each turn by ours beside it; None: not measured."""
        mine = self.beside.get((cell.key, program), [])
        return ratio(self.of(cell, program), mine, name) if mine else None

    def loads(self, kind: str, query: str) -> Sequence[int]:
        """Return the loads at which a query was measured, ascending."""
        keys = {key.split("/", 2)[2] for key, _ in self.turns if key.startswith(f"{kind}/{query}/")}
        return sorted(map(int, keys))

    def fact(self, subject: str, program: str) -> Any:
        """Return a finding, None when there is none."""
        return self.facts.get((subject, program))

    def doubtful(self) -> list[tuple[str, str, float]]:
        """Return the turns during which other programs took much: (cell, program, processors)."""
        return [
            (cell, program, turn.foreign)
            for (cell, program), turns in self.turns.items()
            for turn in turns
            if turn.foreign > MUCH_FOREIGN
        ]

    def failed(self) -> list[tuple[str, str, int]]:
        """Return the turns in which requests failed: (cell, program, how many)."""
        return [
            (cell, program, turn.refused + turn.broken)
            for (cell, program), turns in self.turns.items()
            for turn in turns
            if turn.refused or turn.broken
        ]


def _entries(text: str) -> Iterator[dict[str, Any]]:
    lines: Iterable[str] = text.splitlines()
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return
