"""What feeds and rules leave for a steward in the demo: two candidates, and a merge that joined two people."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress

from adapters.crossref import ConflictError, IdentifierType, Method, StoredCrossReference
from adapters.sandbox.crm import as_crm_record
from adapters.sandbox.people import ANNE, Customer

__all__ = ["leave_disputes"]


async def leave_disputes(crossref: StoredCrossReference, whom: Sequence[Customer]) -> Customer:
    """Leave a shared e-mail address, a key that is claimed for a second customer, and a wrong merge, six people in all.

    Returns the survivor of the merge. Nothing of it is about the customer whom the demo asks about.
    """
    others = [customer for customer in whom if customer is not whom[ANNE] and not customer.is_restricted]
    one, other = _alike(others, lambda customer: (customer.person.family, customer.person.suburb))[0]
    await _share_address(crossref, one, other)
    namesakes = _alike(others, lambda customer: (customer.person.given, customer.person.family))
    billed = [sum(bool(customer.billing_keys) for customer in pair) for pair in namesakes]
    await _claim_key(crossref, *namesakes[billed.index(1)])
    survivor, loser = namesakes[billed.index(2)]
    await crossref.merge(loser.customer_id, survivor.customer_id, actor="namesakes-rule", reason_code="same-name")
    return survivor


async def _share_address(crossref: StoredCrossReference, one: Customer, other: Customer) -> None:
    """One of a household has ordered with the address of the other."""
    address = {IdentifierType.EMAIL: [as_crm_record(one)["contacts"][0]["value"]]}
    await crossref.note_identifiers(one.customer_id, "crm", address, actor="crm-feed")
    await crossref.note_identifiers(other.customer_id, "orders", address, actor="orders-feed")


async def _claim_key(crossref: StoredCrossReference, one: Customer, other: Customer) -> None:
    """Billing has the one of the two, and its feed takes the other for them."""
    claimant, owner = (one, other) if other.billing_keys else (other, one)
    # the owner keeps the key: a candidate is what comes of it
    with suppress(ConflictError):
        await crossref.link(
            *("billing", owner.billing_keys[0], claimant.customer_id),
            asserted_by="billing-feed",
            method=Method.DETERMINISTIC,
            reason_code="same-name",
        )


def _alike(whom: Sequence[Customer], what: Callable[[Customer], Hashable]) -> list[tuple[Customer, Customer]]:
    """Return two customers of each several who have this in common."""
    groups: dict[Hashable, list[Customer]] = {}
    for customer in whom:
        groups.setdefault(what(customer), []).append(customer)
    return [(group[0], group[1]) for group in groups.values() if len(group) > 1]
