from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, NewType

import pytest
import strawberry
from pydantic import BeforeValidator

from adapters.adapter import Adapter, Batch, Call
from adapters.answers import Answer, Key
from adapters.gates import CONSENT, ConsentRecord, ConsentStatus
from adapters.offers import Offer
from adapters.records import Inline, Record, Reference
from adapters.verifying import served_coordinates, sound_adapters, verify_adapters
from schema.directives import Subject
from schema.model import Model
from schema.problems import Level, Problem
from schema.relay import Forward, listing


class Mood(Enum):
    """How somebody feels."""

    GLAD = "glad"
    """Well."""


@strawberry.type
class Branch:
    """A branch, which can hold others."""

    length: int | None
    """How long."""
    branches: list[Branch] | None
    """What grows from it."""


@strawberry.type
class Owner:
    """Whose it is."""

    nick_name: str | None
    """What friends say."""


@strawberry.type(directives=[Subject(plural="trees")])
class Tree:
    """A tree."""

    id: strawberry.ID
    """The canonical id."""
    label: str | None
    """Its name."""
    rings: int | None
    """How old."""
    girth: float | None
    """How thick."""
    is_green: bool | None
    """Whether it has leaves."""
    price: Decimal | None
    """What it costs."""
    planted: date | None
    """The day."""
    seen: datetime | None
    """The moment."""
    mood: Mood | None
    """How it feels."""
    tags: list[str] | None
    """Words."""
    trunk: Branch | None
    """The thickest branch."""
    branches: list[Branch] | None
    """All branches."""
    owner: Owner | None
    """Whose it is."""
    owners: list[Owner] | None
    """Whose it was."""


MODEL = Model(Tree)


@dataclass(eq=False)
class Forest:
    """An adapter that declares and never answers."""

    source: str
    offers: Sequence[Offer] = field(default_factory=tuple)

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Never called here."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Nothing to give back."""


def offer(record: type[Record], serves: str = "Tree", **more: Any) -> Offer:
    """An offer of a record."""
    return Offer(**{"name": "trees", "serves": serves, "record": record, "key": "number", **more})


def found(record: type[Record], serves: str = "Tree", **more: Any) -> list[Problem]:
    """What is wrong with one offer of one adapter."""
    return verify_adapters([Forest("forest", [offer(record, serves, **more)])], MODEL)


def said(problems: list[Problem]) -> list[str]:
    """What was got, and how to mend it."""
    return [f"{one.got} | {one.wanted} | {one.mend}" for one in problems]


class BranchRecord(Record):
    length: int | None
    branches: list[BranchRecord] | None


class OwnerRecord(Record):
    nick_name: str | None


Words = NewType("Words", str)


class Whole(Record):
    label: Annotated[str | None, BeforeValidator(str)]
    rings: int
    girth: Decimal
    is_green: bool | None
    price: Decimal | None
    planted: date | None
    seen: datetime | None
    mood: str | None
    tags: list[str]
    trunk: Annotated[BranchRecord, Inline()]
    branches: list[BranchRecord] | None
    owner: Annotated[Words | None, Reference("owner")]
    owners: Annotated[list[str] | None, Reference("owner")]


def test_a_declaration_that_fits_the_model_has_no_problem() -> None:
    """Every kind of field: values, exact ones, enums, lists, objects of their own kind, references."""
    owners = offer(OwnerRecord, "Owner", keyspace="owner", name="owners")
    assert verify_adapters([Forest("forest", [offer(Whole), owners])], MODEL) == []


def test_a_second_adapter_for_a_source_is_an_error() -> None:
    """The cross-reference and the receipt know sources by name."""
    (problem,) = verify_adapters([Forest("forest"), Forest("forest")], MODEL)
    assert problem.got == "a second adapter for the source forest"
    assert problem.file == "tests.adapters.test_verifying.Forest"
    assert problem.line is not None


@pytest.mark.parametrize("name", ["", "id", "9lives", "a b", "x" * 65, "naïve", "a/b", "\n"])
def test_a_source_name_is_one_that_everything_else_takes(name: str) -> None:
    """It stands in the cross-reference and in look-ups, where `id` is the canonical id."""
    (problem,) = verify_adapters([Forest(name)], MODEL)
    assert problem.got == f"the source name {name[:64]!r}"


def test_two_offers_of_one_name_are_an_error() -> None:
    """A plan tells steps apart by the offer's name."""
    (problem,) = verify_adapters([Forest("forest", [offer(OwnerRecord, "Owner"), offer(OwnerRecord, "Owner")])], MODEL)
    assert problem.got == "a second offer trees of forest"


class _Raises:
    source = "x"

    @property
    def offers(self) -> Sequence[Offer]:
        raise OSError


class _Wrong(Record):
    label: str | None


def _odd(**changes: Any) -> Any:
    odd = Forest("forest")
    for name, value in changes.items():
        setattr(odd, name, value)
    return odd


@pytest.mark.parametrize(
    "given",
    [
        None,
        object(),
        Forest,
        _Raises(),
        _odd(source=1),
        _odd(fetch=None),
        _odd(aclose=None),
        _odd(offers=None),
        _odd(offers=["trees"]),
        _odd(offers=iter(())),
        _odd(offers=[offer(dict)]),  # type: ignore[arg-type]
        _odd(offers=[offer(None)]),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_adapter_is_an_error_and_is_left_out(given: Any) -> None:
    """The others are verified all the same."""
    good = Forest("meadow", [offer(_Wrong)])
    (problem,) = verify_adapters([given, good], MODEL)
    assert problem.got == f"an object of {type(given).__name__}, which is no adapter"
    assert sound_adapters([given, good]) == [good]


@pytest.mark.parametrize(
    ("serves", "sentence"),
    [
        ("Treee", "which serves Treee | a type of the model | did you mean 'Tree'?"),
        ("Zebra", "which serves Zebra | a type of the model | correct serves="),
        ("String", "which serves String | a type of the model | correct serves="),
        ("Tree.branch", "which serves Tree.branch | a list of the model | did you mean 'Tree.branches'?"),
        ("Tree.trunk", "which serves Tree.trunk | a list of the model | "),
        ("Tree.x.y", "which serves Tree.x.y | a list of the model | "),
        ("", "which serves  | a type of the model | correct serves="),
    ],
)
def test_an_offer_serves_a_type_or_a_list_of_the_model(serves: str, sentence: str) -> None:
    """What it serves is checked before its record, with the nearest name as advice."""
    (told,) = said(found(OwnerRecord, serves))
    assert told.startswith(f"the offer forest.trees, {sentence}")


def test_a_field_that_the_type_does_not_have_is_an_error() -> None:
    """By its Python name, in nested records too."""

    class Deep(Record):
        lenght: int | None

    class Shallow(Record):
        zzz: str | None
        trunk: Deep | None

    assert said(found(Shallow)) == [
        "the field zzz | a field of Tree | remove it",
        "the field lenght | a field of Branch | did you mean 'length'?",
    ]


def test_records_of_a_list_are_held_against_its_entries() -> None:
    """An offer of a list holds fields of what the list holds."""

    class Row(Record):
        nick_name: str | None
        nickname: str | None

    assert said(found(Row, "Tree.owners")) == ["the field nickname | a field of Owner | did you mean 'nick_name'?"]


def test_a_value_in_place_of_an_object_is_an_error_and_the_reverse() -> None:
    """The kind has to fit."""

    class Odd(Record):
        trunk: str | None
        label: BranchRecord | None

    assert said(found(Odd)) == [
        "the field trunk of another kind | a Record class, for Tree.trunk holds an object | correct its annotation",
        "the field label of another kind | a value, for Tree.label | correct its annotation",
    ]


def test_a_list_in_place_of_one_is_an_error_and_the_reverse() -> None:
    """The shape has to fit, of values and of objects."""

    class Odd(Record):
        tags: str | None
        label: list[str]
        branches: BranchRecord | None
        trunk: list[BranchRecord]

    assert [told.partition(" |")[0] for told in said(found(Odd))] == [
        f"the field {name} of another shape" for name in ("tags", "label", "branches", "trunk")
    ]


def test_the_type_of_a_value_has_to_fit() -> None:
    """Exactly: an int is no text, a moment no day, a float no exact amount."""

    class Odd(Record):
        label: int | None
        rings: str
        girth: str
        is_green: int
        price: float
        planted: datetime
        seen: date
        tags: list[int]

    assert [told.split(" | ")[:2] for told in said(found(Odd))] == [
        ["the field label of type int", "str, for Tree.label is String"],
        ["the field rings of type str", "int, for Tree.rings is Int"],
        ["the field girth of type str", "float, for Tree.girth is Float"],
        ["the field is_green of type int", "bool, for Tree.isGreen is Boolean"],
        ["the field price of type float", "Decimal, for Tree.price is Decimal"],
        ["the field planted of type datetime", "date, for Tree.planted is Date"],
        ["the field seen of type date", "datetime, for Tree.seen is DateTime"],
        ["the field tags of type int", "str, for Tree.tags is String"],
    ]


class Season(Enum):
    """An enum of another model."""

    GLAD = "glad"


class Word(StrEnum):
    """The codes of a source."""

    GLAD = "glad"


@pytest.mark.parametrize("declared", [int, bool, date, Season])
def test_a_type_that_holds_no_code_of_an_enum_is_an_error(declared: type) -> None:
    """Each of its values would be invalid, of every customer."""
    odd = type("Odd", (Record,), {"__module__": __name__, "__annotations__": {"mood": declared}})
    assert said(found(odd)) == [
        f"the field mood of type {declared.__name__} | Mood or str, for Tree.mood is Mood | "
        "correct its annotation; convert with BeforeValidator"
    ]


@pytest.mark.parametrize("declared", [Mood, str, Word, Literal["glad"], Mood | None, object])
def test_a_type_that_can_hold_a_code_of_an_enum_is_right(declared: Any) -> None:
    """The enum itself, and texts, which are checked when they come."""
    right = type("Right", (Record,), {"__module__": __name__, "__annotations__": {"mood": declared}})
    assert said(found(right)) == []


def test_a_reference_leads_to_objects_by_keys_of_text() -> None:
    """Not to values, not by numbers, and by several keys only to a list."""

    class Odd(Record):
        label: Annotated[str | None, Reference("owner")]
        owner: Annotated[int | None, Reference("owner")]
        trunk: Annotated[list[str], Reference("owner")]

    assert [told.partition(" | ")[0] for told in said(found(Odd))] == [
        "the reference label",
        "the reference owner of another type",
        "the reference trunk of another shape",
    ]


class HeightsBy(Forward):
    """Which heights."""


@strawberry.type(directives=[Subject(plural="people")])
class Person:
    """Somebody."""

    id: strawberry.ID
    """The canonical id."""

    heights: list[str] | None = listing(HeightsBy)
    """How tall, from year to year."""


def test_a_field_with_arguments_is_no_fact() -> None:
    """A record holds one value; the arguments would be left out without a word."""

    class Tall(Record):
        heights: list[str] | None

    problems = verify_adapters([Forest("forest", [offer(Tall, "Person")])], Model(Person))
    assert [(one.got, one.level) for one in problems] == [("the field heights, which has arguments", Level.ERROR)]


def test_a_reference_by_which_nothing_is_asked_is_a_note() -> None:
    """What lies behind it cannot be listed by a view; an adapter may be used without the one that it leads to."""

    class Leads(Record):
        owner: Annotated[str | None, Reference("ownr")]

    owners = offer(OwnerRecord, "Owner", keyspace="owner", name="owners")
    (problem,) = verify_adapters([Forest("forest", [offer(Leads), owners])], MODEL)
    assert problem.level is Level.NOTE
    assert said([problem]) == [
        "the reference owner by keys of ownr, by which no offer is asked for Tree.owner | "
        "an offer of Owner with keyspace='ownr' | did you mean 'owner'?"
    ]


@pytest.mark.parametrize(
    "reached",
    [
        Forest("people", [offer(OwnerRecord, "Owner", keyspace="owner")]),
        Forest("owner", [offer(OwnerRecord, "Owner")]),
        Forest("people", [offer(OwnerRecord, "Tree.owners", keyspace="owner")]),
    ],
)
def test_a_reference_is_met_by_an_offer_of_the_type_or_of_the_list(reached: Adapter) -> None:
    """By its keyspace, or by a source's own keys, which have the source's name."""

    class Leads(Record):
        owners: Annotated[str | None, Reference("owner")]

    assert verify_adapters([Forest("forest", [offer(Leads)]), reached], MODEL) == []


def test_an_offer_that_does_not_echo_its_key_is_a_note() -> None:
    """It works, one key a call; it is weaker."""
    (problem,) = found(OwnerRecord, "Owner", key=None, max_batch=1)
    assert problem.level is Level.NOTE
    assert problem.got == "the offer forest.trees, whose records do not echo their key"
    assert problem.file == "tests.adapters.test_verifying.OwnerRecord"


def test_a_class_without_source_has_no_line() -> None:
    """A record that was made by a program is named all the same."""
    made = type("Made", (Record,), {"__module__": "elsewhere", "__annotations__": {"zzz": str}})
    (problem,) = found(made)
    assert (problem.file, problem.line) == ("elsewhere.Made", None)


def test_what_is_served_is_counted_through_nested_records() -> None:
    """Also where a record holds others of its own kind, and however a list is reached."""
    served = served_coordinates([Forest("forest", [offer(Whole), offer(OwnerRecord, "Tree.owners")])], MODEL)
    assert served == set(MODEL.coordinates)
    assert served_coordinates([], MODEL) == {"Tree.id"}
    few = served_coordinates([Forest("forest", [offer(BranchRecord, "Tree.branches")])], MODEL)
    assert few == {"Tree.id", "Tree.branches", "Branch.length", "Branch.branches"}


def test_what_the_model_does_not_have_is_not_served() -> None:
    """An offer of a list or field that does not exist counts for nothing."""

    class Odd(Record):
        zzz: str | None

    offers = [offer(Odd), offer(Odd, "Tree.zzz")]
    assert served_coordinates([Forest("forest", offers)], MODEL) == {"Tree.id"}


@strawberry.type(directives=[Subject(plural="shrubs")])
class Shrub:
    """A shrub."""

    id: strawberry.ID
    """The canonical id."""
    label: str
    """Its name."""
    twigs: list[Owner]
    """Whose they are."""
    owner: Owner | None
    """Whose it is."""


class ShrubRecord(Record):
    label: str


class TwigRecord(Record):
    nick_name: str | None


def test_what_an_offer_answers_may_be_null() -> None:
    """A source that is down costs its own fields, and not the whole of whom they are about."""
    facts = Offer(name="shrubs", serves="Shrub", record=ShrubRecord, key="number")
    listed = Offer(name="twigs", serves="Shrub.twigs", record=TwigRecord, key="number")
    problems = verify_adapters([Forest("wood", [facts, listed])], Model(Shrub))
    errors = [one for one in problems if one.level is Level.ERROR]
    assert [(one.got, one.wanted) for one in errors] == [
        ("Shrub.label: String!, which the offer wood.shrubs answers", "a nullable type"),
        ("Shrub.twigs: [Owner!]!, which the offer wood.twigs answers", "a nullable type"),
    ]


class Agreed(ConsentRecord):
    purpose: str | None
    channel: str | None
    status: ConsentStatus | None
    valid_from: datetime | None
    valid_until: datetime | None


class Misspelt(Agreed):
    chanel: str | None


class Undated(Agreed):
    valid_from: None = None
    valid_until: None = None


class Undecided(Agreed):
    status: None = None


def test_an_offer_that_answers_a_gate_is_in_no_model() -> None:
    """It has no coordinate, serves none, and is right nevertheless."""
    gate = Forest("forest", [offer(Agreed, CONSENT)])
    assert verify_adapters([gate], MODEL) == []
    assert served_coordinates([gate], MODEL) == {"Tree.id"}
    assert verify_adapters([Forest("forest", [offer(Undated, CONSENT)])], MODEL) == []


@pytest.mark.parametrize(
    ("record", "more", "told"),
    [
        (
            OwnerRecord,
            {},
            "the offer forest.trees, which serves Gate.consent | records derived from ConsentRecord | "
            "class OwnerRecord(ConsentRecord)",
        ),
        (
            Undecided,
            {},
            "the field status, which is always null | what decides: without it the gate never opens | "
            "say where the source keeps it",
        ),
        (Misspelt, {}, "the field chanel | a field of ConsentRecord | did you mean 'channel'?"),
        (
            Agreed,
            {"keyspace": "lei"},
            "the offer forest.trees with keyspace='lei' | the source's own keys of the customer | leave keyspace= out",
        ),
    ],
)
def test_what_answers_a_gate_says_it_in_the_gates_words(record: type[Record], more: Any, told: str) -> None:
    """By the source's own keys, in records that the gate can be decided by."""
    assert said(found(record, CONSENT, **more)) == [told]


def test_one_source_decides_on_a_gate() -> None:
    """A second one would never be asked."""
    twice = [Forest(name, [offer(Agreed, CONSENT)]) for name in ("forest", "wood")]
    assert said(verify_adapters(twice, MODEL)) == [
        "the offer wood.trees, which serves Gate.consent as forest.trees does | one source that decides | "
        "remove one of them: the other would never be asked"
    ]
