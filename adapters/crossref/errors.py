"""What can go wrong in the cross-reference, sorted by whose fault it is. No message holds a key.

CrossReferenceError
  InputError          the caller's: what was given can never be written; nothing was written
  ConflictError         the data's: another link stands in the way; nothing was taken, a candidate is open
  StoreError            ours: the database cannot be read or written
    SchemaOutdatedError      its tables are not those of this release
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
    ROW_EMPTY = "ROW_EMPTY"


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


_WANTED = {
    ConflictCode.KEY_OWNED_BY_OTHER: "the key is linked to another customer; decide the open candidate first",
    ConflictCode.LIMIT_EXCEEDED: "the customer would have more live keys of the source than it allows; "
    "decide the open candidate, or register the source with a higher max_live",
    ConflictCode.CUSTOMER_ERASED: "the customer was erased and its id is never used again; link without a customer id",
    ConflictCode.CUSTOMER_RETIRED: "the customer is retired; link without a customer id",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """What stands in the way of a write.

    `customer` is whom the write was for, `other` who stands against it (None when nobody does), `source` whose key it
    is about (None when it is about no one key). `candidate_id` is the open match candidate: the same conflict met again
    has the same one.
    """

    code: ConflictCode
    customer: str
    other: str | None
    source: str | None
    candidate_id: str


class ConflictError(CrossReferenceError):
    """A write was not made because of what stands. `conflict` says what; a steward finds the candidate open."""

    def __init__(self, conflict: Conflict) -> None:
        self.conflict = conflict
        super().__init__(f"{conflict.code}: {_WANTED[conflict.code]} (candidate {conflict.candidate_id})")


class StoreError(CrossReferenceError):
    """The database cannot be read or written."""


class SchemaOutdatedError(StoreError):
    """The database's tables are not those of this release."""


class SecretError(CrossReferenceError):
    """A sealed key cannot be sealed or opened."""
