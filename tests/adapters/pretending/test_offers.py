"""Offers that serve everything of a view: what is embedded, and what is reached by a key."""

from __future__ import annotations

from typing import Any

import strawberry

from adapters.pretending.offers import make_offers
from schema.directives import Subject
from schema.model import Model
from tests.adapters.pretending.served import LIMITS, WHOLE, Served
from tests.resolvers.vessels import MODEL, view


@strawberry.type
class Maker:
    """Who makes a part."""

    name: str | None
    """The maker's name."""
    best: Part | None
    """The part that the maker is known for."""


@strawberry.type
class Part:
    """A part of a machine."""

    number: str | None
    """Its number."""
    parts: list[Part] | None
    """What it is made of."""
    maker: Maker | None
    """Who makes it."""


@strawberry.type(directives=[Subject(plural="machines")])
class Machine:
    """A machine."""

    id: strawberry.ID
    """The canonical id."""
    part: Part | None
    """Its main part."""


MACHINES = Model(Machine)


def machines() -> Any:
    fields = dict.fromkeys(MACHINES.coordinates)
    return view(fields=fields, lookups=["id"], limits=LIMITS)


def test_objects_are_embedded_and_lists_with_arguments_are_not() -> None:
    """Facts of the subject are one call; each list that takes arguments is one more."""
    offers = {offer.name: offer for offer in make_offers(WHOLE, MODEL)}
    assert set(offers) == {"Vessel", "Vessel.portCalls", "Vessel.voyages", "Voyage.notes"}
    assert offers["Vessel.voyages"].takes == {"rough"}
    assert offers["Vessel.voyages"].is_paged
    assert not offers["Vessel.portCalls"].is_paged
    assert offers["Vessel.portCalls"].takes == {"since", "of", "in_kinds", "info"}


def test_only_what_the_view_lists_is_offered() -> None:
    """Of an interface or union those types of which a field is listed."""
    fields = dict.fromkeys(("Vessel.id", "Vessel.name", "Vessel.cargo", "Tank.litres"))
    (offer,) = make_offers(view(fields=fields), MODEL)
    assert set(offer.record.model_fields) == {"name", "cargo"}
    nested = offer.record.record_nested("cargo")
    assert nested is not None
    assert set(nested.record_variants) == {"Tank"}


async def test_a_type_that_leads_back_to_itself_is_reached_by_keys() -> None:
    """However deep it is asked; the same place is the same part."""
    served = Served(view=machines(), model=MACHINES)
    part = "part { number parts { number maker { name best { number } } } maker { best { parts { number } } } }"
    answer = await served.ask(f'{{ machine(by: {{id: "m"}}) {{ {part} }} }}')
    found = answer["data"]["machine"]["part"]
    assert set(answer) == {"data"}
    assert found["number"]
    assert all(one["number"] and one["maker"]["best"]["number"] for one in found["parts"])
    assert found["maker"]["best"]["parts"]
    assert answer == await served.ask(f'{{ machine(by: {{id: "m"}}) {{ {part} }} }}')
