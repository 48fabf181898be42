"""Bulk load: many customers and their keys, in chunks, so that memory stays flat and what is done stays done."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from adapters.crossref.errors import ConflictCode, InputError, RefusalCode
from adapters.crossref.events import Act
from adapters.crossref.ids import is_customer_id
from adapters.crossref.ledger import Ledger
from adapters.crossref.linking import Assignment, SourceKey, Wish, assign
from adapters.crossref.port import Lookup, Restriction
from adapters.crossref.restricting import check_restriction
from adapters.crossref.sources import SourceSystem

__all__ = ["CHUNK", "Done", "Load", "LoadReport", "LoadRow", "RowProblem", "chunks"]

CHUNK = 500
"""Rows written in one transaction."""

_KEPT_PROBLEMS = 1000

LoadRow = tuple[str | None, Mapping[str, Sequence[str]]]
"""A canonical id, or None for whoever has one of the keys, else a new customer; and source -> its keys of them."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row, counted from 1, of which something was left out, why, and the source concerned if one is. Never a key."""

    row: int
    code: ConflictCode | RefusalCode
    source: str | None = None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did. `problems` holds the first 1,000 rows of which something was left out, `counts` all by code.

    `rows` were read; `created` are customers, `links` and `restrictions` those that were added; `unplaced` are
    restrictions given for customers that nobody knows.
    """

    rows: int = 0
    created: int = 0
    links: int = 0
    restrictions: int = 0
    unplaced: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[RowProblem, ...] = ()


def chunks(rows: Iterable[LoadRow]) -> Iterator[list[LoadRow]]:
    """Return the rows in lists of `CHUNK`, the last one shorter."""
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


class Done:
    """What one transaction of a load did. It counts when the transaction stands, for one that failed is run again."""

    def __init__(self) -> None:
        self.rows = self.created = self.links = self.restrictions = 0
        self.counts: Counter[str] = Counter()
        self.problems: list[RowProblem] = []
        self.placed: set[Lookup] = set()

    def count(self, done: Assignment, row: int) -> None:
        """Count what came of a wish."""
        self.created += done.created
        self.links += done.links
        self.restrictions += done.restrictions
        for conflict in done.conflicts:
            self.note(row, conflict.code, conflict.source)

    def note(self, row: int, code: ConflictCode | RefusalCode, source: str | None = None) -> None:
        """Count what was left out of a row."""
        self.counts[code] += 1
        self.problems.append(RowProblem(row, code, source))


class Load:
    """One load under way. Restrictions come as look-up -> restrictions and are written with the customer they are for,
    so that no customer is ever to be seen without its own."""

    def __init__(self, act: Act, restrictions: Mapping[Lookup, Sequence[Restriction]]) -> None:
        for restriction in (one for several in restrictions.values() for one in several):
            check_restriction(restriction)
        self._act, self._waiting = act, dict(restrictions)
        self._done = Done()

    @property
    def rows(self) -> int:
        """The rows read so far."""
        return self._done.rows

    @property
    def is_first_of_all(self) -> bool:
        """Return whether one chunk is done and was all new, as it is when tables are filled for the first time."""
        return self._done.created == self._done.rows == CHUNK

    def report(self) -> LoadReport:
        """Return what was done so far."""
        unplaced, done = sum(map(len, self._waiting.values())), self._done
        counted = (done.rows, done.created, done.links, done.restrictions, unplaced)
        return LoadReport(*counted, dict(sorted(done.counts.items())), tuple(done.problems))

    def take(self, done: Done) -> None:
        """Count what a transaction did that stands."""
        total = self._done
        total.rows += done.rows
        total.created += done.created
        total.links += done.links
        total.restrictions += done.restrictions
        total.counts += done.counts
        total.problems += done.problems[: _KEPT_PROBLEMS - len(total.problems)]
        for lookup in done.placed:
            del self._waiting[lookup]

    async def normalise(self, ledger: Ledger) -> None:
        """Bring the look-ups of the restrictions into normal form, in which rows are compared with them."""
        waiting: defaultdict[Lookup, list[Restriction]] = defaultdict(list)
        for lookup, restrictions in self._waiting.items():
            waiting[_normal(ledger, lookup)].extend(restrictions)
        self._waiting = {**waiting}

    async def restrict_known(self, ledger: Ledger) -> Done:
        """Write the restrictions of customers that are there already."""
        done = Done()
        for lookup, restrictions in self._waiting.items():
            customer = await _find(ledger, lookup)
            if customer is not None:
                wish = Wish((), self._act, customer, restrictions=restrictions)
                done.count(await assign(ledger, wish), self.rows)
                done.placed.add(lookup)
        return done

    async def write(self, ledger: Ledger, chunk: Sequence[LoadRow]) -> Done:
        """Write a chunk of rows."""
        done = Done()
        rows = [
            (row, customer, _keys(ledger, done, row, given))
            for row, (customer, given) in enumerate(chunk, self.rows + 1)
            if _is_row(done, row, customer)
        ]
        named: defaultdict[SourceSystem, set[str]] = defaultdict(set)
        for entry in (entry for _, _, keys in rows for entry in keys):
            named[entry.source].add(entry.key)
        await ledger.know_owners(named)
        for row, customer, keys in rows:
            await self._write_row(ledger, done, row, customer, keys)
        done.rows = len(chunk)
        done.problems.sort(key=_by_row)
        return done

    async def _write_row(
        self, ledger: Ledger, done: Done, row: int, customer: str | None, keys: Sequence[SourceKey]
    ) -> None:
        if customer is None and not keys:
            done.note(row, RefusalCode.ROW_EMPTY)
            return
        names = [Lookup(entry.source.name, entry.key) for entry in keys]
        names += [] if customer is None else [Lookup(None, customer)]
        waiting = [name for name in names if name in self._waiting and name not in done.placed]
        restrictions = [one for name in waiting for one in self._waiting[name]]
        assigned = await assign(ledger, Wish(keys, self._act, customer, may_create=True, restrictions=restrictions))
        done.count(assigned, row)
        if assigned.linked is not None:
            done.placed.update(waiting)


def _is_row(done: Done, row: int, customer: str | None) -> bool:
    if customer is None or is_customer_id(customer):
        return True
    done.note(row, RefusalCode.CUSTOMER_ID_INVALID)
    return False


def _by_row(problem: RowProblem) -> int:
    return problem.row


def _keys(ledger: Ledger, done: Done, row: int, given: Mapping[str, Sequence[str]]) -> list[SourceKey]:
    keys: dict[SourceKey, None] = {}
    for name, values in given.items():
        for value in [values] if isinstance(values, str) else values:
            try:
                source = ledger.source(name)
                keys[SourceKey(source, source.normal(value))] = None
            except InputError as refused:
                done.note(row, refused.code, name if name in ledger.sources else None)
    return list(keys)


def _normal(ledger: Ledger, lookup: Lookup) -> Lookup:
    if lookup.source is None:
        return lookup
    return Lookup(lookup.source, ledger.source(lookup.source).normal(lookup.key))


async def _find(ledger: Ledger, lookup: Lookup) -> str | None:
    if lookup.source is None:
        row = await ledger.customer(lookup.key)
        return lookup.key if row is not None and row.status == "active" else None
    return await ledger.owner(ledger.source(lookup.source), lookup.key)
