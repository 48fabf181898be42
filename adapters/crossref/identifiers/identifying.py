"""The digests that are kept of identifiers, as rows of their table: found, written and forgotten with their event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adapters.crossref.asking import fetch_each
from adapters.crossref.database import Connection, Row
from adapters.crossref.events import Act, EventType
from adapters.crossref.identifiers.digests import digest_of, digest_text, recipes_at_hand
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.ledger import Ledger, LinkToCome
from schema.identifiers import IdentifierType

__all__ = [
    "MOST_ROWS",
    "Form",
    "Kept",
    "erase_identifiers",
    "find_customers",
    "forget_seen",
    "kept_of",
    "write_identifiers",
]

# Who stands for a customer is looked for row by row: joined to few rows or none, a table without statistics would be
# read for the whole tenant.
_FOUND = (
    "SELECT (SELECT s.customer_id FROM customer AS s WHERE s.tenant_id = h.tenant_id AND s.status = 'active' "
    "AND s.customer_id = (SELECT coalesce(c.survivor_id, c.customer_id) FROM customer AS c "
    "WHERE c.tenant_id = h.tenant_id AND c.customer_id = h.customer_id)) "
    "FROM identifier_hash AS h INDEXED BY identifier_by_digest "
    "WHERE h.tenant_id = ? AND h.id_type = ? AND h.key_version = ? AND h.digest = ? LIMIT ?"
)

MOST_ROWS = 500
"""Rows of one digest that are read. Of what has more nobody is found, though all were one customer's: a switchboard's
number is not read through for each who asks."""

_MERGED = "SELECT customer_id FROM customer INDEXED BY customer_survivor WHERE tenant_id = ? AND survivor_id = ?"

_KEPT = (
    "SELECT identifier_id, source_id, seq FROM identifier_hash INDEXED BY identifier_by_customer "
    "WHERE tenant_id = ? AND customer_id IN (?*)"
)


@dataclass(frozen=True, slots=True)
class Form:
    """An identifier in its normal form."""

    kind: IdentifierType
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of the table: a digest under the number of its recipe, whose it is, and which source showed it when."""

    identifier_id: str
    kind: str
    number: int
    digest: bytes = field(repr=False)
    customer: str
    source: str
    seen_at: str

    def told(self) -> dict[str, object]:
        """Return it as an event tells it, which commits to the digest besides."""
        return {
            "link": self.identifier_id,
            "type": self.kind,
            "key_version": self.number,
            "customer": self.customer,
            "source": self.source,
            "seen_at": self.seen_at,
        }


async def find_customers(
    connection: Connection, tenant: str, keyring: Keyring, forms: Sequence[Form | None]
) -> list[str | None]:
    """Return the one customer whose each identifier is; None when it is nobody's or several customers'.

    What was noted of an id that was merged is its survivor's. None cannot be an identifier.
    """
    recipes = await recipes_at_hand(connection, tenant, keyring)

    async def find(form: Form) -> str | None:
        customers: set[str | None] = set()
        for recipe in recipes:
            digest = digest_of(keyring, form.kind, form.text, recipe)
            asked = (tenant, form.kind, recipe.number, digest, MOST_ROWS + 1)
            rows = await connection.fetch(_FOUND, *asked)
            if len(rows) > MOST_ROWS:
                return None
            customers |= {row[0] for row in rows}
        customers.discard(None)  # those who were retired
        return customers.pop() if len(customers) == 1 else None

    return [await find(form) if form else None for form in forms]


async def kept_of(ledger: Ledger, customer: str) -> Sequence[Row]:
    """Return id, source and event of each identifier of the customer and of the ids merged into it."""
    merged = await ledger.connection.fetch(_MERGED, ledger.tenant, customer)
    return await fetch_each(ledger.connection, _KEPT, (ledger.tenant,), [customer, *(row[0] for row in merged)])


async def write_identifiers(
    ledger: Ledger,
    kind: EventType,
    concerned: tuple[str | None, str | None],
    act: Act,
    rows: Sequence[Kept] = (),
    gone: Sequence[str] = (),
) -> int:
    """Write these rows in place of those that are gone, as one event, whose number is returned.

    `concerned` is the customer and the source of the event, None for all. The event names ids, types and numbers alone.
    """
    customer, source = concerned
    body = {"customer": customer, "source": source, "identifiers": [one.told() for one in rows], "forgotten": [*gone]}
    links = [LinkToCome(one.identifier_id, ledger.sources[one.source], digest_text(one.digest)) for one in rows]
    seq = await ledger.append(kind, customer, act, body, links)
    await _delete(ledger, gone)
    await ledger.connection.execute_many(
        "INSERT INTO identifier_hash (identifier_id, tenant_id, id_type, key_version, digest, customer_id, source_id, "
        "seen_at, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(one.identifier_id, ledger.tenant, one.kind, one.number, one.digest),
                *(one.customer, one.source, one.seen_at, seq),
            )
            for one in rows
        ],
    )
    return seq


async def forget_seen(ledger: Ledger, act: Act, customer: str, sources: Iterable[str], *, since: int = 0) -> None:
    """Forget what these sources have shown of the customer after the event of this number.

    To be called before keys of theirs leave the customer: nobody knows which of the keys an identifier came with, and
    one that was another person's would find the wrong one. It is noted again when it is seen again.
    """
    wanted = {*sources}
    gone = [row[0] for row in await kept_of(ledger, customer) if row[1] in wanted and row[2] > since]
    if gone:
        seq = await write_identifiers(ledger, EventType.IDENTIFIERS_FORGOTTEN, (customer, None), act, gone=gone)
        await ledger.touch(customer, seq)


async def erase_identifiers(ledger: Ledger, customer: str) -> None:
    """Delete every identifier of the customer and of the ids merged into it, and what opens their commitments.

    No event is written: the one that tells of the erasure tells of this too.
    """
    await _delete(ledger, [row[0] for row in await kept_of(ledger, customer)])


async def _delete(ledger: Ledger, gone: Sequence[str]) -> None:
    run, rows = ledger.connection.execute_many, [(ledger.tenant, one) for one in gone]
    if rows:
        await run("DELETE FROM identifier_hash WHERE tenant_id = ? AND identifier_id = ?", rows)
        await run("DELETE FROM event_secret WHERE tenant_id = ? AND link_id = ?", rows)
