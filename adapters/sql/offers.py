"""What an SQL source can answer: an offer that names a table, its key column and its order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from adapters.answers import Key
from adapters.offers import Offer
from adapters.records import every_path, source_fields, top_of
from adapters.sql.columns import By, check_identifier, check_type, is_text, quoted
from adapters.sql.filters import Filter, Sorted
from adapters.sql.statements import Statement

__all__ = ["KeyType", "SqlOffer", "statement_for"]

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)

_MOST_PARTS = 500
"""The SELECTs that SQLite takes in one statement: a further page has one for each key, and one for each key and column
of the order (https://www.sqlite.org/limits.html, number of terms in a compound SELECT)."""


class KeyType(StrEnum):
    """The type of a key column. The value is its name in PostgreSQL."""

    TEXT = "text"
    INTEGER = "bigint"

    def bound(self, key: Key) -> str | int | None:
        """Return the key as the parameter to bind, None if no column of this type can hold it.

        An integer is written as the database prints it: `007`, `+7` and `7.0` are nobody's key, nor is a number of
        more than 64 bits. A text that cannot be encoded, or that holds the character 0, is in no text column.
        """
        if self is KeyType.TEXT:
            return key if is_text(key) else None
        if not _INTEGER.fullmatch(key):
            return None
        number = int(key)
        return number if -(2**63) <= number < 2**63 else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SqlOffer(Offer):
    """An offer that one SELECT answers.

    `table` is a table or view, with its schema where it needs one (`billing.account`); or `query` is a SELECT that
    stands in its place, trusted as it is, without parameters. Names are quoted, so they are spelt as the database
    spells them. `key` is the column that says whose a row is; `key_column` the one that the asked keys are compared
    with, when it is another (an indexed normal form, say). `key_type` is the type of that column; a uuid or a number
    with leading zeros is asked through a `query` that turns it into text. `order_by` are the columns that put the rows
    of a list in their order, so that it is the same every time; a list needs it. `max_rows` bounds one call's rows:
    an answer with more is SOURCE_ERROR, whatever `max_items` allows each key.

    `filters` say by argument which rows an argument's value leaves; one that is null leaves all. `sort` turns the order
    round, in all its columns. With `max_page` the list is read in pages, with `limits_per_key=True` those of a whole
    batch in one statement. Then the columns of `order_by` tell where a page ends: each says its type (`By("issued_on",
    "date")`; a plain name is of text), none may be null, and together they tell the rows of a key apart, so the last
    is a number of the row's own. A key whose rows break that is SOURCE_ERROR where a row could be lost by it. Pages
    are as fast as an index on the key column and the order is.
    """

    table: str = ""
    query: str = ""
    key_column: str = ""
    key_type: KeyType = KeyType.TEXT
    order_by: tuple[By | str, ...] = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sort: Sorted | None = None
    max_rows: int = 10_000

    def __post_init__(self) -> None:
        Offer.__post_init__(self)  # super() does not know the class that slots=True makes
        self._check_relation()
        self._check_columns()
        if self.is_list and not self.order_by:
            raise ValueError(
                f"offer {self.name}: got a list ({self.serves}) without order_by; its rows would come in another order "
                'each time. Name the columns that order them: order_by=("account_no",)'
            )
        if self.sort is not None and self.sort.argument in self.filters:
            raise ValueError(f"offer {self.name}: got the argument {self.sort.argument!r} in both sort and filters")
        self._check_rows()

    def _check_rows(self) -> None:
        if self.max_page is not None:
            self._check_page(self.max_page)
        elif self.max_rows < self.max_batch:
            raise ValueError(
                f"offer {self.name}: got max_rows={self.max_rows} with max_batch={self.max_batch}; a full batch has a "
                "row for each key: raise max_rows or lower max_batch"
            )

    def _check_page(self, max_page: int) -> None:
        keys, parts = self.keys_a_call, 1 + len(self.order)
        if self.max_rows < keys * (max_page + 1):
            raise ValueError(
                f"offer {self.name}: got max_rows={self.max_rows} with max_page={max_page} of {keys} keys; a full call "
                f"has {keys * (max_page + 1)} rows, one more of each key: raise max_rows or lower the others"
            )
        if keys * parts > _MOST_PARTS:
            raise ValueError(
                f"offer {self.name}: got pages of max_batch={keys} keys in an order of {parts - 1} columns; wanted a "
                f"max_batch of {_MOST_PARTS // parts} at most: SQLite takes {_MOST_PARTS} parts in one statement"
            )

    def _check_relation(self) -> None:
        if bool(self.table) == bool(self.query):
            got = "both table and query" if self.table else "neither table nor query"
            raise ValueError(f"offer {self.name}: got {got}; wanted one of them")
        for name in self.table.split(".") if self.table else ():
            check_identifier(name, f"offer {self.name}, table")
        if self.query.rstrip().endswith(";") or "\0" in self.query:
            raise ValueError(
                f"offer {self.name}: got a query with a semicolon at its end or a character 0; leave it out"
            )

    def _check_columns(self) -> None:
        if not isinstance(self.key, str):
            raise ValueError(
                f"offer {self.name}: got key={self.key!r}; wanted the name of the column that says whose a row is"
            )
        read = source_fields(self.record, every_path(self.record))
        told = () if self.as_of is None else (top_of(self.as_of),)
        for column in (self.key, self.asked_column, *told, *(column for column, _ in self._compared()), *read):
            check_identifier(column, f"offer {self.name}, column")
        for column, type_ in self._compared():
            check_type(type_, f"offer {self.name}, column {column}")

    def _compared(self) -> Iterator[tuple[str, str]]:
        """Yield the columns that arguments and places are compared with, and their types."""
        yield from ((by.column, by.type) for by in self.order)
        yield from ((one.column, one.type) for one in self.filters.values())

    @property
    def order(self) -> tuple[By, ...]:
        """Return the columns of the order with their types."""
        return tuple(By(by) if isinstance(by, str) else by for by in self.order_by)

    @property
    def takes(self) -> frozenset[str]:
        """Return the Python names of the arguments that filter and order."""
        return frozenset(self.filters) | ({self.sort.argument} if self.sort else frozenset())

    @property
    def asked_column(self) -> str:
        """Return the column that the asked keys are compared with."""
        assert isinstance(self.key, str)
        return self.key_column or self.key

    @property
    def relation(self) -> str:
        """Return the text of the FROM clause."""
        return quoted(*self.table.split(".")) if self.table else f"(\n{self.query}\n)"


@lru_cache(maxsize=1024)
def statement_for(
    offer: SqlOffer,
    fields: tuple[str, ...],
    given: tuple[str, ...] = (),
    *,
    descending: bool = False,
    is_further: bool = False,
) -> Statement:
    """Return the statement that asks for these fields (dotted paths in the record's words) and the echoed key.

    `given` are the arguments that filter, `is_further` says that a page is asked behind a place. A whole list takes one
    row more than the offer allows, so that too many can be told from just enough.
    """
    assert isinstance(offer.key, str)
    beside = (offer.key,) if offer.as_of is None else (offer.key, top_of(offer.as_of))
    return Statement(
        columns=tuple(sorted({*beside, *source_fields(offer.record, fields)})),
        relation=offer.relation,
        key=offer.asked_column,
        key_type=offer.key_type,
        order=offer.order,
        descending=descending,
        filters=tuple(offer.filters[name] for name in given),
        limit=None if offer.is_paged else offer.max_rows + 1,
        is_further=is_further,
    )
