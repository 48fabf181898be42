"""What stands in a cross-reference of so many links: customers with a key of each of four sources.

The rows are made by the database itself and go straight into the tables. No event tells of them, for a look-up reads
none, and loading ten million links by the operations takes as many minutes as this takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["POSTGRES", "SOURCES", "SQLITE", "Spelling", "customers_of", "inserts", "key_of"]

SOURCES = ("crm", "billing", "support", "register")

_STRIDE = 1_000_003
"""A prime: the keys of customers that follow each other lie far apart, as a source's own do."""

_CUSTOMERS = """
INSERT INTO customer (tenant_id, customer_id, status, created_at, changed_seq)
SELECT 'default', 'cus_' || {customer}, 'active', '2026-01-01T00:00:00.000000Z', n.i + 1 FROM {numbers}
"""

_LINKS = """
INSERT INTO link (link_id, tenant_id, source_id, key_lookup, customer_id, valid_from, asserted_by, method, opened_seq)
SELECT 'lnk_' || {link}, 'default', s.name, {key}, 'cus_' || {customer}, '2026-01-01T00:00:00.000000Z', 'bench',
  'import', n.i + 1
FROM {numbers} CROSS JOIN ({sources}) AS s
"""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a database writes what SQL has no words for: the numbers `n.i` below `{count}`, and forms of a number."""

    numbers: str
    hexadecimal: str
    decimal: str


SQLITE = Spelling(
    "(WITH RECURSIVE c (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < {count} - 1) SELECT i FROM c) AS n",
    "printf('%032x', {0})",
    "printf('%010d', {0})",
)
POSTGRES = Spelling(
    "generate_series(0::bigint, {count} - 1) AS n (i)", "lpad(to_hex({0}), 32, '0')", "lpad(({0})::text, 10, '0')"
)


def customers_of(links: int) -> int:
    """Return how many customers have so many links."""
    return links // len(SOURCES)


def key_of(number: int) -> str:
    """Return one of the keys that there are as many of, in each source, as customers; the first has the number 0."""
    return f"{number:010d}"


def inserts(spelling: Spelling, links: int) -> tuple[str, str]:
    """Return the statements that insert the customers and their links."""
    count = customers_of(links)
    forms = {
        "numbers": spelling.numbers.format(count=count),
        "customer": spelling.hexadecimal.format("n.i"),
        "link": spelling.hexadecimal.format(f"n.i * {len(SOURCES)} + s.place"),
        "key": spelling.decimal.format(f"(n.i * {_STRIDE} + s.place) % {count}"),
        "sources": " UNION ALL ".join(
            f"SELECT {place} AS place, '{name}' AS name" for place, name in enumerate(SOURCES)
        ),
    }
    return _CUSTOMERS.format(**forms), _LINKS.format(**forms)
