"""A mask stands on texts that can be masked, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import strawberry

from schema.directives import Subject
from schema.mask_check import verify_masks
from schema.model import Model
from schema.relay import Forward, On, listing
from schema.scalars import CountryCode
from schema.view_check import verify_view
from tests.schema.declared import sentence, view_with


class By(Forward):
    """Which books."""

    title: Annotated[str | None, On("title")] = None
    """Only books of this title."""


@strawberry.interface
class Named:
    """What has a name."""

    name: str | None
    """The name."""


@strawberry.type
class Author(Named):
    """Who writes."""

    home: CountryCode | None
    """Where."""


@strawberry.type
class Book:
    """What is read."""

    id: strawberry.ID | None
    """The library's id."""
    isbn: strawberry.ID | None
    """The publisher's id."""
    title: str | None
    """The title."""
    words: list[str | None] | None
    """What it is about."""
    author: Author | None
    """Who wrote it."""


@strawberry.type(directives=[Subject(plural="readers")])
class Reader:
    """Who reads."""

    id: strawberry.ID
    """The canonical id."""
    age: int | None
    """Years."""
    kept: list[Book] | None = listing(By)
    """Books kept."""
    hero: Named | None
    """A hero."""


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(Reader)


def found(folder: Path, model: Model, listed: dict[str, Any]) -> list[str]:
    """Return line and finding of each problem of a view with these rules."""
    rules = "".join(f"  {name}: {{{f'mask: {mask}' if mask else ''}}}\n" for name, mask in listed.items())
    loaded = view_with(folder, "  Customer.name:\n  Customer.segment: {}\n", rules)
    return [f"{problem.line} {sentence(problem)}" for problem in verify_view(loaded, model)]


def test_text_is_masked_also_in_lists_and_behind_interfaces(tmp_path: Path, model: Model) -> None:
    """Where both agree; and what is masked otherwise may be filtered by other fields."""
    rules = {"Reader.kept": None, "Book.isbn": "last4", "Book.words": "all", "Book.title": None}
    rules |= {"Reader.kept(title:)": None, "Reader.hero": None, "Named.name": "initials", "Author.name": "initials"}
    assert found(tmp_path, model, rules) == []


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        (
            {"Reader.age": "all"},
            "13 got a mask on Reader.age, which holds Int; wanted a mask on text: String or ID; "
            "to mend: remove the mask, or the coordinate",
        ),
        (
            {"Reader.kept": None, "Book.author": None, "Author.home": "all"},
            "15 got a mask on Author.home, which holds CountryCode; wanted a mask on text: String or ID; "
            "to mend: remove the mask, or the coordinate",
        ),
        (
            {"Book.title": None, "Reader.kept": "all"},
            "14 got a mask on Reader.kept, which holds Book; wanted a mask on text: String or ID; "
            "to mend: remove the mask, or the coordinate",
        ),
        (
            {"Reader.id": "last4"},
            "13 got a mask on the id Reader.id; wanted ids as they are: clients tell records apart by them, and masked "
            "ones are alike; to mend: remove the mask, or the coordinate",
        ),
        (
            {"Reader.kept": None, "Book.id": "last4"},
            "14 got a mask on the id Book.id; wanted ids as they are: clients tell records apart by them, and masked "
            "ones are alike; to mend: remove the mask, or the coordinate",
        ),
    ],
)
def test_a_mask_that_does_not_hide_is_named_with_its_line(
    tmp_path: Path, model: Model, listed: dict[str, Any], problem: str
) -> None:
    """What is no text, and ids."""
    assert found(tmp_path, model, listed) == [problem]


@pytest.mark.parametrize(
    ("above", "below", "is_fine"),
    [
        (None, "initials", True),
        (None, "all", True),
        ("last4", "all", True),
        ("last4", "initials", False),
        ("last4", "last4", False),
        ("all", "all", False),
        ("all", "last4", False),
    ],
)
def test_below_a_level_a_mask_shows_less(
    tmp_path: Path, model: Model, above: str | None, below: str, is_fine: bool
) -> None:
    """Of initials, last4 and email each shows what the others hide; all shows nothing."""
    mask = f"mask: {above}, " if above else ""
    rules = f"  Reader.kept:\n  Book.title: {{min: V2, {mask}below: {below}}}\n"
    loaded = view_with(tmp_path, "  Customer.name:\n  Customer.segment: {}\n", rules)
    problems = [sentence(each) for each in verify_masks(loaded, model)]
    assert problems == (
        []
        if is_fine
        else [
            f"got Book.title, masked by {below} below V2 and by {above} from it on; wanted below the level a mask that "
            "shows less; to mend: correct one of the masks"
        ]
    )


def test_a_mask_below_a_level_stands_on_text_too(tmp_path: Path, model: Model) -> None:
    """As any mask."""
    rules = "  Reader.age: {min: V2, below: all}\n"
    loaded = view_with(tmp_path, "  Customer.name:\n  Customer.segment: {}\n", rules)
    (problem,) = verify_masks(loaded, model)
    assert problem.got == "a mask on Reader.age, which holds Int"


def test_what_else_is_wrong_is_told_once(tmp_path: Path, model: Model) -> None:
    """A mask on what the model does not have, or a type that lacks the interface's field, adds nothing."""
    listed = {"Reader.kept": None, "Book.titel": "all", "Book.isbn": None, "Reader.kept(year:)": None}
    listed |= {"Reader.hero": None, "Named.name": "all", "Author.home": None}
    problems = found(tmp_path, model, listed)
    assert [problem.partition(";")[0] for problem in problems] == [
        "14 got Book.titel, which the model does not have",
        "16 got Reader.kept(year:), which the model does not have",
        "18 got Named.name without Author.name (FIELD_NOT_IN_VIEW)",
    ]
