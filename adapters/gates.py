"""What a source says of whether a customer may be shown at all: consents, and open cases.

An adapter offers them as the lists `Gate.consent` and `Gate.case` of its own keys, which stand in no model:

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
from types import MappingProxyType

from adapters.records import Record

__all__ = ["CASE", "CONSENT", "GATE_RECORDS", "CaseRecord", "ConsentRecord", "ConsentStatus"]

CONSENT = "Gate.consent"
"""What an offer serves that lists what a customer has decided about purposes."""

CASE = "Gate.case"
"""What an offer serves that lists a customer's cases."""


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

    It holds from `valid_from` on and before `valid_until`, where these are there.
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


GATE_RECORDS: Mapping[str, type[Record]] = MappingProxyType({CONSENT: ConsentRecord, CASE: CaseRecord})
"""The record that an offer's own has to be derived from, by what the offer serves."""
