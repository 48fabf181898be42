"""Objects are made as the type that they are of; what does not say its type is no object of an interface or union."""

from __future__ import annotations

import pytest

from tests.resolvers import vessels
from tests.resolvers.shapes.keepers import Zoo, ask, view
from tests.resolvers.shapes.ways import Ways


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
