"""The sandbox's customers as a bulk load of the cross-reference takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapters.crossref import Lookup, Restriction
from adapters.sandbox.people import Customer

__all__ = ["cross_reference", "restrictions"]

_RESTRICTED = Restriction("gdpr-18", frozenset({"Customer.accounts"}))
"""What stands for a restricted customer: the right to restriction of processing, GDPR art. 18."""


def cross_reference(whom: Sequence[Customer]) -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
    """Return a row for each customer: its canonical id, and source -> its live keys of the customer."""
    for customer in whom:
        keys = {"crm": (customer.crm_key,), "billing": customer.billing_keys}
        yield customer.customer_id, {source: of_source for source, of_source in keys.items() if of_source}


def restrictions(whom: Sequence[Customer]) -> Mapping[Lookup, Sequence[Restriction]]:
    """Return the restrictions to load with these rows, by canonical id."""
    return {Lookup(None, customer.customer_id): (_RESTRICTED,) for customer in whom if customer.is_restricted}
