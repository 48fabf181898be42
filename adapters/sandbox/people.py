"""The sandbox's customers: the same people in every source, under keys that tell nothing of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapters.sandbox.chance import digest, number, ranks
from adapters.sandbox.companies import Company, companies
from adapters.sandbox.extracts import Person, Purchase, read_people, read_purchases

__all__ = ["ANNE", "Customer", "customers"]

ANNE = 0
"""The customer whom the demo asks about: the first. The only one whose given name is not the data's."""

_ANNE_BOUGHT_AS = 28
"""Whose purchases are hers: enough of them for two accounts, one of them overdue."""

_UNBILLED = 20
"""One customer in so many has no billing record."""

_MOVED = 40
"""One customer in so many has two billing records: one of the first year, one of the second."""

_EMPLOYED = 3
"""One customer in so many buys for a company."""

_RESTRICTED = 300
"""For one customer in so many the processing of accounts is restricted."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer with its key in each source. `billing_keys` is empty where billing does not know the customer.

    Everybody has purchases, and so an `order_key`, and is known to support by a `support_key`.
    """

    customer_id: str
    crm_key: str
    billing_keys: tuple[str, ...]
    order_key: str
    support_key: str
    person: Person
    purchases: tuple[Purchase, ...]
    company: Company | None
    is_restricted: bool


def customers() -> tuple[Customer, ...]:
    """Return the 2,500 customers, Anne first. Every call makes the same ones."""
    people, purchases, firms = read_people(), list(read_purchases()), companies()
    people = (replace(people[ANNE], given="Anne"), *people[1:])
    purchases[ANNE], purchases[_ANNE_BOUGHT_AS] = purchases[_ANNE_BOUGHT_AS], purchases[ANNE]
    crm, billing = ranks("crm", len(people)), ranks("billing", 2 * len(people))
    orders, support = ranks("orders", len(people)), ranks("support", len(people))
    return tuple(
        Customer(
            customer_id=f"cus_{digest('customer', index)[:32]}",
            crm_key=f"C-{1 + crm[index]:06d}",
            billing_keys=_billing_keys(index, purchases[index], billing[2 * index : 2 * index + 2]),
            order_key=f"O-{700_000 + orders[index]}",
            support_key=f"S-{900_000 + support[index]}",
            person=person,
            purchases=purchases[index],
            company=_company(index, firms),
            is_restricted=index != ANNE and number("restricted", index, _RESTRICTED) == 0,
        )
        for index, person in enumerate(people)
    )


def _billing_keys(index: int, purchases: Sequence[Purchase], places: Sequence[int]) -> tuple[str, ...]:
    first, second = (f"B-{100_000 + place}" for place in places)
    if index == ANNE:
        return (first,)
    if number("unbilled", index, _UNBILLED) == 0:
        return ()
    has_moved = purchases[0].on.year < purchases[-1].on.year and number("moved", index, _MOVED) == 0
    return (first, second) if has_moved else (first,)


def _company(index: int, firms: Sequence[Company]) -> Company | None:
    is_employed = index == ANNE or number("employed", index, _EMPLOYED) == 0
    return firms[number("company", index, len(firms))] if is_employed else None
