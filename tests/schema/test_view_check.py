from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
import strawberry

from schema.directives import Subject
from schema.model import Model
from schema.problems import Level
from schema.relay import Connection, Forward, On, listing
from schema.view_check import paths, verify_view
from schema.view_files import load_views
from tests.schema.declared import SUPPORT_CALL, sentence, view_with, write_view


class By(Forward):
    """Which books."""

    title: Annotated[str | None, On("title")] = None
    """Only books of this title."""


class Required(Forward):
    """Which pages."""

    year: int
    """The year."""


@strawberry.interface
class Named:
    """What has a name."""

    name: str | None
    """The name."""


@strawberry.type
class Author(Named):
    """Who writes."""

    born: int | None
    """The year of birth."""
    books: list[Book] | None
    """What was written."""


@strawberry.type
class Book:
    """What is read."""

    title: str | None
    """The title."""
    author: Author | None
    """Who wrote it."""


@strawberry.type
class Shelf:
    """Where books stand."""

    room: str | None
    """The room."""


Thing = Annotated[Book | Shelf, strawberry.union("Thing", description="A thing.")]


@strawberry.type(directives=[Subject(plural="readers")])
class Reader:
    """Who reads."""

    id: strawberry.ID
    """The canonical id."""
    name: str | None
    """The name."""
    favourite: Book | None
    """The best book."""
    lent: Connection[Book] | None = listing(By)
    """Books lent."""
    kept: list[Book] | None = listing(By)
    """Books kept."""
    read: list[Book] | None = listing(Required)
    """Books read."""
    hero: Named | None
    """A hero."""
    thing: Thing | None
    """A thing."""
    things: list[Thing] | None
    """Things."""


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(Reader, types=[Author])


def found(folder: Path, model: Model, *coordinates: str, **options: Any) -> list[str]:
    """Return line and finding of each problem of a view that lists the coordinates."""
    listed = "".join(f"  {coordinate}:\n" for coordinate in coordinates)
    loaded = view_with(folder, "  Customer.name:\n  Customer.segment: {}\n", listed)
    return [f"{problem.line} {sentence(problem)}" for problem in verify_view(loaded, model, **options)]


def test_a_view_of_reachable_coordinates_has_no_problem(tmp_path: Path, model: Model) -> None:
    """Objects, lists and arguments by listed fields are fine."""
    listed = ("Reader.id", "Reader.favourite", "Book.title", "Book.author", "Author.name", "Reader.kept")
    assert found(tmp_path, model, *listed, "Reader.kept(title:)", sources=["crm"]) == []


def test_pages_and_types_of_interfaces_and_unions_can_be_listed(tmp_path: Path, model: Model) -> None:
    """A union may lack a type where null may stand; an interface's field is listed with that of its types."""
    listed = ("Reader.lent", "Reader.lent(after:)", "Reader.thing", "Book.title", "Reader.hero", "Named.name")
    assert found(tmp_path, model, *listed, "Author.name", "Author.born") == []


@pytest.mark.parametrize(
    ("coordinates", "problems"),
    [
        (
            ["Reader.name", "reader.nam", "Zzz.q"],
            [
                "14 got reader.nam, which the model does not have; wanted a coordinate of the model; "
                "to mend: did you mean 'Reader.name'?",
                "15 got Zzz.q, which the model does not have; wanted a coordinate of the model; to mend: remove it",
            ],
        ),
        (
            ["Reader.favourite"],
            [
                "13 got Reader.favourite without any field of it; wanted a field of Book listed too; "
                "to mend: list one, such as Book.title"
            ],
        ),
        (
            ["Reader.name", "Author.born", "Author.books", "Book.title"],
            [
                "14 got Author.born, which nothing leads to (and 1 more of Author); wanted a listed field that holds "
                "Author; to mend: list Book.author or Reader.hero, or remove it",
                "16 got Book.title, which nothing leads to; wanted a listed field that holds Book; "
                "to mend: list Author.books or Reader.favourite or Reader.lent, or remove it",
            ],
        ),
        (
            ["Book.title"],
            [
                "12 got no field of Reader; wanted a field of Reader, where every query begins; "
                "to mend: list one, such as Reader.id"
            ],
        ),
        (
            ["Reader.lent"],
            [
                "13 got Reader.lent without any field of it; wanted a field of Book listed too; "
                "to mend: list one, such as Book.title"
            ],
        ),
        (
            ["Reader.lent", "Book.title", "BookConnection.nodes"],
            [
                "15 got BookConnection.nodes, a part of every page; wanted fields of the business alone: "
                "what makes a page comes with its list; to mend: remove it"
            ],
        ),
        (
            ["Reader.hero"],
            [
                "13 got Reader.hero without any field of it; wanted a field of Author listed too; "
                "to mend: list one, such as Author.name"
            ],
        ),
        (
            ["Reader.hero", "Author.born"],
            [
                "13 got Reader.hero without any field of it; wanted a field of Named listed too; "
                "to mend: list one, such as Named.name"
            ],
        ),
        (
            ["Reader.hero", "Named.name", "Author.born"],
            [
                "14 got Named.name without Author.name (FIELD_NOT_IN_VIEW); wanted Author.name listed too: "
                "rules stand on the concrete types' fields; to mend: add `Author.name:`"
            ],
        ),
        (
            ["Reader.thing"],
            [
                "13 got Reader.thing without any field of it; wanted a field of Book listed too; "
                "to mend: list one, such as Book.title"
            ],
        ),
        (
            ["Reader.things", "Book.title"],
            [
                "13 got Reader.things: [Thing!] without fields of Shelf; wanted a field of every type of Thing: "
                "where one is not of the view there is null, and none may be; to mend: list a field of Shelf"
            ],
        ),
        (
            ["Reader.name", "Shelf.room"],
            [
                "14 got Shelf.room, which nothing leads to; wanted a listed field that holds Shelf; "
                "to mend: list Reader.thing or Reader.things, or remove it"
            ],
        ),
        (
            ["Reader.kept", "Reader.kept(titel:)", "Reader.kept(zzz:)", "Book.title"],
            [
                "14 got Reader.kept(titel:), which the model does not have; wanted an argument of Reader.kept; "
                "to mend: did you mean 'title'?",
                "15 got Reader.kept(zzz:), which the model does not have; wanted an argument of Reader.kept; "
                "to mend: remove it",
            ],
        ),
        (
            ["Reader.name", "Reader.kept(first:)"],
            [
                "14 got Reader.kept(first:) without its field (FIELD_NOT_IN_VIEW); wanted Reader.kept listed too; "
                "to mend: add `Reader.kept:`"
            ],
        ),
        (
            ["Reader.kept", "Reader.kept(title:)", "Book.author", "Author.born"],
            [
                "14 got Reader.kept(title:), which filters or orders by Book.title, which is not in the view "
                "(FIELD_NOT_IN_VIEW); "
                "wanted arguments by fields that are listed, for they tell of the values; "
                "to mend: list Book.title, or remove the argument"
            ],
        ),
        (
            ["Reader.read", "Book.title"],
            [
                "13 got Reader.read without its required argument; wanted Reader.read(year:) listed too; "
                "to mend: add `Reader.read(year:):`"
            ],
        ),
        (["Reader.read", "Reader.read(year:)", "Book.title"], []),
    ],
)
def test_what_cannot_be_answered_is_named_with_its_line(
    tmp_path: Path, model: Model, coordinates: list[str], problems: list[str]
) -> None:
    """Unknown, empty, unreachable, paged and abstract coordinates, and arguments that do not fit."""
    assert found(tmp_path, model, *coordinates) == problems


def test_a_look_up_by_an_unknown_source_is_a_problem(tmp_path: Path, model: Model) -> None:
    """The sources are given; without them nothing is said about look-ups."""
    assert found(tmp_path, model, "Reader.name", sources=["crn", "billing"]) == [
        "11 got the look-up crm; wanted one of: id, crn, billing; to mend: did you mean 'crn'?"
    ]
    assert found(tmp_path, model, "Reader.name") == []


def test_an_unknown_source_that_may_hold_up_the_answer_is_a_problem(tmp_path: Path, model: Model) -> None:
    """It would be waited for until the deadline, against what the view says."""
    old = "  Customer.name:\n  Customer.segment: {}\n"
    view_with(tmp_path, old, "  Reader.name:\nsources: {crm: {holds_up_ms: 5}, bilings: {holds_up_ms: 5}}\n")
    loaded = load_views(tmp_path).views[0]
    problems = verify_view(loaded, model, sources=["crm", "billing"])
    assert [f"{one.line} {sentence(one)}" for one in problems] == [
        "14 got the source bilings; wanted one of: crm, billing; to mend: did you mean 'billing'?"
    ]
    assert list(verify_view(loaded, model)) == []


def test_the_owner_is_told_of_consent_and_of_an_overdue_review(tmp_path: Path, model: Model) -> None:
    """Notes, which stop nothing: consent is not asked for, and a review's date has passed."""
    old = "  Customer.name:\n  Customer.segment: {}\n"
    view_with(tmp_path, old, "  Reader.name:\n")
    consent = view_with(tmp_path, "{gdpr: A6-1-b}", "{gdpr: A6-1-a}")
    notes = [each for each in verify_view(consent, model, today=date(2027, 2, 1)) if each.level is Level.NOTE]
    assert [(note.line, note.got) for note in notes] == [
        (9, "consent as the lawful basis (A6-1-a), and no part consent"),
        (7, "a review that was due on 2027-01-31"),
    ]
    assert found(tmp_path, model, "Reader.name", today=date(2027, 1, 31)) == []


@pytest.mark.parametrize(
    ("fields", "consent", "is_told"),
    [
        ("  Reader.id:\n  Reader.name:\n", "", True),
        ("  Reader.id:\n  Reader.name:\n", "consent: {purpose: DirectMarketing}\n", False),
        ("  Reader.id:\n  Reader.name: {consent: {purpose: DirectMarketing}}\n", "", False),
    ],
)
def test_consent_as_the_basis_is_fine_where_the_view_asks_for_it(
    tmp_path: Path, model: Model, fields: str, consent: str, is_told: bool
) -> None:
    """On the view, or on everything of the subject but its id."""
    text = SUPPORT_CALL.replace("  Customer.name:\n  Customer.segment: {}\n", fields)
    write_view(tmp_path, text.replace("{gdpr: A6-1-b}\n", f"{{gdpr: A6-1-a}}\n{consent}"))
    notes = [each.got for each in verify_view(load_views(tmp_path).views[0], model) if each.level is Level.NOTE]
    assert notes == (["consent as the lawful basis (A6-1-a), and no part consent"] if is_told else [])


def test_every_path_to_a_coordinate_is_listed_the_shortest_first(tmp_path: Path, model: Model) -> None:
    """Circles are followed once round: no path goes through one coordinate twice."""
    listed = "  Reader.name:\n  Reader.favourite:\n  Book.title:\n  Book.author:\n  Author.books:\n  Zzz.q:\n"
    view = view_with(tmp_path, "  Customer.name:\n  Customer.segment: {}\n", listed).view
    all_paths = paths(view, model)
    assert all_paths.complete
    assert dict(all_paths.by_coordinate) == {
        "Reader.name": ("reader.name",),
        "Reader.favourite": ("reader.favourite",),
        "Book.title": ("reader.favourite.title", "reader.favourite.author.books.title"),
        "Book.author": ("reader.favourite.author",),
        "Author.books": ("reader.favourite.author.books",),
    }


def test_the_paths_are_bounded(tmp_path: Path, model: Model) -> None:
    """A model full of circles has more paths than anybody can read."""
    listed = "  Reader.name:\n  Reader.favourite:\n  Book.title:\n"
    view = view_with(tmp_path, "  Customer.name:\n  Customer.segment: {}\n", listed).view
    some = paths(view, model, most=2)
    assert not some.complete
    assert set(some.by_coordinate) == {"Reader.name", "Reader.favourite"}


@strawberry.type(directives=[Subject(plural="people")])
class Person:
    """Somebody."""

    id: strawberry.ID
    """The canonical id."""
    friend: Person | None
    """Somebody else."""


def test_no_way_leads_to_another_subject(tmp_path: Path) -> None:
    """What is restricted for that one would be shown: restrictions are asked for those who are looked up."""
    (problem,) = found(tmp_path, Model(Person), "Person.id", "Person.friend")
    assert problem.startswith(
        "14 got Person.friend, which leads to another person; wanted no person but those looked up"
    )
