"""An opened break-glass: what a view shows of one customer beyond its ordinary rules, for minutes and under review."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Grant"]


@dataclass(frozen=True, slots=True)
class Grant:
    """That the glass was broken: for which version of a view, of which customer, by whom, why and until when.

    `id` is what the privacy officer is told. `customer` is the canonical id. `reason` is one of the view's reasons,
    `reference` what it can be looked up by (a ticket). `until` is in seconds since 1970.
    """

    id: str
    view: str
    customer: str = field(repr=False)
    consumer: str
    actor: str
    reason: str
    reference: str
    until: float
