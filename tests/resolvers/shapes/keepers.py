"""Keepers of pets: a model with every kind of leaf, and with objects that are of one of several types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Key, Missing
from adapters.offers import Offer
from adapters.records import Record, Reference
from resolvers import Engine, Request
from schema.caller import Caller
from schema.deadline import Deadline
from schema.directives import Subject as SubjectMark
from schema.model import Model
from schema.scalars import CountryCode, CurrencyCode, LanguageTag
from schema.views import View
from tests.resolvers import vessels
from tests.resolvers.harbour import FETCHED_AT, MemoryCrossReference, subject
from tests.resolvers.shapes.row_offers import RowOffer, row_of


@strawberry.type
class Cat:
    """One kind of pet."""

    name: str | None
    """What it is called."""


@strawberry.type
class Dog:
    """Another kind of pet."""

    name: str | None
    """What it is called."""


Pet = Annotated[Cat | Dog, strawberry.union("Pet", description="What is kept.")]


@strawberry.enum
class Mood(Enum):
    """How one is."""

    GOOD = 1
    """Well."""
    BAD = 2
    """Not well."""


@strawberry.type(directives=[SubjectMark(plural="keepers")])
class Keeper:
    """Somebody who keeps pets."""

    id: strawberry.ID
    """The canonical id."""
    pets: list[Pet | None] | None
    """The pets."""
    mood: Mood | None
    """How the keeper is."""
    share: Decimal
    """A part."""
    weight: float | None
    """In kilograms."""
    is_in: bool | None
    """Whether at home."""
    born: date | None
    """The day."""
    seen: datetime | None
    """The moment."""
    pays: CurrencyCode | None
    """A currency."""
    lives: CountryCode | None
    """A country."""
    speaks: list[LanguageTag] | None
    """Languages."""
    code: strawberry.ID | None
    """A code."""
    friend: Pet | None
    """A pet of others."""
    shy: Pet | None
    """A pet that does not say what it is."""


class PetRecord(Record, told_by="is"):
    name: str | None


class CatRecord(PetRecord, told_as="cat", type_name="Cat"):
    pass


class DogRecord(PetRecord, told_as="dog", type_name="Dog"):
    pass


class ShyRecord(Record):
    name: str | None


class KeeperRecord(Record):
    pets: list[PetRecord] | None
    mood: Mood | None
    share: Decimal
    weight: float | None
    is_in: bool | None
    born: date | None
    seen: datetime | None
    pays: str | None
    lives: str | None
    speaks: list[str] | None
    code: str | None
    friend: Annotated[str | None, Reference("pet")]
    shy: ShyRecord | None


MODEL = Model(Keeper)
GOOD = {
    "pets": [{"__typename": "Cat", "name": "Mia"}, {"__typename": "Dog", "name": "Rex"}],
    "mood": Mood.BAD,
    "share": Decimal("1.50"),
    "weight": 1.5,
    "is_in": True,
    "born": date(2000, 1, 31),
    "seen": datetime(2026, 1, 1, tzinfo=UTC),
    "pays": "EUR",
    "lives": "NL",
    "speaks": ["nl", "en-GB"],
    "code": "a",
}
LEAVES = "mood share weight isIn born seen pays lives speaks code"


class Zoo:
    """A source whose one record is given: as facts, or, `in_rows`, as raw JSON."""

    source = "zoo"

    def __init__(self, record: Mapping[str, Any], *, in_rows: bool = False) -> None:
        of_keepers = RowOffer if in_rows else Offer
        self.offers = (
            of_keepers(name="keepers", serves="Keeper", record=KeeperRecord, key="id", absent=Missing),
            Offer(name="cats", serves="Cat", record=ShyRecord, key="id", keyspace="pet"),
            Offer(name="dogs", serves="Dog", record=ShyRecord, key="id", keyspace="pet"),
        )
        self.record = record

    async def fetch(self, batch: Batch, _call: Call) -> Mapping[Key, Answer]:
        facts = row_of(batch.offer, batch.fields, self.record) if batch.offer.gives_rows else self.record
        return {key: Found(facts, FETCHED_AT) for key in batch.keys}

    async def aclose(self) -> None:
        """Nothing to give back."""


def view(**masks: str) -> View:
    """A view of everything, with masks by coordinate, a double underscore for its point."""
    fields: dict[str, Any] = {
        name: None for name, about in MODEL.coordinates.items() if not MODEL.is_plumbing(about.type_name)
    }
    fields |= {name.replace("__", "."): {"mask": mask} for name, mask in masks.items()}
    return vessels.view(fields=fields, lookups=["id"])


async def ask(fields: str, through: View | None = None, zoo: Zoo | None = None, **changes: Any) -> dict[str, Any]:
    crossref = MemoryCrossReference({"k": subject("k", zoo="K")})
    engine = Engine(MODEL, [zoo or Zoo(GOOD | changes)], crossref)
    request = Request(f'{{ keeper(by: {{id: "k"}}) {{ {fields} }} }}')
    return await engine.answer(through or view(), request, Caller("bridge-desk"), Deadline.after(10))
