"""Breaking the glass: what a view shows in emergencies only, opened for minutes, told at once, and reviewed."""

from gateway.break_glass.alerts import PrivacyAlerts, deliver_to
from gateway.break_glass.ending import EndedGrants
from gateway.break_glass.grants import USE, GrantSeal
from gateway.break_glass.ledger import KINDS, Ledger, Noted, moment
from gateway.break_glass.opening import PER_MINUTE, Asked, GlassBreaking, Opened
from gateway.break_glass.reviewing import Page, Reviewing, is_place
from gateway.break_glass.standing import Opening, Outcome, Review, again, outcomes

__all__ = [
    "KINDS",
    "PER_MINUTE",
    "USE",
    "Asked",
    "EndedGrants",
    "GlassBreaking",
    "GrantSeal",
    "Ledger",
    "Noted",
    "Opened",
    "Opening",
    "Outcome",
    "Page",
    "PrivacyAlerts",
    "Review",
    "Reviewing",
    "again",
    "deliver_to",
    "is_place",
    "moment",
    "outcomes",
]
