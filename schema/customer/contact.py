"""How the customer can be reached."""

from __future__ import annotations

from enum import Enum

import strawberry

from schema.directives import PersonalCategory, personal

__all__ = ["ContactKind", "ContactPoint"]


@strawberry.enum
class ContactKind(Enum):
    """What kind of contact point it is."""

    EMAIL = "EMAIL"
    """An e-mail address."""
    PHONE = "PHONE"
    """A fixed telephone line."""
    MOBILE = "MOBILE"
    """A mobile telephone, which also takes text messages."""
    WEB = "WEB"
    """A web address or a name in a network."""


@strawberry.type
class ContactPoint:
    """One way to reach the customer."""

    kind: ContactKind | None = personal(PersonalCategory.CONTACT)
    """What kind of contact point it is."""
    value: str | None = personal(PersonalCategory.CONTACT)
    """The address or number itself, telephone numbers with the country's prefix."""
    preferred: bool | None = personal(PersonalCategory.PREFERENCE)
    """Whether the customer prefers to be reached this way."""
