"""Facts about types and fields of the model, as schema directives, so that they print in the SDL."""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry
from strawberry.schema_directive import Location

__all__ = ["CANONICAL", "FreshFor", "Personal", "PersonalCategory", "Sensitive", "Subject", "personal"]

CANONICAL = "id"
"""The field of the subject that is its canonical id, and the look-up by it."""


@strawberry.enum
class PersonalCategory(Enum):
    """What a personal value tells about a person, in terms of the W3C Data Privacy Vocabulary (DPV-PD)."""

    COMMUNICATION = "pd:Communication"
    """What was said or written between the person and us."""
    CONTACT = "pd:Contact"
    """How the person can be reached."""
    DEMOGRAPHIC = "pd:Demographic"
    """What places the person in a group of people, such as age or language."""
    FINANCIAL = "pd:Financial"
    """What the person owes, owns, pays or is paid."""
    IDENTIFYING = "pd:Identifying"
    """What tells the person from others, such as a name."""
    PREFERENCE = "pd:Preference"
    """What the person likes, wants or allows."""
    PROFESSIONAL = "pd:Professional"
    """What the person does for a living, and for whom."""
    TRANSACTIONAL = "pd:Transactional"
    """What the person bought, ordered or sold."""


# None would print as `category: null`; UNSET prints nothing
_ABSENT: Any = strawberry.UNSET


@strawberry.schema_directive(locations=[Location.OBJECT])
class Subject:
    """Marks the type that the whole model is about; look-ups are derived from it."""

    plural: str
    """The word for several subjects, as the list field at the root is called."""


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION])
class Personal:
    """Marks a field that holds personal data (GDPR article 4)."""

    category: PersonalCategory | None = _ABSENT
    """What the value tells about the person."""


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION])
class Sensitive:
    """Marks a field that holds special categories of personal data (GDPR article 9)."""


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION])
class FreshFor:
    """Says how long a value may be used again without asking its source; without it, it never is."""

    seconds: int
    """The longest time, in seconds, since the source gave the value."""


def personal(category: PersonalCategory | None = _ABSENT, *facts: object) -> Any:
    """Return a field that holds personal data of this category; `facts` are further directives of the field.

    Example:
        date_of_birth: date | None = personal(PersonalCategory.DEMOGRAPHIC)
    """
    return strawberry.field(directives=[Personal(category=category), *facts])
