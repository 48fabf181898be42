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

__all__ = ["CHUNK", "Load", "LoadReport", "LoadRow", "RowProblem", "chunks"]

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


class Load:
    """One load under way. Restrictions come as look-up -> restrictions and are written with the customer they are for,
    so that no customer is ever to be seen without its own."""

    def __init__(self, act: Act, restrictions: Mapping[Lookup, Sequence[Restriction]]) -> None:
        for restriction in (one for several in restrictions.values() for one in several):
            check_restriction(restriction)
        self._act, self._given, self._waiting = act, restrictions, dict(restrictions)
        self._rows = self._created = self._links = self._restrictions = 0
        self._counts: Counter[str] = Counter()
        self._problems: list[RowProblem] = []

    @property
    def rows(self) -> int:
        """The rows read so far."""
        return self._rows

    def report(self) -> LoadReport:
        """Return what was done so far."""
        unplaced = sum(map(len, self._waiting.values()))
        done = (self._rows, self._created, self._links, self._restrictions, unplaced)
        return LoadReport(*done, dict(sorted(self._counts.items())), tuple(self._problems))

    def normalise(self, ledger: Ledger) -> None:
        """Bring the look-ups of the restrictions into normal form, in which rows are compared with them."""
        waiting: defaultdict[Lookup, list[Restriction]] = defaultdict(list)
        for lookup, restrictions in self._given.items():
            waiting[_normal(ledger, lookup)].extend(restrictions)
        self._waiting = {**waiting}

    def restrict_known(self, ledger: Ledger) -> None:
        """Write the restrictions of customers that are there already."""
        for lookup in list(self._waiting):
            customer = _find(ledger, lookup)
            if customer is not None:
                wish = Wish((), self._act, customer, restrictions=self._waiting[lookup])
                self._count(assign(ledger, wish))
                del self._waiting[lookup]

    def write(self, ledger: Ledger, chunk: Sequence[LoadRow]) -> None:
        """Write a chunk of rows."""
        for customer, given in chunk:
            self._rows += 1
            self._write_row(ledger, customer, given)

    def _write_row(self, ledger: Ledger, customer: str | None, given: Mapping[str, Sequence[str]]) -> None:
        if customer is not None and not is_customer_id(customer):
            self._note(RefusalCode.CUSTOMER_ID_INVALID)
            return
        keys = self._keys(ledger, given)
        if customer is None and not keys:
            self._note(RefusalCode.ROW_EMPTY)
            return
        names = [Lookup(entry.source.name, entry.key) for entry in keys]
        names += [] if customer is None else [Lookup(None, customer)]
        waiting = [name for name in names if name in self._waiting]
        restrictions = [one for name in waiting for one in self._waiting[name]]
        done = assign(ledger, Wish(keys, self._act, customer, may_create=True, restrictions=restrictions))
        self._count(done)
        if done.linked is not None:
            for name in waiting:
                del self._waiting[name]

    def _keys(self, ledger: Ledger, given: Mapping[str, Sequence[str]]) -> list[SourceKey]:
        keys: dict[SourceKey, None] = {}
        for name, values in given.items():
            for value in [values] if isinstance(values, str) else values:
                try:
                    source = ledger.source(name)
                    keys[SourceKey(source, source.normal(value))] = None
                except InputError as refused:
                    self._note(refused.code, name if name in ledger.sources else None)
        return list(keys)

    def _count(self, done: Assignment) -> None:
        self._created += done.created
        self._links += done.links
        self._restrictions += done.restrictions
        for conflict in done.conflicts:
            self._note(conflict.code, conflict.source)

    def _note(self, code: ConflictCode | RefusalCode, source: str | None = None) -> None:
        self._counts[code] += 1
        if len(self._problems) < _KEPT_PROBLEMS:
            self._problems.append(RowProblem(self._rows, code, source))


def _normal(ledger: Ledger, lookup: Lookup) -> Lookup:
    if lookup.source is None:
        return lookup
    return Lookup(lookup.source, ledger.source(lookup.source).normal(lookup.key))


def _find(ledger: Ledger, lookup: Lookup) -> str | None:
    if lookup.source is None:
        row = ledger.customer(lookup.key)
        return lookup.key if row is not None and row.status == "active" else None
    return ledger.owner(ledger.source(lookup.source), lookup.key)
