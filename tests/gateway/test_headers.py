from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.headers import read_headers

NAMES = st.sampled_from([b"accept", b"origin", b"authorization"])
RAW = st.lists(st.tuples(NAMES, st.sampled_from([b"", b"a", b"b", b"a, b"])), max_size=6)


@given(RAW)
def test_every_value_of_a_name_is_in_its_list_in_order(raw: list[tuple[bytes, bytes]]) -> None:
    """RFC 9110, 5.3: headers of one name mean what one header means that lists their values."""
    wanted = {name: b",".join(value for other, value in raw if other == name) for name, _ in raw}
    assert read_headers(raw) == wanted


@given(st.lists(st.sampled_from([b"", b"token", b"Bearer token"]), min_size=2, max_size=4))
def test_what_stands_twice_cannot_pass_for_once(values: list[bytes]) -> None:
    """A comma is in no token, origin, length or id, so several of them are none."""
    assert b"," in read_headers([(b"authorization", value) for value in values])[b"authorization"]
