"""Nulls with one reason are told together, shortly where it holds everywhere."""

from __future__ import annotations

from graphql.pyutils import Path

from resolvers.policy import Transform
from resolvers.reasons_of_null import Notes, response_path
from schema.masks import Mask
from schema.reasons import Place, Reason
from schema.withheld import Withheld
from tests.resolvers.harbour import harbour, known

ABSENT, WITHHELD = Reason.SOURCE_NOT_LINKED, Reason.SUBJECT_RESTRICTED
MASKED = Transform(Mask.INITIALS)


DATA = {"vessels": [{"name": None}, {"name": None}, {"name": None}, None], "other": {"name": "x"}}


def noted(*nulls: tuple[str, int]) -> Notes:
    notes = Notes()
    for coordinate, number in nulls:
        notes.null(coordinate, ABSENT, ("vessels", number, "name"))
    return notes


def paths(notes: Notes, place: Place = Place.ABSENT) -> dict[str, list[list[str | int]]]:
    return {entry["coordinate"]: entry["paths"] for entry in notes.entries(place, DATA)}


def test_an_entry_says_what_why_and_how_to_mend_it() -> None:
    """Code, message and remedy are the reason's own."""
    (entry,) = noted(("Vessel.name", 1)).entries(Place.ABSENT, DATA)
    assert entry == {
        "coordinate": "Vessel.name",
        "code": "SOURCE_NOT_LINKED",
        "message": ABSENT.message,
        "remedy": ABSENT.remedy,
        "paths": [["vessels", 1, "name"]],
    }


def test_a_reason_that_holds_everywhere_is_told_once() -> None:
    """`*` stands for every position of the answer; a customer that is null has none."""
    nulls = [("Vessel.name", number) for number in range(3)]
    assert paths(noted(*nulls)) == {"Vessel.name": [["vessels", "*", "name"]]}
    assert paths(noted(*nulls[:2])) == {"Vessel.name": [["vessels", 0, "name"], ["vessels", 1, "name"]]}


def test_a_coordinate_below_the_null_can_be_the_cause() -> None:
    """What stands at the path decides whether the reason holds everywhere, not what caused it."""
    assert paths(noted(*[("Size.length", number) for number in range(3)])) == {
        "Size.length": [["vessels", "*", "name"]]
    }


def test_entries_stand_where_their_reason_belongs() -> None:
    """Withheld and absent never mix."""
    notes = noted(("Vessel.name", 0))
    notes.null("Vessel.name", WITHHELD, ("vessels", 1, "name"))
    assert paths(notes) == {"Vessel.name": [["vessels", 0, "name"]]}
    assert paths(notes, Place.WITHHELD) == {"Vessel.name": [["vessels", 1, "name"]]}
    assert paths(notes, Place.ERROR) == {}


def test_a_path_that_is_not_in_the_data_stands_as_it_is() -> None:
    """What stood below a null that spread upwards."""
    notes = Notes()
    notes.null("Size.beam", ABSENT, ("vessels", 0, "size", "beam"))
    notes.null("Port.name", ABSENT, ("other", 0, "port"))
    assert paths(notes) == {"Size.beam": [["vessels", 0, "size", "beam"]], "Port.name": [["other", 0, "port"]]}


def test_a_mask_holds_everywhere_where_it_holds_for_every_value() -> None:
    """A null has no form to be shown in, so it is no place; a value that went with its parent is not told."""
    data = {"vessels": [{"name": "A."}, {"name": None}, {"name": "C."}, None], "other": {"name": "D."}}
    notes = Notes()
    for path in (("vessels", 0, "name"), ("vessels", 2, "name"), ("vessels", 3, "name"), ("gone", 0, "name")):
        notes.shown("Vessel.name", MASKED, path)
    notes.shown("Flag.code", MASKED, ("vessels", 3, "flag"))
    assert [(one["coordinate"], one["code"], one["paths"]) for one in notes.entries(Place.MASKED, data)] == [
        ("Vessel.name", "VALUE_MASKED", [["vessels", "*", "name"]])
    ]
    assert notes.entries(Place.MASKED, {"vessels": [{"name": "A."}, {"name": "B."}, None, None]}) == [
        {
            "coordinate": "Vessel.name",
            "code": "VALUE_MASKED",
            "message": "This view shows the value masked.",
            "remedy": "Use a view that shows it whole.",
            "paths": [["vessels", 0, "name"]],
        }
    ]
    assert notes.entries(Place.MASKED, None) == []
    assert notes.reason(("vessels", 0, "name")) is None


def test_the_first_reason_of_a_path_can_be_asked() -> None:
    """A null where the schema allows none becomes an error with that reason."""
    notes = noted(("Vessel.name", 0))
    notes.null("Size.length", WITHHELD, ("vessels", 0, "name"))
    assert notes.reason(("vessels", 0, "name")) is ABSENT
    assert notes.reason(("vessels", 1, "name")) is None


def test_a_path_of_the_executor_becomes_a_tuple() -> None:
    """Names and indexes from the root down, with what is added at the end."""
    path = Path(Path(None, "vessels", "Query"), 2, None)
    assert response_path(path, "name") == ("vessels", 2, "name")


def test_a_mask_may_be_noted_for_a_whole_pattern() -> None:
    """It is told as the pattern, and values that are noted one by one beside it go into it; its nulls do not count."""
    data = {"vessels": [{"name": "A."}, {"name": None}, {"name": "C."}], "other": {"name": "D."}}
    notes = Notes()
    assert not notes
    notes.shown_everywhere("Vessel.name", MASKED, ("vessels", "*", "name"))
    notes.shown("Vessel.name", MASKED, ("vessels", 2, "name"))
    notes.shown("Vessel.name", MASKED, ("other", "name"))
    notes.null("Vessel.name", ABSENT, ("vessels", 1, "name"), ("vessels", "*", "name"))
    assert notes
    (entry,) = notes.entries(Place.MASKED, data)
    assert entry["paths"] == [["vessels", "*", "name"], ["other", "name"]]
    (entry,) = notes.entries(Place.ABSENT, data)
    assert entry["paths"] == [["vessels", 1, "name"]]


async def test_a_null_that_went_up_is_told_at_its_own_path() -> None:
    """The place itself is gone; where others are shown, at the same field of other customers, no `*` speaks of them."""
    h = harbour([known(1), known(3, "Size.beam")])
    answer = await h.ask('{ vessels(by: [{id: "v1"}, {id: "v3"}]) { size { __typename beam } } }')
    assert answer["data"]["vessels"][1] == {"size": None}
    (entry,) = answer["extensions"]["withheld"]
    assert entry["paths"] == [["vessels", 1, "size", "beam"]]


def test_what_is_withheld_everywhere_is_told_as_its_pattern() -> None:
    """Whatever the data holds there, and beside a path that was noted by itself."""
    notes, verdict = Notes(), Withheld(Reason.SUBJECT_RESTRICTED)
    notes.withheld_everywhere("Vessel.name", verdict, ("vessels", "*", "name"))
    notes.withheld("Vessel.name", verdict, ("vessels", 1, "name"))
    data = {"vessels": [{"name": None}, {"name": None}, {"name": None}]}
    (entry,) = notes.entries(Place.WITHHELD, data)
    assert entry["paths"] == [["vessels", "*", "name"]]
