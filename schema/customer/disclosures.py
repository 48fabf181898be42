"""What was shown of the customer, as the audit tells the customer."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.directives import PersonalCategory, personal

__all__ = ["DisclosureEntry"]


@strawberry.type
class DisclosureEntry:
    """That something of the customer was shown to somebody."""

    disclosed_at: datetime | None = personal(PersonalCategory.COMMUNICATION)
    """When it was shown."""
    shown_by: str | None = personal(PersonalCategory.COMMUNICATION)
    """What it was shown by: the title of a view, or its name where it is no longer in use."""
    shown_for: str | None = personal(PersonalCategory.COMMUNICATION)
    """What it was shown for, as a term of the W3C Data Privacy Vocabulary."""
    shown_on_basis: str | None = personal(PersonalCategory.COMMUNICATION)
    """The ground of GDPR article 6(1) on which it was shown, such as A6-1-b."""
    shown_to: str | None = personal(PersonalCategory.COMMUNICATION)
    """The application that it was shown to."""
    shown_in_case: str | None = personal(PersonalCategory.COMMUNICATION)
    """The case or the interaction in which it was shown, as that application names it."""
    shown_in_emergency: str | None = personal(PersonalCategory.COMMUNICATION)
    """The emergency for which it was shown beyond what the view shows otherwise; none when there was none."""
    shown_whole: list[str] | None = personal(PersonalCategory.COMMUNICATION)
    """What was shown whole, in words."""
    shown_masked: list[str] | None = personal(PersonalCategory.COMMUNICATION)
    """What was shown in part, such as initials in place of a name, in words."""
