"""Where a customer stands: the id in use, what has become of it, and the version that a write may expect."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.crossref.database import Connection
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.past.history import meant_by
from adapters.crossref.port import Lookup

__all__ = ["Standing", "standing"]

_CUSTOMER = (
    "SELECT customer_id, status, version, changed_seq FROM customer INDEXED BY sqlite_autoindex_customer_1 "
    "WHERE tenant_id = ? AND customer_id = ?"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The id in use now, its status (`active`, `retired` or `erased`), its version, and the number of the last event
    that counted the version up."""

    customer: str
    status: str
    version: int
    seq: int

    @property
    def is_active(self) -> bool:
        """Return whether the customer is one that look-ups find."""
        return self.status == "active"


async def standing(connection: Connection, tenant: str, keyring: Keyring, lookup: Lookup) -> Standing | None:
    """Return where the customer stands, one that was erased too; None for one who never was.

    A key means whoever has it now.
    """
    customer = await meant_by(connection, tenant, keyring, lookup, only_now=True)
    row = await connection.fetch_one(_CUSTOMER, tenant, customer or "")
    return Standing(*row) if row else None
