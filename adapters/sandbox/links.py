"""The sandbox's customers as a bulk load of the cross-reference takes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from adapters.crossref import Lookup, Restriction
from adapters.sandbox.people import Customer

__all__ = ["LINKED", "cross_reference", "restrictions"]

LINKED = ("crm", "billing", "orders", "support")
"""The sources with keys of their own for a customer. The register is reached by the identifiers that the CRM has."""

_RESTRICTED = Restriction("gdpr-18", frozenset({"Customer.accounts", "Customer.invoices"}))
"""What stands for a restricted customer: the right to restriction of processing, GDPR art. 18."""


def cross_reference(
    whom: Sequence[Customer], sources: Collection[str] = LINKED
) -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
    """Return a row for each customer: its canonical id, and source -> its live keys of the customer.

    `sources` are those whose keys are wanted.
    """
    for customer in whom:
        keys = {
            "crm": (customer.crm_key,),
            "billing": customer.billing_keys,
            "orders": (customer.order_key,),
            "support": (customer.support_key,),
        }
        yield customer.customer_id, {source: keys[source] for source in keys if source in sources and keys[source]}


def restrictions(whom: Sequence[Customer]) -> Mapping[Lookup, Sequence[Restriction]]:
    """Return the restrictions to load with these rows, by canonical id."""
    return {Lookup(None, customer.customer_id): (_RESTRICTED,) for customer in whom if customer.is_restricted}
