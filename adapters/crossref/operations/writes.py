"""A write as it was asked for: who, why, once only, and only if the customer is still as the writer has seen it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Required, Self, TypedDict

from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode
from adapters.crossref.events import Act
from adapters.crossref.ledger import CustomerRow

__all__ = ["Linked", "Write", "Writing", "act_of", "version_conflict"]

_KEY = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/#?=&-]{0,127}")
_NUMBER = re.compile(r"(?:[_.:-]*[0-9])+[_.:-]*")
_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Linked:
    """Where a customer stands after a write: its id, its version, and the number of the event that brought it there.

    `events` are the numbers of the first and the last event that the write has made, None when it had nothing to write.
    `note` says in words what was asked for and could not be, such as to lift what is not in force; never with a value.
    """

    customer: str
    version: int
    seq: int
    events: tuple[int, int] | None = field(default=None, compare=False)
    note: str | None = field(default=None, compare=False)


class Writing(TypedDict, total=False):
    """What every write may be given.

    `actor` writes, a name without @, for the reason that `reason_code` and `reason_ref` name: see `Act` for the form of
    the code, which is more than digits; the reference is the number or the URL of a ticket, without blanks and @. All
    three are kept for good, so that no customer's address or number belongs into them. The same write of the same actor
    with the same `idempotency_key` (1 to 128 printable ASCII characters, such as a UUID: a digest of it is kept for 24
    hours) is answered as it was the first time. With `expected_version` it is made only if the customer that it is
    about has this version; one that has nothing to write, for all stands already, is answered whatever the version is.
    """

    actor: Required[str]
    reason_code: str | None
    reason_ref: str | None
    idempotency_key: str | None
    expected_version: int | None


@dataclass(frozen=True, slots=True)
class Write:
    """One write: the operation, its arguments as JSON has them, and what came with them. Made by `of`.

    A merge is about two customers: `loser_version` is the version expected of the loser.
    """

    operation: str
    arguments: Mapping[str, object] = field(repr=False)
    act: Act
    expected_version: int | None = None
    idempotency_key: str | None = field(default=None, repr=False)
    loser_version: int | None = None

    def __post_init__(self) -> None:
        key = self.idempotency_key
        if key is not None and not _KEY.fullmatch(key):
            raise InputError(
                RefusalCode.VALUE_INVALID,
                "idempotency_key is not in its form; wanted 1 to 128 printable ASCII characters, such as a UUID",
            )
        for name, version in (("expected_version", self.expected_version), ("loser_version", self.loser_version)):
            if version is not None and not 0 <= version <= _MOST:
                raise InputError(
                    RefusalCode.VALUE_INVALID, f"{name} is not in its form; wanted the version of a customer"
                )

    @classmethod
    def of(cls, operation: str, writing: Writing, *, loser_version: int | None = None, **arguments: object) -> Self:
        """Return the write of this operation; raises InputError when something is not in its form.

        The arguments are all that tells this write from another of the operation: texts, numbers and lists of them.
        """
        act = act_of(writing["actor"], writing.get("reason_code"), writing.get("reason_ref"))
        named = (writing.get("expected_version"), writing.get("idempotency_key"), loser_version)
        return cls(operation, arguments, act, *named)


def act_of(actor: str, reason_code: str | None = None, reason_ref: str | None = None) -> Act:
    """Return who is about to write, and why.

    Raises InputError when something is not in its form. That is narrower than what old events may hold: it keeps out
    what looks like a customer's address or number.
    """
    act = Act(actor, reason_code, reason_ref)
    if "@" in actor:
        raise _kept("actor", "the name of a feed, a rule or a user, without @")
    if reason_code is not None and _NUMBER.fullmatch(reason_code):
        raise _kept("reason_code", "a short code that is no number, such as duplicate")
    if reason_ref is not None and not _REFERENCE.fullmatch(reason_ref):
        raise _kept("reason_ref", "the number or the URL of a ticket, without blanks and @")
    return act


def _kept(name: str, wanted: str) -> InputError:
    text = f"{name} is not in its form; wanted {wanted}: it is kept for good, also when the customer is erased"
    return InputError(RefusalCode.VALUE_INVALID, text)


def version_conflict(expected: int | None, row: CustomerRow | None) -> Conflict | None:
    """Return the conflict when a writer expects another version of the customer; 0 is that of one not yet there.

    To be asked once it is clear that something is to be written, so that a write which stands can be repeated.
    """
    version = row.version if row else 0
    if expected in (None, version):
        return None
    return Conflict(ConflictCode.VERSION_MISMATCH, row.customer_id if row else "", None, None, None)
