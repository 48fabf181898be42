"""Words of the record for what a view's rules ask."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schema.view_rules import ConsentRule, When

__all__ = ["NEEDED", "about", "situation"]

NEEDED: Mapping[str, str] = MappingProxyType({"open-case": "open case", "active-interaction": "interaction going on"})
"""What a customer has to have, by the word that views have for it."""


def about(consent: ConsentRule) -> str:
    """Return what a consent or objection is about: `DirectMarketing by email`."""
    return consent.purpose + (f" by {consent.channel}" if consent.channel is not None else "")


def situation(when: When) -> str:
    """Return the situations: `channel voice or chat; journey service`. Empty where none is asked."""
    parts = (("channel", when.channels), ("journey", when.journeys), ("objective", when.objectives))
    return "; ".join(f"{name} {' or '.join(words)}" for name, words in parts if words)
