"""What a source bears: how many calls together and how often, and for how long it is left alone when it fails."""

from adapters.limits.breaker import Breaker, State, Ticket
from adapters.limits.budget import Budget
from adapters.limits.declared import Breaking, Limits, OfferLimits, Repeating, Width
from adapters.limits.opening import open_limits
from adapters.limits.rates import Bucket, Execution, Points, Rate, Window
from adapters.limits.sends import limited
from adapters.limits.source import SourceLimits, limits_kept_by
from adapters.limits.state import LimitsState, OfferState
from adapters.limits.turns import FullError, Turns
from adapters.limits.width import Adapting

__all__ = [
    "Adapting",
    "Breaker",
    "Breaking",
    "Bucket",
    "Budget",
    "Execution",
    "FullError",
    "Limits",
    "LimitsState",
    "OfferLimits",
    "OfferState",
    "Points",
    "Rate",
    "Repeating",
    "SourceLimits",
    "State",
    "Ticket",
    "Turns",
    "Width",
    "Window",
    "limited",
    "limits_kept_by",
    "open_limits",
]
