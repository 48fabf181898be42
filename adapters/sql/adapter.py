"""An adapter for SQL sources: SQLite and PostgreSQL, told apart by the URL.

A source is declared, and holds no I/O code:

    class BillingAccount(Record):
        number: str = Field(validation_alias="account_no")
        status: str | None
        opened_on: date | None
        balance: Decimal | None

    billing = SqlAdapter(
        "billing",
        [
            SqlOffer(
                name="accounts",
                serves="Customer.accounts",
                record=BillingAccount,
                table="account",
                key="customer_no",
                order_by=("account_no",),
                absent=Page,
            )
        ],
        url=settings.billing_url,  # postgresql://gateway:...@billing.example/billing or sqlite:///billing.db
        timeout=1.5,
    )

A batch is one statement: `SELECT` of the columns that the wanted fields need and of the key, `WHERE` the key column is
`IN (...)` or `= ANY($1)`, with the keys as bound parameters; so are the values of arguments, the place that a page goes
on behind, and the number of its rows. A page of every key of a batch is one statement too. Amounts come exact from a
PostgreSQL numeric; in SQLite keep them as text or as integers of the minor unit, never as REAL: a float is no valid
Decimal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Key, Missing, SourceError
from adapters.limits import Limits, SourceLimits, open_limits
from adapters.matching import Ends
from adapters.protocol import ProtocolAdapter
from adapters.sending import Ask, SendError, last_look
from adapters.sql.columns import Values
from adapters.sql.cursors import has_no_place, page_end, place_behind
from adapters.sql.databases import Database, Rows
from adapters.sql.offers import SqlOffer, statement_for
from adapters.sql.postgres import PostgresDatabase
from adapters.sql.sqlite import SqliteDatabase
from adapters.sql.statements import Statement
from schema.reasons import Reason

__all__ = ["SqlAdapter"]

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")

_NO_ORDER = SourceError(
    Reason.SOURCE_ERROR,
    "the order does not place every row of the key: by a null, a long value, or those of another row",
)


@dataclass(frozen=True, slots=True)
class SqlAsk(Ask):
    """One statement, with the values of arguments and of the page that it asks."""

    statement: Statement
    values: Values = field(repr=False)


class SqlAdapter(ProtocolAdapter[SqlAsk, Rows]):
    """An SQL database as a source.

    `url` is `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user:password@host:port/database`
    with asyncpg's parameters (`?sslmode=verify-full`); it is never printed. `timeout` are the seconds after which one
    statement is given up, on the server too. `connections` is the most connections, and so the most statements under
    way together. They are opened when first needed and closed by `aclose`; a database that is down stops nothing but
    its own answers. `limits` is what the database bears; both make it narrower. `traced` is told the text of every
    statement before it runs, without its values.
    """

    def __init__(
        self,
        source: str,
        offers: Sequence[SqlOffer],
        *,
        url: str,
        timeout: float | None = None,
        connections: int = 10,
        limits: Limits | SourceLimits | None = None,
        traced: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(source, offers, limits=open_limits(source, limits, timeout, connections, bound=connections))
        self._database = _database(source, url, timeout, connections, traced or _unheard)

    def _unaskable(self, batch: Batch, key: Key) -> Answer | None:
        """Return Missing for what the key column's type cannot hold: no row has it."""
        return Missing() if _offer(batch).key_type.bound(key) is None else None

    def _asks(self, batch: Batch, keys: Sequence[Key]) -> SqlAsk:
        offer, given = _offer(batch), {name: value for name, value in batch.arguments if value is not None}
        filters = tuple(sorted(given.keys() & offer.filters.keys()))
        after = None if batch.slice is None else batch.slice.after
        statement = statement_for(
            offer,
            batch.fields,
            filters,
            descending=offer.sort is not None and given.get(offer.sort.argument) in offer.sort.descending,
            is_further=after is not None,
        )
        values = [offer.filters[name].bound(given[name]) for name in filters]
        values += [] if after is None else place_behind(after, len(offer.order))
        values += [] if batch.slice is None else [batch.slice.first + 1]
        return SqlAsk(batch, keys, statement, values)

    async def _make(self, ask: SqlAsk, call: Call) -> Rows:
        offer = _offer(ask.batch)
        bound = [value for key in ask.keys if (value := offer.key_type.bound(key)) is not None]
        ready, left = last_look(ask, call), call.deadline.remaining()
        rows = await self._database.rows(ask.statement, bound, ask.values, ready, seconds=left)
        if len(rows) > offer.max_rows:
            raise SendError(Reason.SOURCE_ERROR, "the answer has more rows than the offer's max_rows")
        return rows

    def _records(self, ask: SqlAsk, reply: Rows) -> Iterable[object]:
        return reply

    def _ends(self, ask: SqlAsk, reply: Rows) -> Ends:
        first, columns = _first(ask.batch), len(_offer(ask.batch).order)
        return lambda key, rows: page_end(rows, first, columns)

    def _read(self, batch: Batch, keys: Sequence[Key], ask: SqlAsk, reply: Rows) -> Mapping[Key, Answer]:
        """Return one answer a key; a list whose next page could leave a row out costs itself."""
        answers, offer = super()._read(batch, keys, ask, reply), _offer(batch)
        if not offer.is_paged:
            return answers
        rows: dict[Key | None, list[Mapping[str, object]]] = {}
        for row in reply:
            rows.setdefault(offer.echoed_key(row), []).append(row)
        first, columns = _first(batch), len(offer.order)
        unordered = {form for form, own in rows.items() if has_no_place(own, first, columns)}
        return {
            key: _NO_ORDER if isinstance(answer, Found) and offer.key_form.normal(key) in unordered else answer
            for key, answer in answers.items()
        }

    async def aclose(self) -> None:
        """Close the connections."""
        await self._database.aclose()


def _offer(batch: Batch) -> SqlOffer:
    assert isinstance(batch.offer, SqlOffer)
    return batch.offer


def _first(batch: Batch) -> int:
    assert batch.slice is not None
    return batch.slice.first


def _unheard(text: str) -> None:
    """Tell nobody."""


def _database(
    source: str, url: str, timeout: float | None, connections: int, traced: Callable[[str], None]
) -> Database:
    scheme, separator, _ = url.partition("://")
    if scheme == "sqlite" and url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return SqliteDatabase(url.removeprefix("sqlite:///"), connections=connections, traced=traced)
    if scheme in ("postgresql", "postgres") and separator:
        return PostgresDatabase(url, timeout=timeout, connections=connections, traced=traced)
    told = scheme if separator and _SCHEME.fullmatch(scheme) else ""
    raise ValueError(  # the URL may hold a password: only its first word is told, and only where it is one
        f"source {source}: got a URL of the scheme {told!r}; wanted sqlite:///path or "
        "postgresql://user:password@host:port/database"
    )
