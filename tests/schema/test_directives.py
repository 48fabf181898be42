"""Facts about types and fields print in the SDL as directives."""

from __future__ import annotations

import strawberry

from schema.directives import FreshFor, Personal, PersonalCategory, Sensitive, personal


@strawberry.type
class Person:
    email: str | None = personal(PersonalCategory.CONTACT)
    nickname: str | None = personal()
    blood_group: str | None = personal(PersonalCategory.IDENTIFYING, Sensitive(), FreshFor(seconds=60))
    height: int | None


@strawberry.type
class Query:
    person: Person | None


def printed() -> str:
    return strawberry.Schema(Query).as_str()


def test_a_personal_field_prints_its_category() -> None:
    """The data-protection officer reads the category in the SDL."""
    assert "email: String @personal(category: CONTACT)\n" in printed()


def test_an_absent_category_prints_nothing() -> None:
    """No `category: null`."""
    assert "nickname: String @personal\n" in printed()
    assert "null" not in printed()


def test_several_facts_stand_side_by_side() -> None:
    """Facts are independent of each other."""
    assert "bloodGroup: String @personal(category: IDENTIFYING) @sensitive @freshFor(seconds: 60)\n" in printed()


def test_a_field_without_facts_prints_none() -> None:
    """Facts are said, never guessed."""
    assert "height: Int\n" in printed()


def test_a_field_with_facts_has_no_default() -> None:
    """The helper declares a field and gives it no value."""
    assert Person(email="a", nickname="b", blood_group="c", height=1).nickname == "b"
    assert not hasattr(Person, "email")


def test_facts_are_read_back_from_the_declaration() -> None:
    """A category that is not given is falsy, not None."""
    assert not Personal().category
    assert Personal(category=PersonalCategory.CONTACT).category is PersonalCategory.CONTACT


def test_categories_are_terms_of_the_privacy_vocabulary() -> None:
    """Each carries its DPV-PD term."""
    assert all(category.value == f"pd:{category.name.capitalize()}" for category in PersonalCategory)
