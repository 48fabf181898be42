"""The keys of the audit: one stands in for customers, one chains records, one signs anchors.

Of each secret and each tenant its own: by one tenant's nobody of another's is found, and nothing of it holds.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass, field
from typing import TypeGuard

from adapters.crossref import Secrets

__all__ = ["AuditKeys", "is_name"]

_CUSTOMER, _CHAIN, _ANCHOR, _NAME = "audit customer", "audit chain", "audit anchor", "audit name"
_NAME_BYTES = 4
_NAMED = re.compile(r"[0-9]{1,9}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class _Version:
    """The keys of one secret; `customer` is keyed already, as a copy of it takes a quarter of the time of a new one.

    `name` tells the secret from others of the same version, and nothing of it.
    """

    name: str
    customer: hmac.HMAC
    chain: bytes
    anchor: bytes

    @classmethod
    def of(cls, secrets: Secrets, tenant: str, version: int) -> _Version:
        uses = (f"{use} of {tenant}" for use in (_NAME, _CUSTOMER, _CHAIN, _ANCHOR))
        derived = (secrets.derive(use, version=version) for use in uses)
        name, customer, chain, anchor = derived
        keyed = hmac.new(customer, digestmod="sha256")
        return cls(f"{version}-{name[:_NAME_BYTES].hex()}", keyed, chain, anchor)


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """Every version of the keys, derived from the secret file. A record names the one by which it was made: `current`.

    A name is the secret's version and a few digits that tell it from other secrets and tenants, such as `1-9f86d081`.
    The versions are needed for as long as records of them are kept.
    """

    current: str
    tenant: str
    _versions: dict[str, _Version] = field(repr=False)

    @classmethod
    def of(cls, secrets: Secrets, tenant: str = "default") -> AuditKeys:
        """Return the keys that are derived from these secrets for a tenant."""
        versions = {one: _Version.of(secrets, tenant, one) for one in secrets.versions}
        return cls(versions[secrets.current_version].name, tenant, {one.name: one for one in versions.values()})

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of those that are at hand."""
        return tuple(self._versions)

    def reference(self, customer: str) -> str:
        """Return what stands for a canonical id in new records: 43 characters of base64url."""
        return _reference(self._versions[self.current].customer, customer)

    def references(self, customer: str) -> tuple[str, ...]:
        """Return what stands for a canonical id in any record, by whichever version it was made."""
        return tuple(_reference(each.customer, customer) for each in self._versions.values())

    def chain(self, name: object) -> bytes | None:
        """Return the key of a name by which records are chained, None where it is not at hand."""
        found = self._versions.get(name) if isinstance(name, str) else None
        return found.chain if found else None

    def anchor(self, name: object) -> bytes | None:
        """Return the key of a name by which anchors are signed, None where it is not at hand."""
        found = self._versions.get(name) if isinstance(name, str) else None
        return found.anchor if found else None


def is_name(told: object) -> TypeGuard[str]:
    """Return whether this can be the name of a key."""
    return isinstance(told, str) and _NAMED.fullmatch(told) is not None


def _reference(keyed: hmac.HMAC, customer: str) -> str:
    made = keyed.copy()
    made.update(customer.encode())
    return base64.urlsafe_b64encode(made.digest())[:-1].decode()  # 32 bytes: one = at the end
