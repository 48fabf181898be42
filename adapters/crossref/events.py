"""The chained events that are history, audit and change feed in one; a key never stands in them, only commitments."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from adapters.crossref.errors import InputError, RefusalCode

__all__ = ["Act", "Event", "EventType", "canonical", "commitment", "moment"]

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_WORD = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?")


class EventType(StrEnum):
    """What can happen."""

    SOURCE_REGISTERED = "source.registered"
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_RESTRICTED = "customer.restricted"
    LINK_ADDED = "link.added"
    CANDIDATE_OPENED = "candidate.opened"
    CUSTOMERS_MERGED = "customers.merged"


@dataclass(frozen=True, slots=True)
class Act:
    """Who writes, and why: a code and a reference to where the why is written down (a ticket), never free text.

    `actor` is a feed, a rule or a user's id: 1 to 128 printable ASCII characters, as is `reason_ref`; `reason_code` is
    up to 64 letters, digits, `_`, `.`, `:` and `-`. Raises InputError on anything else.
    """

    actor: str
    reason_code: str | None = None
    reason_ref: str | None = None

    def __post_init__(self) -> None:
        _check("actor", self.actor, _WORD)
        _check("reason_code", self.reason_code, _CODE)
        _check("reason_ref", self.reason_ref, _WORD)


def _check(name: str, value: str | None, form: re.Pattern[str]) -> None:
    if value is not None and not form.fullmatch(value):
        raise InputError(
            RefusalCode.VALUE_INVALID, f"{name} is not in its form; wanted a short code or reference in printable ASCII"
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `seq` counts from 1 without gaps; `at` is in the fixed form that `moment` makes."""

    tenant: str
    seq: int
    at: str
    type: str
    customer_id: str | None
    act: Act
    body: Mapping[str, object] = field(repr=False)
    prev_hash: bytes | None = field(repr=False)

    def hash(self) -> bytes:
        """Return the SHA-256 of everything in the event and of the hash of the one before it."""
        content = {
            "tenant": self.tenant,
            "seq": self.seq,
            "at": self.at,
            "type": self.type,
            "customer_id": self.customer_id,
            "actor": self.act.actor,
            "reason_code": self.act.reason_code,
            "reason_ref": self.act.reason_ref,
            "body": self.body,
            "prev_hash": None if self.prev_hash is None else self.prev_hash.hex(),
        }
        return hashlib.sha256(canonical(content).encode()).digest()


def canonical(content: object) -> str:
    """Return the one JSON text of this content: names sorted, no spaces, ASCII; it survives a store that reorders."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def commitment(salt: bytes, link_id: str, source: str, key: str) -> str:
    """Return what an event holds in place of a key: whoever has salt and key can check it, nobody else learns from it.

    It is the base64url HMAC-SHA-256 under the salt (32 random bytes) of link, source and key.
    """
    digest = hmac.digest(salt, canonical([link_id, source, key]).encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def moment(at: datetime) -> str:
    """Return a time with a zone as UTC text of fixed width, so that texts sort as times do."""
    if at.tzinfo is None:
        raise ValueError("got a time without a zone; give the clock one: datetime.now(UTC)")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
