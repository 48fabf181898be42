"""The model of the workload: the reference model's types, and a record of very many fields beside them."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

import strawberry

from schema.customer import Account, Channel, Company, Name, Segment
from schema.directives import PersonalCategory, Subject, personal
from tests.bench.workload import WIDE_FIELDS

__all__ = ["Customer", "Wide"]

_T = TypeVar("_T")


def _with_many_fields(cls: type[_T]) -> type[_T]:
    names = [f"f{number}" for number in range(1, WIDE_FIELDS + 1)]
    cls.__annotations__ = dict.fromkeys(names, "str | None")
    for name in names:
        setattr(cls, name, strawberry.field(description=f"The value {name}."))
    return cls


@strawberry.type
@_with_many_fields
class Wide:
    """A record of very many fields, from `f1` on."""


@strawberry.type(directives=[Subject(plural="customers")])
class Customer:
    """A customer of the workload."""

    id: strawberry.ID
    """The canonical id."""
    name: Name | None = personal(PersonalCategory.IDENTIFYING)
    """The name, from the CRM."""
    customer_since: date | None = personal(PersonalCategory.TRANSACTIONAL)
    """The first day, from the CRM."""
    segment: Segment | None = personal(PersonalCategory.DEMOGRAPHIC)
    """The group of customers that are served alike, from the CRM."""
    preferred_channel: Channel | None = personal(PersonalCategory.PREFERENCE)
    """How to reach the customer, from the CRM."""
    company: Company | None = personal(PersonalCategory.PROFESSIONAL)
    """The company, from the register, by the key that the CRM knows."""
    accounts: list[Account] | None = personal(PersonalCategory.FINANCIAL)
    """What is owed, from billing."""
    wide: Wide | None = personal(PersonalCategory.PREFERENCE)
    """Very many values, from the CRM."""
