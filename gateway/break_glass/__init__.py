"""Breaking the glass: what a view shows in emergencies only, opened for minutes, told at once, and reviewed."""

from gateway.break_glass.alerts import PrivacyAlerts, deliver_to
from gateway.break_glass.grants import USE, GrantSeal
from gateway.break_glass.ledger import OPENED, REFUSED, REVIEWED, Ledger, Noted
from gateway.break_glass.opening import PER_MINUTE, Asked, GlassBreaking, Opened, moment
from gateway.break_glass.reviewing import Outcome, Reviewing, Waiting

__all__ = [
    "OPENED",
    "PER_MINUTE",
    "REFUSED",
    "REVIEWED",
    "USE",
    "Asked",
    "GlassBreaking",
    "GrantSeal",
    "Ledger",
    "Noted",
    "Opened",
    "Outcome",
    "PrivacyAlerts",
    "Reviewing",
    "Waiting",
    "deliver_to",
    "moment",
]
