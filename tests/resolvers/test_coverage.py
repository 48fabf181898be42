from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key, Page
from adapters.offers import Offer
from adapters.records import Record, Reference
from resolvers.catalog import Catalog
from resolvers.coverage import not_served
from resolvers.planning import Planner
from schema.directives import Subject
from schema.model import Model
from schema.views import View


@strawberry.type
class Depot:
    """Where it sleeps."""

    town: str | None
    """The town."""
    lines: list[Line] | None
    """Lines that start there."""


@strawberry.type
class Line:
    """Where it goes."""

    number: int | None
    """Its number."""
    depot: Depot | None
    """Where it starts."""


@strawberry.type(directives=[Subject(plural="trams")])
class Tram:
    """A tram."""

    id: strawberry.ID
    """The canonical id."""
    name: str | None
    """Its name."""
    depot: Depot | None
    """Where it sleeps."""
    line: Line | None
    """Where it goes."""
    lines: list[Line] | None
    """Where it has gone."""


class DepotRecord(Record):
    town: str | None


class LineRecord(Record):
    number: int | None
    depot: Annotated[str | None, Reference("depot")]


class TramRecord(Record):
    name: str | None
    depot: DepotRecord
    line: Annotated[str | None, Reference("line")]


@dataclass(eq=False)
class Declares:
    """An adapter that declares and never answers."""

    source: str
    offers: Sequence[Offer]

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Never called here."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Nothing to give back."""


MODEL = Model(Tram)
TRAMS = Offer(name="trams", serves="Tram", record=TramRecord, key="id")
LINES = Offer(name="lines", serves="Line", record=LineRecord, key="id", keyspace="line")
GONE = Offer(name="gone", serves="Tram.lines", record=LineRecord, key="tram", absent=Page)
DEPOTS = Offer(name="depots", serves="Depot", record=DepotRecord, key="id", keyspace="depot")


def lost(fields: str, *offers: Offer) -> list[tuple[str, str]]:
    """Coordinate and path of everything in a view of these fields that the offers do not serve."""
    listed: Any = dict.fromkeys(fields.split())
    view = View.model_validate(
        {
            "name": "ride",
            "version": 1,
            "title": "Ride",
            "description": "A ride.",
            "owner": "Inspector",
            "review_by": "2090-01-01",
            "purpose": {"dpv": "CustomerCare"},
            "lawful_basis": {"gdpr": "A6-1-b"},
            "consumers": ["desk"],
            "lookups": ["id"],
            "fields": listed,
            "limits": {"customers": 1, "deadline_ms": 100, "calls": 10, "tokens": 100},
        }
    )
    planner = Planner(Catalog([Declares("works", offers)]), MODEL)
    return [(error.coordinate, ".".join(error.path)) for error in not_served(view, MODEL, planner)]


def test_a_view_that_is_served_on_every_path_has_nothing_lost() -> None:
    """In a record, by a reference, in a list, and by the cross-reference alone."""
    fields = "Tram.id Tram.name Tram.depot Depot.town Tram.line Line.number Line.depot Tram.lines"
    assert lost(fields, TRAMS, LINES, GONE, DEPOTS) == []


def test_the_canonical_id_needs_no_adapter() -> None:
    """The cross-reference knows it."""
    assert lost("Tram.id") == []


def test_a_field_of_the_subject_that_nothing_serves_is_lost() -> None:
    """With the path on which it would be asked."""
    assert lost("Tram.id Tram.name") == [("Tram.name", "tram.name")]


def test_an_object_that_nothing_serves_is_told_once() -> None:
    """Nothing below it is told again."""
    assert lost("Tram.depot Depot.town") == [("Tram.depot", "tram.depot")]


def test_a_list_that_nothing_serves_is_told_once() -> None:
    """As an object is."""
    assert lost("Tram.name Tram.lines Line.number", TRAMS) == [("Tram.lines", "tram.lines")]


def test_a_field_that_one_path_serves_and_another_does_not_is_lost_on_that_path() -> None:
    """`Line.number` is in the list's records; by the key of the line nothing is asked."""
    assert lost("Tram.line Tram.lines Line.number", TRAMS, GONE) == [("Line.number", "tram.line.number")]


def test_a_field_that_a_nested_record_leaves_out_is_lost_there() -> None:
    """The tram's own record of its depot knows no lines."""
    assert lost("Tram.depot Depot.town Depot.lines Line.number", TRAMS, LINES) == [("Depot.lines", "tram.depot.lines")]


def test_what_lies_behind_a_key_that_nothing_is_asked_by_is_lost() -> None:
    """A reference alone serves nothing: the depot of a line is reached, its town is not."""
    fields = "Tram.line Line.number Line.depot Depot.town"
    assert lost(fields, TRAMS, LINES) == [("Depot.town", "tram.line.depot.town")]
    assert lost(fields, TRAMS, LINES, DEPOTS) == []


def test_a_path_below_one_that_is_told_later_is_not_told() -> None:
    """`Line.depot` is met on a longer path before the shorter one of `Depot.lines` is known to be lost."""
    fields = "Tram.line Line.depot Line.number Depot.lines Depot.town"
    assert lost(fields, TRAMS, LINES, DEPOTS) == [("Depot.lines", "tram.line.depot.lines")]
