"""Code is written for whatever a view and a record say, and what they do not say is found out by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pytest
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
from tests.resolvers.row_offers import RowOffer, row_of
from tests.resolvers.ways import Ways, both_ways


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


@pytest.fixture
def ways() -> Iterator[Ways]:
    with both_ways() as ways:
        yield ways


async def test_every_leaf_is_printed_in_its_own_writing(ways: Ways) -> None:
    """GraphQL's scalars, enums, and the scalars of the model."""
    assert (await ask(LEAVES))["data"]["keeper"] == {
        "mood": "BAD",
        "share": "1.50",
        "weight": 1.5,
        "isIn": True,
        "born": "2000-01-31",
        "seen": "2026-01-01T00:00:00Z",
        "pays": "EUR",
        "lives": "NL",
        "speaks": ["nl", "en-GB"],
        "code": "a",
    }
    assert ways.told == (0, 0, 0)


@pytest.mark.parametrize("name", [name for name in GOOD if name not in ("share", "pets")])
async def test_every_leaf_may_be_null(ways: Ways, name: str) -> None:
    """That is no doubt."""
    await ask(LEAVES, **{name: None})
    assert ways.told == (0, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mood": 2},
        {"mood": "BAD"},
        {"share": "1.50"},
        {"share": Decimal("Infinity")},
        {"share": Decimal("1E+60")},
        {"share": None},
        {"weight": 1},
        {"weight": float("nan")},
        {"weight": float("-inf")},
        {"weight": True},
        {"is_in": 1},
        {"born": datetime(2000, 1, 31, tzinfo=UTC)},
        {"born": "2000-01-31"},
        {"seen": datetime(2026, 1, 1)},  # noqa: DTZ001  without a zone
        {"seen": date(2026, 1, 1)},
        {"pays": "eur"},
        {"lives": "N"},
        {"speaks": ["x" * 20]},
        {"speaks": [None]},
        {"code": 7},
        {"code": 1.0},
    ],
    ids=repr,
)
async def test_no_other_value_is_printed_by_code(ways: Ways, wrong: Mapping[str, Any]) -> None:
    """It is printed as the executor prints it, or is an error, or leaves its customer to the executor."""
    await ask(LEAVES, **wrong)
    assert (ways.made, ways.shapeless, ways.doubted) == (1, 0, 0)
    assert ways.alone == (not wrong.keys().isdisjoint({"share", "speaks"}))  # there, none may be null


async def test_of_a_half_character_both_ways_make_the_same(ways: Ways) -> None:
    """It is text for GraphQL; that it cannot be sent is found out when it is written as bytes."""
    with pytest.raises(TypeError, match="surrogates not allowed"):
        await ask("code", code="\ud800")
    assert ways.made == 1


@pytest.mark.parametrize("masks", [{"Cat__name": "all"}, {"Cat__name": "all", "Dog__name": "initials"}])
async def test_a_mask_that_depends_on_the_type_is_noted_by_itself(ways: Ways, masks: dict[str, str]) -> None:
    """Where one place of the answer is masked for one type and not, or otherwise, for another."""
    answer = await ask("pets { ... on Cat { name } ... on Dog { name } }", view(**masks))
    assert [one["coordinate"] for one in answer["extensions"]["masked"]] == [name.replace("__", ".") for name in masks]
    assert [one["paths"] for one in answer["extensions"]["masked"]] == [
        [["keeper", "pets", number, "name"]] for number in range(len(masks))
    ]
    assert ways.told == (0, 0, 0)


async def test_a_mask_at_a_place_of_its_own_is_ordinary(ways: Ways) -> None:
    """Other names make other places."""
    await ask("pets { __typename ... on Cat { name } ... on Dog { other: name } }", view(Cat__name="all"))
    assert ways.told == (0, 0, 0)


async def test_a_mask_on_what_is_no_text_hides_it(ways: Ways) -> None:
    """`check` refuses such a view; its values are shown in neither way."""
    answer = await ask("pays lives", view(Keeper__pays="all", Keeper__lives="last4"))
    assert answer["data"]["keeper"] == {"pays": None, "lives": None}
    assert ways.alone == 1


async def test_an_object_of_a_type_that_the_view_lacks_is_null(ways: Ways) -> None:
    """Its place is null with a reason, told before what stands in the others."""
    fields = dict.fromkeys(("Keeper.id", "Keeper.pets", "Cat.name"))
    narrow = vessels.view(fields=fields | {"Cat.name": {"mask": "all"}}, lookups=["id"])
    answer = await ask("pets { ... on Cat { name } }", narrow)
    assert answer["data"]["keeper"] == {"pets": [{"name": "••••"}, None]}
    assert [one["code"] for one in answer["extensions"]["withheld"]] == ["VALUE_NOT_IN_VIEW"]
    assert ways.told == (0, 0, 0)


async def test_an_object_that_does_not_say_its_type_is_null(ways: Ways) -> None:
    """Where the schema has an interface or union; in facts as in rows."""
    fields = "shy { __typename ... on Cat { name } }"
    for zoo in (Zoo({"shy": {"name": "Mia"}}), Zoo({"id": "K", "shy": {"name": "Mia"}}, in_rows=True)):
        answer = await ask(fields, zoo=zoo)
        assert answer["data"]["keeper"] == {"shy": None}
        assert [one["code"] for one in answer["extensions"]["withheld"]] == ["VALUE_NOT_IN_VIEW"]
    assert (*ways.told, ways.alone) == (0, 0, 1, 0)


async def test_a_key_of_an_object_of_one_of_several_types_is_for_the_executor(ways: Ways) -> None:
    """Nobody can say which of them it leads to."""
    answer = await ask("friend { ... on Cat { name } }", friend="P1")
    assert answer["data"]["keeper"] == {"friend": None}
    assert ways.alone == 1


async def test_every_leaf_is_read_from_rows(ways: Ways) -> None:
    """As it is, or printed."""
    raw = {"id": "K", "share": "1.50", "weight": 1, "is_in": True, "born": "2000-01-31", "code": "a"}
    answer = await ask("share weight isIn born code", zoo=Zoo(raw, in_rows=True))
    assert answer["data"]["keeper"]["born"] == "2000-01-31"
    assert ways.told == (0, 0, 0)


async def test_a_mask_on_what_is_no_text_hides_its_object(ways: Ways) -> None:
    """Where none may be null."""
    answer = await ask("share", view(Keeper__share="all"))
    assert answer["data"]["keeper"] is None
    assert ways.alone == 1


@pytest.mark.parametrize("value", ["EUR", 7])
async def test_a_scalar_that_prints_nothing_is_for_the_executor(
    ways: Ways, monkeypatch: pytest.MonkeyPatch, value: Any
) -> None:
    """As nothing may stand for a value: the executor has an error of it."""
    monkeypatch.setattr(MODEL.schema.type_map["CurrencyCode"], "coerce_output_value", lambda _: None)
    answer = await ask("pays", pays=value)
    assert answer["data"]["keeper"] == {"pays": None}
    assert (ways.alone, ways.doubted) == (1, 0)
