"""What a source says of whether a customer may be shown at all: consents, open cases, and active interactions.

An adapter offers them as the lists `Gate.consent`, `Gate.case` and `Gate.interaction` of its own keys, which stand in
no model:

    class CrmPermission(ConsentRecord):
        purpose: Annotated[str | None, coded(_PURPOSES)] = Field(validation_alias="topic")
        channel: Annotated[str | None, coded(_CHANNELS)] = Field(validation_alias="medium")
        status: Annotated[ConsentStatus | None, coded(_STATUSES)] = Field(validation_alias="state")
        valid_from: datetime | None = Field(validation_alias="since")
        valid_until: datetime | None = Field(validation_alias="until")

    HttpOffer(name="permissions", serves=CONSENT, record=CrmPermission, ...)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType, NoneType

from adapters.records import Record

__all__ = [
    "CASE",
    "CHANNELS",
    "CONSENT",
    "GATE_RECORDS",
    "INTERACTION",
    "RELATIONSHIPS",
    "CaseRecord",
    "ConsentRecord",
    "ConsentStatus",
    "InteractionRecord",
    "asked_of",
]

CONSENT = "Gate.consent"
"""What an offer serves that lists what a customer has decided about purposes."""

CASE = "Gate.case"
"""What an offer serves that lists a customer's cases."""

INTERACTION = "Gate.interaction"
"""What an offer serves that lists a customer's interactions: calls, chats and the like."""

RELATIONSHIPS: Mapping[str, str] = MappingProxyType({"open-case": CASE, "active-interaction": INTERACTION})
"""What an offer serves by which a relationship is decided, by the word that views have for it."""

CHANNELS = frozenset(
    (
        *("app", "chat", "email", "fax", "letter", "messenger", "phone", "post", "push"),
        *("sms", "social", "video", "visit", "voice", "web", "whatsapp"),
    )
)
"""The channels that are told apart. A decision against a use over any other, such as a source's own word, is taken for
one over all of them."""


class ConsentStatus(StrEnum):
    """Where a decision stands."""

    GIVEN = "given"
    """The customer has agreed."""
    REFUSED = "refused"
    """The customer was asked and has not agreed."""
    WITHDRAWN = "withdrawn"
    """The customer had agreed and no longer does."""
    EXPIRED = "expired"
    """The consent was given for a time that is over."""
    REQUESTED = "requested"
    """The customer was asked and has not answered yet."""
    OBJECTED = "objected"
    """The customer has objected to the use, whatever it is based on (GDPR article 21)."""


class ConsentRecord(Record):
    """What a customer has decided about a purpose, a W3C DPV term, over one channel, or, where it is null, over all.

    Consent holds from `valid_from` on, what stands against it as soon as it is recorded; both before `valid_until`.
    A source that knows no such dates, or no channels, says so: `valid_until: None = None`. It is never asked for them.
    The purpose may have the prefix `dpv:` or be the term's IRI. What is recorded against a purpose, or over a channel,
    that is not known stands against all of them; consent to it is consent to nothing.
    """

    purpose: str | None
    channel: str | None
    status: ConsentStatus | None
    valid_from: datetime | None
    valid_until: datetime | None


class CaseRecord(Record):
    """A case of a customer: what the customer's side and ours refer to it by, and whether somebody works on it."""

    reference: str | None
    is_open: bool | None


class InteractionRecord(Record):
    """An interaction with a customer, such as a call: what it is referred to by, and whether it is going on."""

    reference: str | None
    is_active: bool | None


GATE_RECORDS: Mapping[str, type[Record]] = MappingProxyType(
    {CONSENT: ConsentRecord, CASE: CaseRecord, INTERACTION: InteractionRecord}
)
"""The record that an offer's own has to be derived from, by what the offer serves."""


def asked_of(serves: str, record: type[Record]) -> frozenset[str]:
    """Return the fields by which a gate is decided and of which the record does not say that they are always null."""
    fields = record.model_fields
    return frozenset(name for name in GATE_RECORDS[serves].model_fields if fields[name].annotation is not NoneType)
