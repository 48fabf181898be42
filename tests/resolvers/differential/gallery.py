"""A third model, of what the other two lack: lists of lists of objects, nulls that go up a long way, every scalar.

Records may hold nulls where the model has none: of a name of a city, of a room, of the stars of a review.

Artist    archive: name, born, seen (a moment), fame (Float), alive, tags, moods (enums), number (ID), language
          archive: home (non-null in what is non-null), walls (a list of lists of frames), best (an Exhibit)
          archive: exhibits (Painting, Print or Loan: the view does not have Loan), parts (Canvas or Stretcher)
          archive: mentor (a key of people), friends (keys of people)
          shows: shows (in pages), reviews(of:, stars:)                               own keys of another source
Person    people: name, motto, shows (in pages), by their own keys                    reached by mentor and friends
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry
from pydantic import AliasPath, Field

from adapters.answers import Missing, Page
from adapters.offers import Offer
from adapters.records import Inline, Record, Reference
from schema.directives import Subject as SubjectMark
from schema.model import Model
from schema.relay import Connection, Forward, On, listing
from schema.scalars import CountryCode, CurrencyCode, LanguageTag

__all__ = ["HIDDEN", "MODEL", "OFFERS"]


@strawberry.enum
class Mood(Enum):
    """How a picture is meant."""

    CALM = "calm"
    """Quiet."""
    WILD = "wild"
    """Loud."""
    NAMELESS = "CALM"
    """Called by what another one is named."""


@strawberry.type
class Price:
    """What it costs."""

    amount: Decimal
    """How much."""
    currency: CurrencyCode
    """Of which money."""


@strawberry.type
class City:
    """A place."""

    name: str
    """Its name."""
    country: CountryCode | None
    """The country."""


@strawberry.type
class House:
    """A house in a place."""

    city: City
    """Where it stands."""
    number: int
    """Its number in the street."""
    rooms: list[City]
    """Rooms, named after places."""


@strawberry.type
class Frame:
    """What holds a picture."""

    width: float
    """Its width."""
    price: Price | None
    """What it costs."""
    around: House
    """Which house it hangs in."""


@strawberry.interface
class Thing:
    """What can be touched."""

    label: str | None
    """What is written on it."""


@strawberry.interface
class Exhibit(Thing):
    """What is shown."""

    year: int | None
    """When it was made."""
    frame: Frame | None
    """What holds it."""


@strawberry.type
class Painting(Exhibit):
    """Paint on canvas."""

    mood: Mood
    """How it is meant; every painting is meant somehow."""


@strawberry.type
class Print(Exhibit):
    """Ink on paper."""

    copies: list[int | None]
    """The numbers of the copies."""
    owner: Person | None
    """Whose it is."""


@strawberry.type
class Loan(Exhibit):
    """What is another one's."""

    until: date | None
    """When it goes back."""


@strawberry.type
class Canvas:
    """Cloth."""

    threads: int
    """How many threads."""


@strawberry.type
class Stretcher:
    """Wood."""

    pieces: list[list[str]] | None
    """Of what it is made."""


Part = Annotated[Canvas | Stretcher, strawberry.union("Part", description="What a picture is made of.")]


@strawberry.type
class Show:
    """Pictures in a room."""

    title: str | None
    """Its title."""
    opened: datetime | None
    """When it began."""
    things: list[list[Exhibit | None] | None] | None
    """What is shown, room by room."""


class ShowsBy(Forward):
    title: Annotated[str | None, On("title")] = None
    """Only of this title."""


@strawberry.type
class Person:
    """Somebody."""

    name: str | None
    """The name."""
    motto: list[str | None] | None
    """What is said often."""
    shows: Connection[Show] | None = listing(ShowsBy)
    """The shows of somebody."""


@strawberry.type
class Review:
    """An opinion."""

    stars: int
    """How good."""
    text: str | None
    """In words."""


@strawberry.input
class Between:
    """A range."""

    least: float = 0.5
    """At least this."""
    most: float | None = None
    """At most this."""


class ReviewsBy:
    stars: Between | None = None
    """Only with so many stars."""
    of: list[list[int]] | None = None
    """Only of these."""


@strawberry.type(directives=[SubjectMark(plural="artists")])
class Artist:
    """Who makes pictures."""

    id: strawberry.ID
    """The canonical id."""
    name: str | None
    """The name."""
    born: date | None
    """The day of birth."""
    seen: datetime | None
    """When last seen."""
    fame: float | None
    """How well known."""
    alive: bool | None
    """Whether alive."""
    tags: list[str] | None
    """Words about the work."""
    moods: list[Mood | None] | None
    """How the work is meant."""
    number: strawberry.ID | None
    """The number in the catalogue."""
    language: LanguageTag | None
    """What is spoken."""
    home: House | None
    """Where the artist is at home."""
    walls: list[list[Frame | None]] | None
    """What hangs where."""
    cells: list[list[list[float]]] | None
    """Numbers in three dimensions."""
    best: Exhibit | None
    """The best work."""
    exhibits: list[Exhibit | None] | None
    """All works."""
    parts: list[list[Part] | None] | None
    """What the works are made of."""
    mentor: Person | None
    """Who taught."""
    friends: list[Person | None] | None
    """Who is met."""
    shows: Connection[Show] | None = listing(ShowsBy)
    """The shows."""
    reviews: list[Review | None] | None = listing(ReviewsBy)  # type: ignore[arg-type]
    """What is said of them."""


class PriceRecord(Record):
    amount: Decimal
    currency: str


class CityRecord(Record):
    name: str | None = Field(validation_alias="the name")
    country: str | None


class HouseRecord(Record):
    city: CityRecord = Field(validation_alias=AliasPath("place", "city"))
    number: int
    rooms: list[CityRecord | None]


class FrameRecord(Record):
    width: float
    price: PriceRecord | None
    around: HouseRecord


class ExhibitRecord(Record, told_by="is"):
    label: str | None
    year: int | None
    frame: FrameRecord | None


class PaintingRecord(ExhibitRecord, told_as="painting", type_name="Painting"):
    mood: Mood


class PrintRecord(ExhibitRecord, told_as="print", type_name="Print"):
    copies: list[int | None]
    owner: Annotated[str | None, Reference("people")]


class LoanRecord(ExhibitRecord, told_as="loan", type_name="Loan"):
    until: date | None


class PartRecord(Record, told_by="is"):
    pass


class CanvasRecord(PartRecord, told_as="canvas", type_name="Canvas"):
    threads: int


class StretcherRecord(PartRecord, told_as="stretcher", type_name="Stretcher"):
    pieces: list[list[str]] | None


class ArtistRecord(Record):
    name: str | None
    born: date | None = Field(validation_alias="day of birth")
    seen: datetime | None = None
    fame: float | None
    alive: bool | None
    tags: list[str] | None
    moods: list[Mood | None] | None
    number: str | None = Field(validation_alias=AliasPath("catalogue", "no"))
    language: str | None
    home: Annotated[HouseRecord, Inline()]
    walls: list[list[FrameRecord | None]] | None
    cells: list[list[list[float]]] | None
    best: ExhibitRecord | None
    exhibits: list[ExhibitRecord | None] | None
    parts: list[list[PartRecord] | None] | None
    mentor: Annotated[str | None, Reference("people")]
    friends: Annotated[list[str | None] | None, Reference("people")]


class PersonRecord(Record):
    name: str | None
    motto: list[str | None] | None


class ShowRecord(Record):
    title: str | None
    opened: datetime | None
    things: list[list[ExhibitRecord | None] | None] | None


class ReviewRecord(Record):
    stars: int | None
    text: str | None


class _Shows(Offer):
    @property
    def takes(self) -> frozenset[str]:
        return frozenset({"title"})


class _Reviews(Offer):
    @property
    def takes(self) -> frozenset[str]:
        return frozenset({"stars", "of"})


OFFERS = {
    "archive": (Offer(name="artists", serves="Artist", record=ArtistRecord, key="no", absent=Missing),),
    "shows": (
        _Shows(name="shows", serves="Artist.shows", record=ShowRecord, key="no", absent=Page, max_page=3),
        _Reviews(name="reviews", serves="Artist.reviews", record=ReviewRecord, key="no", absent=Page),
    ),
    "people": (
        Offer(name="people", serves="Person", record=PersonRecord, key="no", keyspace="people"),
        _Shows(name="theirs", serves="Person.shows", record=ShowRecord, key="no", keyspace="people", max_page=2),
    ),
}
"""What the sources answer, by source."""

MODEL = Model(Artist, types=[Painting, Print, Loan])

HIDDEN = frozenset({"Loan.label", "Loan.year", "Loan.frame", "Loan.until"})
"""What the view leaves out, and with it the concrete type."""
