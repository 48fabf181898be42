"""Whether a tenant may be opened: something is written of it, or it may begin."""

from __future__ import annotations

from adapters.crossref.database import Connection
from adapters.crossref.errors import StoreError, TenantUnknownError

__all__ = ["begin_tenant", "check_tenant", "is_begun"]

_MOST = 128

_NEXT = "SELECT next_seq FROM tenant WHERE tenant_id = ?"

_OTHERS = "SELECT 1 FROM tenant WHERE next_seq > 1 LIMIT 1"


def check_tenant(tenant: object) -> None:
    """Raise StoreError unless this can be a tenant's name, which is not told: a variable that is not set makes none."""
    is_name = isinstance(tenant, str) and tenant.isprintable() and tenant == tenant.strip() != ""
    if not is_name or len(str(tenant)) > _MOST:
        raise StoreError(
            f"got what is no name of a tenant; wanted 1 to {_MOST} printable characters, none of them a blank at an "
            "end: correct it"
        )


async def is_begun(
    connection: Connection, tenant: str, *, make_tenant: bool = True, beside_others: bool = True
) -> bool:
    """Return whether the tenant is there; one that is not may begin.

    Raises TenantUnknownError when it is not there and `make_tenant` is False, or when nothing is written of it and
    something of another one, and `beside_others` is False: its name may be a slip.
    """
    row = await connection.fetch_one(_NEXT, tenant)
    if row is None and not make_tenant:
        raise TenantUnknownError
    is_empty = row is None or row[0] == 1
    if is_empty and not beside_others and await connection.fetch_one(_OTHERS) is not None:
        raise TenantUnknownError
    return row is not None


async def begin_tenant(connection: Connection, tenant: str) -> None:
    """Let the tenant begin, unless another process has just done so."""
    await connection.execute("INSERT INTO tenant (tenant_id) VALUES (?) ON CONFLICT DO NOTHING", tenant)
