"""Bulk load: many customers and their keys, in chunks, so that memory stays flat and what is done stays done."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeGuard

from adapters.crossref.errors import ConflictCode, InputError, RefusalCode
from adapters.crossref.events import Act
from adapters.crossref.ids import is_customer_id
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import Ledger
from adapters.crossref.operations.linking import Assignment, SourceKey, Wish, assign
from adapters.crossref.operations.restricting import check_restriction
from adapters.crossref.port import Lookup, Restriction

__all__ = ["CHUNK", "Done", "Load", "LoadReport", "LoadRow", "LoadStep", "RowProblem", "chunks"]

CHUNK = 1000
"""Rows written in one transaction."""

_KEPT_PROBLEMS = 1000

_COUNTED = ("rows", "created", "links", "restrictions", "unplaced", "joined")

_FILLERS = frozenset(("null", "none", "nil", "nan", "n/a", "na", "-", "--", "?", "unknown", "undefined", "\\n"))
"""What exports write where there is no key, in small letters; and so are noughts alone."""

_LONGEST_FILLER = 36
"""Characters of a UUID of noughts."""

LoadRow = tuple[str | None, Mapping[str, Sequence[str]]]
"""A canonical id, or None for whoever has one of the keys, else a new customer; and source -> its keys of them."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row, counted from 1, of which something was left out, why, and the source concerned if one is. Never a key.

    `candidate` is what a steward finds open, where there is something to decide.
    """

    row: int
    code: ConflictCode | RefusalCode
    source: str | None = None
    candidate: str | None = None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did. `problems` holds the first 1,000 rows of which something was left out, `counts` all by code.

    `rows` were read; `created` are customers, `links` and `restrictions` those that were added; `unplaced` are
    restrictions given for customers that nobody knows. `joined` are rows without a canonical id that have added keys to
    a customer who was there already, by a key of theirs: an earlier row of the same load can have made that customer.
    `fillers` counts keys by source that look like a mark for none, such as NULL or 0: they are keys like others, and
    make all who have them one customer.
    """

    rows: int = 0
    created: int = 0
    links: int = 0
    restrictions: int = 0
    unplaced: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[RowProblem, ...] = ()
    joined: int = 0
    fillers: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: LoadReport) -> LoadReport:
        """Return what both did together, without their problems."""
        counted = {name: getattr(self, name) + getattr(other, name) for name in _COUNTED}
        return LoadReport(
            **counted,
            counts=_sum(self.counts, other.counts),
            fillers=_sum(self.fillers, other.fillers),
        )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted((Counter(one) + Counter(other)).items()))


@dataclass(frozen=True, slots=True)
class LoadStep:
    """What one transaction of a load did, which stands. `report` is of its rows alone, and holds all their problems.

    `seq` and `hash` are the last event's as it ended: they tell this database from another, and from a backup of it
    that was made before.
    """

    report: LoadReport
    seq: int
    hash: bytes | None = field(repr=False)


def chunks(rows: Iterable[LoadRow | RefusalCode]) -> Iterator[list[LoadRow | RefusalCode]]:
    """Return the rows in lists of `CHUNK`, the last one shorter."""
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


class Done:
    """What one transaction of a load did. It counts when the transaction stands, for one that failed is run again."""

    def __init__(self) -> None:
        self.rows = self.created = self.links = self.restrictions = self.joined = self.seq = 0
        self.hash: bytes | None = None
        self.counts: Counter[str] = Counter()
        self.fillers: Counter[str] = Counter()
        self.problems: list[RowProblem] = []
        self.placed: set[Lookup] = set()

    def count(self, done: Assignment, row: int) -> None:
        """Count what came of a wish."""
        self.created += done.created
        self.links += done.links
        self.restrictions += done.restrictions
        for conflict in done.conflicts:
            self.note(row, conflict.code, conflict.source, conflict.candidate_id)

    def note(
        self, row: int, code: ConflictCode | RefusalCode, source: str | None = None, candidate: str | None = None
    ) -> None:
        """Count what was left out of a row."""
        self.counts[code] += 1
        self.problems.append(RowProblem(row, code, source, candidate))

    def report(self, unplaced: int = 0) -> LoadReport:
        """Return what was done."""
        counted = (self.rows, self.created, self.links, self.restrictions, unplaced)
        left_out, fillers = dict(sorted(self.counts.items())), dict(sorted(self.fillers.items()))
        return LoadReport(*counted, left_out, tuple(self.problems), self.joined, fillers)

    def step(self) -> LoadStep:
        """Return it as one step."""
        return LoadStep(self.report(), self.seq, self.hash)


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
        return self._done.report(sum(map(len, self._waiting.values())))

    def take(self, done: Done) -> None:
        """Count what a transaction did that stands."""
        total = self._done
        total.rows += done.rows
        total.created += done.created
        total.links += done.links
        total.restrictions += done.restrictions
        total.joined += done.joined
        total.counts += done.counts
        total.fillers += done.fillers
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

    async def write(self, ledger: Ledger, chunk: Sequence[LoadRow | RefusalCode]) -> Done:
        """Write a chunk of rows; a code in place of one says why there is none."""
        done = Done()
        rows = [
            (row, given[0], _keys(ledger, done, row, given[1]))
            for row, given in enumerate(chunk, self.rows + 1)
            if _is_row(given, done, row)
        ]
        await _know(ledger, rows)
        for row, customer, keys in rows:
            await self._write_row(ledger, done, row, customer, keys)
        done.rows, (done.seq, done.hash) = len(chunk), ledger.head
        done.problems.sort(key=_by_row)
        return done

    async def _write_row(
        self, ledger: Ledger, done: Done, row: int, customer: str | None, keys: Sequence[SourceKey]
    ) -> None:
        if customer is None and not keys:
            done.note(row, RefusalCode.ROW_EMPTY)
            return
        waiting = self._waiting_for(done, customer, keys) if self._waiting else ()
        restrictions = [one for name in waiting for one in self._waiting[name]]
        assigned = await assign(ledger, Wish(keys, self._act, customer, may_create=True, restrictions=restrictions))
        done.count(assigned, row)
        done.joined += customer is None and assigned.links > 0 and not assigned.created
        if assigned.linked is not None:
            done.placed.update(waiting)

    def _waiting_for(self, done: Done, customer: str | None, keys: Sequence[SourceKey]) -> list[Lookup]:
        names = [Lookup(entry.source.name, entry.key) for entry in keys]
        names += [] if customer is None else [Lookup(None, customer)]
        return [name for name in names if name in self._waiting and name not in done.placed]


async def _know(ledger: Ledger, rows: Sequence[tuple[int, str | None, Sequence[SourceKey]]]) -> None:
    """Look up all that is known of a chunk's keys and customers at once."""
    named: defaultdict[SourceSystem, set[str]] = defaultdict(set)
    entries = [entry for _, _, keys in rows for entry in keys]
    for entry in entries:
        named[entry.source].add(entry.key)
    owners = await ledger.know_owners(named)
    await ledger.apart.know(entries)
    await ledger.know_customers([*owners, *(customer for _, customer, _ in rows if customer is not None)])
    ledger.expect_ids(len(rows) + len(entries))


def _is_row(given: LoadRow | RefusalCode, done: Done, row: int) -> TypeGuard[LoadRow]:
    if isinstance(given, RefusalCode):
        done.note(row, given)
    elif given[0] is not None and not is_customer_id(given[0]):
        done.note(row, RefusalCode.CUSTOMER_ID_INVALID)
    else:
        return True
    return False


def _by_row(problem: RowProblem) -> int:
    return problem.row


def _keys(ledger: Ledger, done: Done, row: int, given: Mapping[str, Sequence[str]]) -> list[SourceKey]:
    keys: dict[SourceKey, None] = {}
    for name, values in given.items():
        for value in [values] if isinstance(values, str) else values:
            try:
                source = ledger.source(name)
                form = source.normal(value)
                keys[SourceKey(source, form)] = None
                if _is_filler(form):
                    done.fillers[name] += 1
            except InputError as refused:
                done.note(row, refused.code, name if name in ledger.sources else None)
    return list(keys)


def _is_filler(key: str) -> bool:
    return len(key) <= _LONGEST_FILLER and (key.strip(" ").lower() in _FILLERS or not key.strip(" 0-"))


def _normal(ledger: Ledger, lookup: Lookup) -> Lookup:
    if lookup.source is None:
        return lookup
    return Lookup(lookup.source, ledger.source(lookup.source).normal(lookup.key))


async def _find(ledger: Ledger, lookup: Lookup) -> str | None:
    if lookup.source is None:
        row = await ledger.customer(lookup.key)
        return lookup.key if row is not None and row.status == "active" else None
    return await ledger.owner(ledger.source(lookup.source), lookup.key)
