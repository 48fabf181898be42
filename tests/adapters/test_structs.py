"""Structs made from places in JSON: where each value is read, and what of it must be there."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest
from msgspec import NODEFAULT, MsgspecError, Struct
from msgspec.json import Decoder
from pydantic import AliasPath

from adapters.leaves import UncoveredError
from adapters.structs import Members, steps_of


def decoded(members: Members, body: bytes) -> Any:
    return Decoder(members.struct("Made", Struct, {})).decode(body)


def test_a_value_is_read_where_it_stands() -> None:
    """At the path of attributes that is told; other members are passed over."""
    members = Members()
    places = [members.put(path, "x", str, NODEFAULT) for path in (["a"], ["b", "c"], ["b", "d", "e"])]
    found = decoded(members, b'{"z": [], "a": "1", "b": {"y": 0, "c": "2", "d": {"e": "3"}}}')
    assert [attrgetter(place)(found) for place in places] == ["1", "2", "3"]


def test_a_source_may_name_its_members_as_it_likes() -> None:
    """Attributes are ours: two of a name, words of Python, and none at all stay apart."""
    members = Members()
    places = [members.put([name], "name", int, NODEFAULT) for name in ("class", "", "name_0", "\u00e9 ")]
    assert len(set(places)) == 4
    found = decoded(members, '{"class": 1, "": 2, "name_0": 3, "\u00e9 ": 4}'.encode())
    assert [getattr(found, place) for place in places] == [1, 2, 3, 4]
    members.put(['quo"te'], "name", int, NODEFAULT)
    with pytest.raises(ValueError, match="quo"):
        members.struct("Made", Struct, {})


def test_one_place_is_read_once() -> None:
    """For all who read it alike."""
    members = Members()
    assert members.put(["a", "b"], "one", str, None) == members.put(["a", "b"], "other", str, None)


@pytest.mark.parametrize(
    ("path", "annotation", "default"), [(["at"], int, None), (["at"], str, NODEFAULT), (["at", "x"], str, None)]
)
def test_one_place_is_not_read_in_two_ways(path: list[str], annotation: type, default: object) -> None:
    """As another type, with another default, or as a value and as an object that holds one: whichever comes first."""
    for first, then in (
        ((["at"], str, None), (path, annotation, default)),
        ((path, annotation, default), (["at"], str, None)),
    ):
        members = Members()
        members.put(first[0], "x", *first[1:])
        with pytest.raises(UncoveredError):
            members.put(then[0], "x", *then[1:])


def test_what_has_a_default_may_be_left_out_with_the_object_that_it_stands_in() -> None:
    """Unless something else in that object has none."""
    members = Members()
    place = members.put(["a", "b"], "x", str | None, None)
    assert attrgetter(place)(decoded(members, b"{}")) is None
    members.put(["a", "c"], "x", str, NODEFAULT)
    with pytest.raises(MsgspecError):
        decoded(members, b"{}")


def test_a_plain_value_is_found_again() -> None:
    """By its place alone; None where nothing stands yet, and no value that is anything else."""
    members = Members()
    key, below = (
        members.put(["key"], "x", str, NODEFAULT, is_plain=True),
        members.put(["of", "id"], "x", str, None, is_plain=True),
    )
    members.put(["day"], "x", int, NODEFAULT)
    assert (members.plain(["key"]), members.plain(["of", "id"])) == (key, below)
    assert (members.plain(["other"]), members.plain(["of", "other"])) == (None, None)
    for path in (["day"], ["of"], ["key", "x"]):
        with pytest.raises(UncoveredError):
            members.plain(path)


def test_what_was_sealed_is_the_bases() -> None:
    """A further struct holds the rest alone, and whole the objects in which some of it stands."""
    members = Members()
    places = [members.put(path, "x", str, NODEFAULT) for path in (["a"], ["b", "c"], ["d", "e"])]
    base = members.struct("Base", Struct, {})
    members.seal()
    assert not members.has_new
    places += [members.put(path, "y", str, NODEFAULT) for path in (["f"], ["b", "g"])]
    further = members.further_struct("Further", base, {})
    assert len(vars(further)["__annotations__"]) == 2
    found = Decoder(further).decode(b'{"a": "1", "b": {"c": "2", "g": "5"}, "d": {"e": "3"}, "f": "4"}')
    assert isinstance(found, base)
    assert [attrgetter(place)(found) for place in places] == ["1", "2", "3", "4", "5"]


def test_steps_are_names() -> None:
    """A place in a list is none that a struct can read."""
    assert (list(steps_of("a")), list(steps_of(AliasPath("a", "b")))) == (["a"], ["a", "b"])
    with pytest.raises(UncoveredError):
        steps_of(AliasPath("a", 0))
