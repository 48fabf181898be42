"""What the customer has agreed to."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from schema.customer.party import Channel
from schema.directives import PersonalCategory, personal

__all__ = ["Consent", "ConsentPurpose", "ConsentStatus"]


@strawberry.enum
class ConsentPurpose(Enum):
    """What a consent is about, in terms of the W3C Data Privacy Vocabulary."""

    DIRECT_MARKETING = "DIRECT_MARKETING"
    """Offers and news sent to the customer."""
    PERSONALISATION = "PERSONALISATION"
    """Offers and pages chosen by what is known of the customer."""
    RESEARCH = "RESEARCH"
    """Surveys, and studies of how products are used."""
    THIRD_PARTY_SHARING = "THIRD_PARTY_SHARING"
    """Handing data on to partners."""


@strawberry.enum
class ConsentStatus(Enum):
    """Where a consent stands."""

    GIVEN = "GIVEN"
    """The customer has agreed."""
    REFUSED = "REFUSED"
    """The customer was asked and has not agreed."""
    WITHDRAWN = "WITHDRAWN"
    """The customer had agreed and no longer does."""
    EXPIRED = "EXPIRED"
    """The consent was given for a time that is over."""
    REQUESTED = "REQUESTED"
    """The customer was asked and has not answered yet."""


@strawberry.type
class Consent:
    """What the customer has decided about one purpose, over one channel."""

    purpose: ConsentPurpose | None = personal(PersonalCategory.PREFERENCE)
    """What the consent is about."""
    channel: Channel | None = personal(PersonalCategory.PREFERENCE)
    """The channel that the consent is about; none when it is about all of them."""
    status: ConsentStatus | None = personal(PersonalCategory.PREFERENCE)
    """Where the consent stands."""
    decided_at: datetime | None = personal(PersonalCategory.PREFERENCE)
    """When the customer decided."""
    expires_at: datetime | None = personal(PersonalCategory.PREFERENCE)
    """When the decision ends by itself; none when it does not."""
