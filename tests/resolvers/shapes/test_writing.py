"""The lines that code is made of, and the paths in them."""

from __future__ import annotations

from resolvers.shapes.writing import Code, WrittenPath


def test_a_path_is_written_with_the_names_of_its_indexes() -> None:
    """Names of the answer are literals in it, whatever they are; as a pattern it has none of the indexes."""
    at = WrittenPath(("'vessels'",), ("vessels",)).item("place").field("it's")
    assert at.code == "['vessels', place, \"it's\"]"
    assert at.pattern == ("vessels", "*", "it's")


def test_only_an_entry_of_a_list_is_one() -> None:
    """Not a field of it."""
    owners = WrittenPath(("'owners'",), ("owners",))
    assert [one.is_item for one in (owners, owners.item("at_1"), owners.item("at_1").field("name"))] == [
        False,
        True,
        False,
    ]


def test_what_was_noted_before_a_list_holds_for_lists_in_it_alone() -> None:
    """The fields of its entries begin anew."""
    track = WrittenPath(("'track'",), ("track",), noted_before="x_1")
    assert track.item("at_1").item("at_2").noted_before == "x_1"
    assert track.item("at_1").field("name").noted_before == "None"


def test_an_expression_is_bound_to_a_name_once() -> None:
    """One that is a name already is left alone."""
    code = Code()
    assert code.bound(code.bound("record.get('name')")) == "x_1"
    assert code.code == "x_1 = record.get('name')\n"
