"""What a source bears: how many calls together and how often, and for how long it is left alone when it fails."""

from adapters.limits.breaker import Breaker, State, Ticket
from adapters.limits.budget import Budget
from adapters.limits.declared import Breaking, Limits, OfferLimits, Repeating, Width
from adapters.limits.rates import Bucket, Execution, Points, Rate, Window
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
    "OfferLimits",
    "Points",
    "Rate",
    "Repeating",
    "State",
    "Ticket",
    "Turns",
    "Width",
    "Window",
]
