"""What can go wrong in the cross-reference, sorted by whose fault it is. No message holds a key.

CrossReferenceError
  InputError          the caller's: what was given can never be written; nothing was written
  ConflictError         the data's: something stands in the way; nothing was taken, a steward finds a candidate open
  StoreError            ours: the database cannot be read or written
    SchemaOutdatedError      its tables are not those of this release
    TenantUnknownError        it has nothing of the tenant, and was not to begin with it
  SecretError           ours: a sealed key cannot be sealed or opened
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Conflict",
    "ConflictCode",
    "ConflictError",
    "CrossReferenceError",
    "InputError",
    "RefusalCode",
    "SchemaOutdatedError",
    "SecretError",
    "StoreError",
    "TenantUnknownError",
]


class CrossReferenceError(Exception):
    """The base of every error that the cross-reference raises."""


class RefusalCode(StrEnum):
    """Why something given can never be written."""

    KEY_INVALID = "KEY_INVALID"
    SOURCE_UNKNOWN = "SOURCE_UNKNOWN"
    SOURCE_INVALID = "SOURCE_INVALID"
    SOURCE_FIXED = "SOURCE_FIXED"
    CUSTOMER_ID_INVALID = "CUSTOMER_ID_INVALID"
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    VALUE_INVALID = "VALUE_INVALID"
    IDENTIFIER_INVALID = "IDENTIFIER_INVALID"
    ROW_EMPTY = "ROW_EMPTY"
    ROW_INVALID = "ROW_INVALID"
    FILE_INVALID = "FILE_INVALID"
    LINK_UNKNOWN = "LINK_UNKNOWN"
    MERGE_UNKNOWN = "MERGE_UNKNOWN"
    SPLIT_EMPTY = "SPLIT_EMPTY"
    SAME_CUSTOMER = "SAME_CUSTOMER"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    CANDIDATE_UNKNOWN = "CANDIDATE_UNKNOWN"
    CANDIDATE_DECIDED = "CANDIDATE_DECIDED"
    CANDIDATE_ONE_SIDED = "CANDIDATE_ONE_SIDED"


class InputError(CrossReferenceError):
    """What was given can never be written. `code` is for programs, the text for people."""

    def __init__(self, code: RefusalCode, text: str) -> None:
        self.code = code
        super().__init__(f"{code}: {text}")


class ConflictCode(StrEnum):
    """Why a write was not made: what stands is never taken away by it."""

    KEY_OWNED_BY_OTHER = "KEY_OWNED_BY_OTHER"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    CUSTOMER_ERASED = "CUSTOMER_ERASED"
    CUSTOMER_RETIRED = "CUSTOMER_RETIRED"
    NON_MATCH_ASSERTED = "NON_MATCH_ASSERTED"
    VERSION_MISMATCH = "VERSION_MISMATCH"
    MERGE_NOT_UNDOABLE = "MERGE_NOT_UNDOABLE"


_WANTED = {
    ConflictCode.KEY_OWNED_BY_OTHER: "the key is linked to another customer; decide the open candidate first",
    ConflictCode.LIMIT_EXCEEDED: "the customer would have more live keys of the source than it allows; "
    "unlink or replace the key that it has no more, or register the source with a higher max_live",
    ConflictCode.CUSTOMER_ERASED: "the customer was erased and its id is never used again; link without a customer id",
    ConflictCode.CUSTOMER_RETIRED: "the customer is retired; link without a customer id",
    ConflictCode.NON_MATCH_ASSERTED: "somebody has asserted that two of the keys are never one person's; "
    "clear that first if it is wrong",
    ConflictCode.VERSION_MISMATCH: "the customer was written since it was read; read it again, then decide anew",
    ConflictCode.MERGE_NOT_UNDOABLE: "the merge was undone already, or a customer of it was erased since; "
    "split the keys that are not theirs",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """What stands in the way of a write.

    `customer` is whom the write was for, `other` who stands against it (None when nobody does), `source` whose key it
    is about (None when it is about no one key). `candidate_id` is the open match candidate: the same conflict met again
    has the same one; None where there is nothing for a steward to decide.
    """

    code: ConflictCode
    customer: str
    other: str | None
    source: str | None
    candidate_id: str | None


class ConflictError(CrossReferenceError):
    """A write was not made because of what stands. `conflict` says what; a steward finds the candidate open."""

    def __init__(self, conflict: Conflict) -> None:
        self.conflict = conflict
        candidate = f" (candidate {conflict.candidate_id})" if conflict.candidate_id else ""
        super().__init__(f"{conflict.code}: {_WANTED[conflict.code]}{candidate}")


class StoreError(CrossReferenceError):
    """The database cannot be read or written."""


class SchemaOutdatedError(StoreError):
    """The database's tables are not those of this release."""


class TenantUnknownError(StoreError):
    """The database has nothing of the tenant."""

    def __init__(self) -> None:
        super().__init__("got a tenant of whom nothing is here; correct its name, or open once with make_tenant=True")


class SecretError(CrossReferenceError):
    """A sealed key cannot be sealed or opened."""
