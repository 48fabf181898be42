"""The chained events that are history, audit and change feed in one; a key never stands in them, only commitments."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from adapters.crossref.errors import InputError, RefusalCode

__all__ = ["Act", "Event", "EventType", "canonical", "commitment", "concerned", "moment"]

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_WORD = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?")


class EventType(StrEnum):
    """What can happen."""

    SOURCE_REGISTERED = "source.registered"
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_RESTRICTED = "customer.restricted"
    CUSTOMER_SPLIT = "customer.split"
    CUSTOMER_ERASED = "customer.erased"
    RESTRICTION_LIFTED = "restriction.lifted"
    LINK_ADDED = "link.added"
    LINK_CLOSED = "link.closed"
    LINK_MOVED = "link.moved"
    KEY_REPLACED = "key.replaced"
    NON_MATCH_ASSERTED = "non_match.asserted"
    NON_MATCH_CLEARED = "non_match.cleared"
    IDENTIFIERS_SEEN = "identifiers.seen"
    IDENTIFIERS_FORGOTTEN = "identifiers.forgotten"
    IDENTIFIERS_REKEYED = "identifiers.rekeyed"
    CANDIDATE_OPENED = "candidate.opened"
    CANDIDATE_DECIDED = "candidate.decided"
    CUSTOMERS_MERGED = "customers.merged"
    MERGE_UNDONE = "merge.undone"


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

    def hash(self, body: str | None = None) -> bytes:
        """Return the SHA-256 of everything in the event and of the hash of the one before it.

        `body` is the body's canonical text, for who has it already.
        """
        prev = None if self.prev_hash is None else self.prev_hash.hex()
        # as `canonical` has an object of these members, in a third of the time
        content = (
            f'{{"actor":{_quoted(self.act.actor)},"at":{_quoted(self.at)},'
            f'"body":{canonical(self.body) if body is None else body},"customer_id":{_text(self.customer_id)},'
            f'"prev_hash":{_text(prev)},"reason_code":{_text(self.act.reason_code)},'
            f'"reason_ref":{_text(self.act.reason_ref)},"seq":{self.seq},"tenant":{_quoted(self.tenant)},'
            f'"type":{_quoted(self.type)}}}'
        )
        return hashlib.sha256(content.encode()).digest()

    def others(self) -> dict[str, str | None]:
        """Return whom the event concerns besides the customer that it names, and where each of these ids leads since.

        That is the id itself where it stands alone again, and None where it leads to where it did before.
        """
        if _NAMES.isdisjoint(self.body):
            return {}
        found: dict[str, str | None] = dict.fromkeys(concerned(self.body))
        found.pop(self.customer_id or "", None)
        leads_to = self.body.get(_LEADS_TO.get(self.type, ""))
        if isinstance(leads_to, str):
            found |= dict.fromkeys(_ids(self.body, _LED), leads_to)
        return found


_LED = ("loser", "repointed")
_CONCERNED = (*_LED, "survivor", "from", "to", "customers")
"""Names under which the body of an event holds an id of a customer, or a list of them."""

_NAMES = frozenset(_CONCERNED)

_LEADS_TO = {"customers.merged": "survivor", "merge.undone": "loser"}
"""By kind of event, the name of the id to which those that are led lead since."""


def concerned(body: Mapping[str, object]) -> Iterator[str]:
    """Return the ids of customers that stand in the body of an event; one may come twice."""
    return _ids(body, _CONCERNED)


def _ids(body: Mapping[str, object], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        told = body.get(name)
        yield from (one for one in (told if isinstance(told, list) else [told]) if isinstance(one, str))


def canonical(content: object) -> str:
    """Return the one JSON text of this content: names sorted, no spaces, ASCII; it survives a store that reorders."""
    return _encoded(content)


_encoded = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_quoted = json.encoder.encode_basestring_ascii


def _text(value: str | None) -> str:
    return "null" if value is None else _quoted(value)


def commitment(salt: bytes, link_id: str, source: str, key: str) -> str:
    """Return what an event holds in place of a key: whoever has salt and key can check it, nobody else learns from it.

    It is the base64url HMAC-SHA-256 under the salt (32 random bytes) of link, source and key.
    """
    # as `canonical` has a list of texts, in a third of the time: a bulk load spends a tenth of its own here
    text = f"[{_quoted(link_id)},{_quoted(source)},{_quoted(key)}]"
    digest = hmac.digest(salt, text.encode(), "sha256")
    return base64.urlsafe_b64encode(digest)[:-1].decode()  # 32 bytes: one = at the end


def moment(at: datetime) -> str:
    """Return a time with a zone as UTC text of fixed width, so that texts sort as times do."""
    if at.tzinfo is None:
        raise ValueError("got a time without a zone; give the clock one: datetime.now(UTC)")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
