"""The keys of the audit: one stands in for customers, one chains records, one signs anchors; of each secret its own."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field

from adapters.crossref import Secrets

__all__ = ["AuditKeys"]

_CUSTOMER, _CHAIN, _ANCHOR = "audit customer", "audit chain", "audit anchor"


@dataclass(frozen=True, slots=True)
class _Version:
    """The keys of one secret; `customer` is keyed already, as a copy of it takes a quarter of the time of a new one."""

    customer: hmac.HMAC
    chain: bytes
    anchor: bytes

    @classmethod
    def of(cls, secrets: Secrets, version: int) -> _Version:
        customer, chain, anchor = (secrets.derive(use, version=version) for use in (_CUSTOMER, _CHAIN, _ANCHOR))
        return cls(hmac.new(customer, digestmod="sha256"), chain, anchor)


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """Every version of the keys, derived from the secret file. A record says by which version it was made.

    So the versions are needed for as long as records of them are kept.
    """

    current: int
    _versions: dict[int, _Version] = field(repr=False)

    @classmethod
    def of(cls, secrets: Secrets) -> AuditKeys:
        """Return the keys that are derived from these secrets."""
        return cls(secrets.current_version, {one: _Version.of(secrets, one) for one in secrets.versions})

    def reference(self, customer: str) -> str:
        """Return what stands for a canonical id in new records: 43 characters of base64url."""
        return _reference(self._versions[self.current].customer, customer)

    def references(self, customer: str) -> tuple[str, ...]:
        """Return what stands for a canonical id in any record, by whichever version it was made."""
        return tuple(_reference(each.customer, customer) for each in self._versions.values())

    def chain(self, version: object) -> bytes | None:
        """Return the key by which records of a version are chained, None where that version is not at hand."""
        found = self._versions.get(version) if isinstance(version, int) else None
        return found.chain if found else None

    def anchor(self, version: object) -> bytes | None:
        """Return the key by which anchors of a version are signed, None where that version is not at hand."""
        found = self._versions.get(version) if isinstance(version, int) else None
        return found.anchor if found else None


def _reference(keyed: hmac.HMAC, customer: str) -> str:
    made = keyed.copy()
    made.update(customer.encode())
    return base64.urlsafe_b64encode(made.digest())[:-1].decode()  # 32 bytes: one = at the end
