"""Turns of load side by side: another gateway, ours, the next one, ours again, round by round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.peers.arriving import open_loop
from tests.bench.peers.closed_loop import closed_loop
from tests.bench.peers.figures import Cell, Figures, Turn
from tests.bench.peers.programs import Serving
from tests.bench.peers.sources import Sources
from tests.bench.peers.workload import Dialect, Query

__all__ = ["Measuring", "Subject"]

_WARM_CONNECTIONS = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """A gateway that serves, and how it is asked."""

    name: str
    served: Serving
    dialect: Dialect

    @classmethod
    def of(cls, served: Serving) -> Subject:
        """Return the gateway asked as its program says."""
        return cls(served.name, served, served.program.dialect)


@dataclass(slots=True)
class Measuring:
    """Measures on these sources. A turn takes `seconds`, `rounds` turns make a figure, and `advance` is told of each.

    Before its first turn on a query a gateway is asked it for `warm` seconds: what compiles as it runs needs some.
    """

    sources: Sources
    figures: Figures
    seconds: float
    rounds: int
    warm: float
    advance: Callable[[str], None]
    _warm: set[tuple[str, str]] = field(default_factory=set)

    def beside(self, cell: Cell, query: Query, peers: Sequence[Subject], mine: Subject) -> None:
        """Measure the gateways on one query, and ours next to each of them. `cell.load` is the connections."""
        for _ in range(self.rounds):
            for peer in peers:
                theirs = self._turn(cell, peer, query, cell.load)
                own = self._turn(cell, mine, query, cell.load)
                self.figures.add(cell, peer.name, theirs, own)
                self.figures.add(cell, mine.name, own)

    def alone(self, cell: Cell, query: Query, subject: Subject, connections: int) -> None:
        """Measure one gateway on one query."""
        for _ in range(self.rounds):
            self.figures.add(cell, subject.name, self._turn(cell, subject, query, connections))

    def with_one_down(self, cell: Cell, query: Query, subject: Subject, down: str) -> None:
        """Measure one gateway while a source is down, next to the same one while all are well."""
        for _ in range(self.rounds):
            well = self._turn(cell, subject, query, cell.load)
            with self.sources.holding(down=down):
                without = self._turn(cell, subject, query, cell.load)
            self.figures.add(cell, subject.name, without, well)

    def arriving(self, cell: Cell, query: Query, peers: Sequence[Subject], mine: Subject, seconds: float) -> None:
        """Measure the gateways in an open loop, and ours next to each of them. `cell.load` is requests a second."""
        for peer in peers:
            theirs, own = (self._arriving(cell, one, query, seconds) for one in (peer, mine))
            self.figures.add(cell, peer.name, theirs, own)
            self.figures.add(cell, mine.name, own)

    def _arriving(self, cell: Cell, subject: Subject, query: Query, seconds: float) -> Turn:
        self.advance(f"{cell.key} {subject.name}")
        return open_loop(subject.served, subject.dialect, self.sources, query, rate=cell.load, seconds=seconds)

    def _turn(self, cell: Cell, subject: Subject, query: Query, connections: int) -> Turn:
        self.advance(f"{cell.key} {subject.name}")
        if (subject.name, query.name) not in self._warm:
            self._warm.add((subject.name, query.name))
            self._load(subject, query, min(connections, _WARM_CONNECTIONS), self.warm)
        return self._load(subject, query, connections, self.seconds)

    def _load(self, subject: Subject, query: Query, connections: int, seconds: float) -> Turn:
        served, dialect = subject.served, subject.dialect
        return closed_loop(served, dialect, self.sources, query, connections=connections, seconds=seconds)
