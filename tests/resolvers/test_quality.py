"""Quality is counted by columns, and it comes to what counting place by place comes to."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.assembled import Assembled
from resolvers.quality import _MOST_KEPT, Quality, _Outline, _Outlined, _told_apart

LABEL, PESTS, SPECIES, SIZE = (("nursery", f"Plant.{name}") for name in ("label", "pests", "species", "size"))
BED = ("soil", "Bed.moisture")


def leaf(name: str, place: tuple[str, str] | None) -> _Outlined:
    return _Outlined(name, place, 0, ())


PEST = _Outline(frozenset({"species"}), {"species": leaf("species", SPECIES)})
WEED = _Outline(frozenset({"size", "id"}), {"size": leaf("size", SIZE)})
PLACE = _Outline(frozenset({"moisture"}), {"moisture": leaf("moisture", BED)})
PLANT = _Outline(
    frozenset({"label", "pests", "bed", "id"}),
    {
        "label": leaf("label", LABEL),
        "pests": _Outlined("pests", PESTS, 1, (PEST, WEED)),
        "bed": _Outlined("bed", None, 0, (PLACE,)),
    },
)
OUTLINE = _Outline(frozenset({"plants"}), {"plants": _Outlined("plants", None, 1, (PLANT,))})

values = st.one_of(st.none(), st.text(max_size=2), st.integers())
pests = st.one_of(
    st.none(),
    st.fixed_dictionaries({"species": values}),
    st.fixed_dictionaries({"size": values, "id": values}),
)
plants = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "label": values,
            "id": values,
            "pests": st.one_of(st.none(), st.lists(pests, max_size=3)),
            "bed": st.one_of(st.none(), st.fixed_dictionaries({"moisture": values})),
        }
    ),
)


class Counted(Quality):
    """Counts every answer by one outline."""

    def _outline(self, _plan: object) -> _Outline:
        return OUTLINE


def counted(data: Any, **told: Any) -> Quality:
    quality = Counted()
    parts = {"errors": [], "withheld": [], "masked": [], "absent": []} | told
    quality.count(object(), Assembled(data, **parts))  # type: ignore[arg-type]  # the outline is given
    return quality


def by_places(data: Any) -> tuple[dict[Any, int], dict[Any, int]]:
    found: dict[Any, int] = {}
    empty: dict[Any, int] = {}

    def see(place: tuple[str, str], value: object) -> None:
        found[place] = found.get(place, 0) + 1
        empty[place] = empty.get(place, 0) + (value is None)

    for plant in (one for one in data["plants"] if one is not None):
        see(LABEL, plant["label"])
        see(PESTS, plant["pests"])
        for pest in (one for one in plant["pests"] or () if one is not None):
            name, place = ("species", SPECIES) if "species" in pest else ("size", SIZE)
            see(place, pest[name])
        if plant["bed"] is not None:
            see(BED, plant["bed"]["moisture"])
    return found, empty


@settings(deadline=None, max_examples=200)
@given(st.lists(plants, max_size=4))
def test_columns_come_to_what_places_come_to(found: list[Any]) -> None:
    """Of lists, of objects of several types, and of one customer alone."""
    quality = counted({"plants": found})
    values, nulls = by_places({"plants": found})
    assert dict(quality.values) == values
    assert {place: one for place, one in quality.nulls.items() if one} == {
        key: one for key, one in nulls.items() if one
    }
    assert not quality.invalid


@settings(deadline=None, max_examples=200)
@given(st.lists(plants, max_size=4))
def test_nulls_that_have_a_reason_count_for_nothing(found: list[Any]) -> None:
    """However often they are named: by a pattern, by their path, and as errors; no number falls below zero."""
    data = {"plants": found}
    paths: list[list[Any]] = [
        ["plants", place, "label"] for place, one in enumerate(found) if one and one["label"] is None
    ]
    error = [{"path": path, "extensions": {"code": "SOURCE_TIMEOUT"}} for path in paths]
    withheld = [{"paths": [["plants", "*", "label"], *paths]}]
    quality = counted(
        data, withheld=withheld, errors=error, absent=[{"paths": [["plants", "*", "pests", "*", "species"]]}]
    )
    assert quality.nulls[LABEL] == quality.nulls[SPECIES] == 0
    assert quality.values[LABEL] == sum(one is not None and one["label"] is not None for one in found)
    assert min([*quality.values.values(), *quality.nulls.values(), 0]) == 0


def test_a_value_that_is_none_is_counted_where_its_error_says() -> None:
    """Also where the null that stands for it is further up, and in an answer without data there is nothing."""
    error = {"path": ["plants", 0, "pests", 1, "species"], "extensions": {"code": "VALUE_INVALID"}}
    plant = {"label": "Fern", "id": "1", "pests": None, "bed": None}
    quality = counted({"plants": [plant]}, errors=[error])
    assert quality.invalid == {SPECIES: 1}
    assert (quality.values[SPECIES], quality.values[PESTS], quality.nulls[PESTS]) == (1, 0, 0)
    assert not counted(None, errors=[error]).values


def test_outlines_that_are_kept_are_few() -> None:
    """Who asks ever new documents makes the gateway no larger."""
    assert _MOST_KEPT <= 1_000


CAT = _Outline(frozenset({"name", "lives"}), {"name": leaf("name", ("pets", "Cat.name"))})
DOG = _Outline(frozenset({"name", "barks"}), {"name": leaf("name", ("pets", "Dog.name"))})
PETS = _Outline(frozenset({"pets"}), {"pets": _Outlined("pets", ("pets", "Home.pets"), 1, (CAT, DOG))})


class CountedPets(Quality):
    """Counts every answer by the outline of pets."""

    def _outline(self, _plan: object) -> _Outline:
        return PETS


def test_of_types_that_share_a_field_each_has_its_own_place() -> None:
    """A null that has a reason is taken from where it was counted: what falls is no counter."""
    quality = CountedPets()
    data = {"pets": [{"name": None, "barks": True}, {"name": "Tom", "lives": 9}]}
    late = {"path": ["pets", 0, "name"], "extensions": {"code": "SOURCE_TIMEOUT"}}
    wrong = {"path": ["pets", 0, "name"], "extensions": {"code": "VALUE_INVALID"}}
    withheld = [{"paths": [["pets", "*", "name"]]}]
    for told in ({"errors": [late]}, {"errors": [wrong]}, {"withheld": withheld}):
        parts: dict[str, Any] = {"errors": [], "withheld": [], "masked": [], "absent": []} | told
        quality.count(object(), Assembled(data, **parts))  # type: ignore[arg-type]  # the outline is given
    assert quality.values == {("pets", "Home.pets"): 3, ("pets", "Cat.name"): 3, ("pets", "Dog.name"): 1}
    assert dict(quality.nulls) == {("pets", "Home.pets"): 0, ("pets", "Cat.name"): 0, ("pets", "Dog.name"): 0}
    assert quality.invalid == {("pets", "Dog.name"): 1}


def test_of_an_object_that_is_gone_with_its_fault_the_type_is_not_guessed() -> None:
    """Its list is null, too: the path says a field that both types have."""
    quality = CountedPets()
    wrong = {"path": ["pets", 0, "name"], "extensions": {"code": "VALUE_INVALID"}}
    quality.count(object(), Assembled({"pets": None}, [wrong], [], [], []))  # type: ignore[arg-type]
    assert not any(quality.values.values())
    assert not quality.invalid


def test_types_that_look_alike_in_an_answer_are_not_counted() -> None:
    """Unless they are the same place: nobody could say whose a value is."""
    other = CAT._replace(fields={"name": leaf("name", ("pets", "Dog.name"))})
    assert _told_apart([CAT, other, CAT, DOG]) == (CAT._replace(fields={}), DOG)
    assert _told_apart([CAT, CAT, DOG]) == (CAT, DOG)


def test_a_path_may_go_through_lists_of_several_lengths() -> None:
    """A pattern names all customers, and a place that not each of them has."""
    plants = [{"label": "Fern", "id": "1", "bed": None, "pests": one} for one in ([{"species": None}], [], None)]
    withheld = [{"paths": [["plants", "*", "pests", 0, "species"]]}]
    quality = counted({"plants": plants}, withheld=withheld)
    assert (quality.values[SPECIES], quality.nulls[SPECIES]) == (0, 0)
