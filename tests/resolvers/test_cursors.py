"""A cursor says where a list goes on to the gateway that sealed it, and nothing to anybody else."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.cursors import Cursors, Stand

STANDS = (("R1", Stand("c4", 2)), ("R2", Stand(is_over=True)))
SECRET, OTHER = b"1" * 64, b"2" * 64


def test_what_was_sealed_opens_again() -> None:
    """Whose list it is, and where every key of it stands."""
    cursors = Cursors([SECRET])
    text = cursors.sealed("v1", STANDS, b"list")
    cursor = cursors.opened(text, b"list")
    assert cursor is not None
    assert cursor.customer_id == "v1"
    assert [cursor.stand(key) for key in ("R1", "R2", "R9")] == [Stand("c4", 2), Stand(is_over=True), None]


def test_one_place_has_one_text() -> None:
    """Two gateways with one secret say the same; clients keep entries by their cursors."""
    assert Cursors([SECRET]).sealed("v1", STANDS, b"list") == Cursors([SECRET]).sealed("v1", STANDS, b"list")


def test_no_key_can_be_read_in_it() -> None:
    """A source's keys are personal."""
    text = Cursors().sealed("customer-1", (("B-100234", Stand("2026-01-01")),), b"list")
    assert "100234" not in text
    assert "2026" not in repr(Stand("2026-01-01"))


@pytest.mark.parametrize("text", ["", "x", "é", "=", "AAAA", "A" * 10_000, "ab cd", "a\nb", "_" * 40])
def test_what_nobody_sealed_does_not_open(text: str) -> None:
    """Whatever a client makes up is no cursor, and no error either."""
    assert Cursors([SECRET]).opened(text, b"list") is None


def test_it_opens_for_its_own_list_only() -> None:
    """Another view, offer or argument is another list; another secret knows nothing of it."""
    text = Cursors([SECRET]).sealed("v1", STANDS, b"list")
    assert Cursors([SECRET]).opened(text, b"another list") is None
    assert Cursors([OTHER]).opened(text, b"list") is None
    assert Cursors().opened(text, b"list") is None


def test_a_rotated_secret_still_opens_what_it_sealed() -> None:
    """The first secret seals, all of them open."""
    old = Cursors([SECRET]).sealed("v1", STANDS, b"list")
    rotated = Cursors([OTHER, SECRET])
    assert rotated.opened(old, b"list") is not None
    assert rotated.sealed("v1", STANDS, b"list") == Cursors([OTHER]).sealed("v1", STANDS, b"list")


@given(place=st.integers(0, 79), bit=st.integers(0, 7))
def test_a_changed_cursor_does_not_open(place: int, bit: int) -> None:
    """Not one bit of it."""
    import base64

    cursors = Cursors([SECRET])
    text = cursors.sealed("v1", STANDS, b"list")
    sealed = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    sealed[place % len(sealed)] ^= 1 << bit
    assert cursors.opened(base64.urlsafe_b64encode(bytes(sealed)).rstrip(b"=").decode(), b"list") is None


@given(
    stands=st.dictionaries(
        st.text(max_size=1_024),
        st.builds(Stand, st.none() | st.text(max_size=2_048), st.integers(0, 2_000), st.booleans()),
        max_size=4,
    )
)
def test_what_is_sealed_opens(stands: dict[str, Stand]) -> None:
    """Whatever characters a source has in its keys and cursors."""
    cursors = Cursors([SECRET])
    cursor = cursors.opened(cursors.sealed("v1", tuple(stands.items()), b""), b"")
    assert cursor is not None
    assert {key: cursor.stand(key) for key in stands} == stands


def test_the_longest_places_open() -> None:
    """A thousand keys, and two of the longest cursors that a source may have."""
    cursors = Cursors([os.urandom(64)])
    many = tuple((f"key {number}", Stand()) for number in range(1_000))
    long = (("a", Stand("ü" * 2_048, 7)), ("b", Stand("x" * 2_048)))
    text = cursors.sealed("v1", (*many, *long), b"")
    cursor = cursors.opened(text, b"")
    assert cursor is not None
    assert (cursor.stand("key 999"), cursor.stand("a")) == (Stand(), Stand("ü" * 2_048, 7))
    assert cursors.opened(text + "A" * 65_536, b"") is None
