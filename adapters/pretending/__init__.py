"""Data that is made up under a view: for those who build on the view before its sources, or without them."""

from adapters.pretending.adapter import PretendingAdapter, pretending_adapters
from adapters.pretending.crossref import PretendingCrossReference
from adapters.pretending.gates import ACTIVE_INTERACTION, OPEN_CASE
from adapters.pretending.wishes import WishError, Wishes, Wishing, Word

__all__ = [
    "ACTIVE_INTERACTION",
    "OPEN_CASE",
    "PretendingAdapter",
    "PretendingCrossReference",
    "WishError",
    "Wishes",
    "Wishing",
    "Word",
    "pretending_adapters",
]
