"""The hot look-ups on PostgreSQL: one statement, and so one round trip and one moment, for a whole batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.crossref.database import Asked, Found, Row
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import read_sources
from adapters.crossref.postgres.database import PostgresDatabase
from adapters.crossref.secrets_in_use import check_written

__all__ = ["PostgresFinder"]

# OFFSET 0 keeps each step as written, one row after the other by index, whatever the statistics say or lack. A
# restriction made for an id holds for whoever that id was merged into, until it is lifted; its rows have no position.
_FIND = """
WITH asked AS (
  SELECT pos, source, key FROM unnest($2::int[], $3::text[], $4::text[]) AS a (pos, source, key)
),
found AS MATERIALIZED (
  SELECT asked.pos, owner.customer_id
  FROM asked
  CROSS JOIN LATERAL (
    SELECT l.customer_id FROM link AS l
    WHERE l.tenant_id = $1 AND l.source_id = asked.source AND l.key_lookup = asked.key AND l.valid_to IS NULL
    UNION ALL
    SELECT coalesce(r.survivor_id, r.customer_id) FROM customer AS r
    WHERE asked.source IS NULL AND r.tenant_id = $1 AND r.customer_id = asked.key
    OFFSET 0
  ) AS owner
  WHERE NOT EXISTS (
    SELECT 1 FROM customer AS c
    WHERE c.tenant_id = $1 AND c.customer_id = owner.customer_id AND c.status <> 'active' OFFSET 0
  )
),
named AS (
  SELECT customer_id, customer_id AS name FROM found
  UNION
  SELECT found.customer_id, m.customer_id
  FROM found
  CROSS JOIN LATERAL (
    SELECT customer_id FROM customer WHERE tenant_id = $1 AND survivor_id = found.customer_id OFFSET 0
  ) AS m
),
restricted AS MATERIALIZED (
  SELECT named.customer_id, r.ground, r.coordinates
  FROM named
  CROSS JOIN LATERAL (
    SELECT ground, coordinates FROM restriction
    WHERE tenant_id = $1 AND customer_id = named.name AND valid_to IS NULL OFFSET 0
  ) AS r
)
SELECT found.pos, found.customer_id, k.source_id, k.key_lookup, k.key_sealed, k.link_id, k.method = 'merge',
  k.opened_seq, NULL::text, NULL::jsonb
FROM found
LEFT JOIN LATERAL (
  SELECT source_id, key_lookup, key_sealed, link_id, method, opened_seq FROM link
  WHERE tenant_id = $1 AND customer_id = found.customer_id AND valid_to IS NULL AND key_status = 'live'
    AND ($5 OR found.customer_id NOT IN (SELECT customer_id FROM restricted WHERE coordinates ? '*'))
  OFFSET 0
) AS k ON true
UNION ALL
SELECT NULL, customer_id, NULL, NULL, NULL, NULL, NULL, NULL, ground, coordinates FROM restricted
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, next_seq, secret_marks::text, NULL
FROM tenant WHERE tenant_id = $1
"""


class PostgresFinder:
    """Finds a tenant's customers."""

    def __init__(self, database: PostgresDatabase, tenant: str) -> None:
        self._database, self._tenant = database, tenant

    async def sources(self) -> Mapping[str, SourceSystem]:
        """Return the tenant's sources by name."""
        return await self._database.read(lambda connection: read_sources(connection, self._tenant))

    async def check(self, keyring: Keyring) -> None:
        """Raise SecretError when another process has written with a secret that is not at hand and that is needed."""
        await self._database.read(lambda connection: check_written(connection, self._tenant, keyring))

    async def find(self, asked: Sequence[Asked], *, restricted_keys: bool = False) -> Found:
        """Return who is found, and what is restricted; the state is the number of the tenant's next event."""
        positions, sources, keys = (list(column) for column in zip(*asked, strict=True)) if asked else ([], [], [])
        links: dict[int, list[Row]] = {}
        restrictions: list[Row] = []
        state: int | None = None
        written: str | None = None
        for row in await self._database.fetch(_FIND, self._tenant, positions, sources, keys, restricted_keys):
            if row[0] is not None:
                links.setdefault(row[0], []).append(row)
            elif row[1] is not None:
                restrictions.append((row[1], *row[8:10]))
            else:
                state, written = row[7], row[8]
        return Found(links, restrictions, state, written)
