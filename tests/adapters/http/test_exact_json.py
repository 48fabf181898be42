"""JSON as sources send it, and as nobody should."""

from __future__ import annotations

import json
import math
import time
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.http.exact_json import JsonError, check_size, read_json

unhurried = settings(deadline=None)


def test_decimals_are_exact() -> None:
    """Money keeps its trailing zero and all its digits."""
    assert repr(read_json(b"[1.10, 12345678901234567.89, 1e2]")) == (
        "[Decimal('1.10'), Decimal('12345678901234567.89'), Decimal('1E+2')]"
    )


def test_whole_numbers_are_exact() -> None:
    """Beyond 64 bits too."""
    assert read_json(b"[0, -7, 123456789012345678901234567890]") == [0, -7, 123456789012345678901234567890]


@pytest.mark.parametrize("number", ["9" * 5000, "1." + "0" * 200, "1e999", "-1e-999", "1e99999999999999999999"])
def test_an_absurd_number_costs_itself_only(number: str) -> None:
    """It becomes NaN, which no record takes, and its neighbours stay."""
    value, other = read_json(f"[{number}, 1]".encode())
    assert math.isnan(value)
    assert other == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[1,]",
        b"{'a': 1}",
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b'["\xff"]',
        b"[1] [2]",
        b"\xff\xfe[",
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    """With a text that holds nothing of it."""
    with pytest.raises(JsonError, match=r"^the body is not JSON in UTF-8$"):
        read_json(body)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_depth_does_not_crash_the_reader(body: bytes) -> None:
    """Nor does it stall it."""
    with pytest.raises(JsonError, match="nested too deeply"):
        read_json(body)


def test_a_byte_order_mark_is_passed_over() -> None:
    """RFC 8259, section 8.1: a reader may ignore it, and some servers send it."""
    assert read_json(b"\xef\xbb\xbf[1]") == [1]


def test_the_last_of_two_members_of_one_name_counts() -> None:
    """Here, for every reader of the record alike."""
    assert read_json(b'{"id": "1", "id": "2"}') == {"id": "2"}


@unhurried
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """No other exception."""
    with suppress(JsonError):
        read_json(body)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@unhurried
@given(values)
def test_what_was_written_is_what_is_read(value: object) -> None:
    """For everything but floats, which become decimals."""
    assert read_json(json.dumps(value).encode()) == value


@unhurried
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_any_amount_is_read_exactly(amount: Decimal) -> None:
    """As the digits stand."""
    assert str(read_json(f"{amount:f}".encode())) == f"{amount:f}"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
@pytest.mark.parametrize("text", [b"1", b'"]]}}[[{{\\"]"', b'"' + b"[" * 200 + b'"'])
def test_a_body_may_be_nested_to_the_bound(opening: bytes, closing: bytes, text: bytes) -> None:
    """64 lists and objects within one another are read, one more is refused; brackets in texts are none."""
    times = 64 // (opening.count(b"[") + opening.count(b"{"))
    fits = opening * times + b",".join([text] * 100) + closing * times if opening == b"[" else None
    fits = fits or opening * times + text + closing * times
    assert read_json(fits)
    with pytest.raises(JsonError, match="nested too deeply"):
        read_json(b"[" + fits + b"]")


def test_a_wide_body_is_not_a_deep_one() -> None:
    """Any number of lists and objects stand side by side, with brackets in their texts that have no pair."""
    wide = [{"a": [[], {}], "b": "]}["} for _ in range(5_000)]
    assert read_json(json.dumps(wide).encode()) == wide


def test_a_body_of_very_many_values_is_refused_unread() -> None:
    """What becomes far larger in memory than it is on the wire is not read; as long a body of texts is."""
    with pytest.raises(JsonError, match="too many values"):
        read_json(b"[" + b"[]," * 130_000 + b"1]")
    with pytest.raises(JsonError, match="too many values"):
        read_json(b"[" + b"1," * 260_000 + b"1]")
    assert len(read_json(b"[" + b"1," * 240_000 + b"1]")) == 240_001
    assert read_json(b'["' + b"a" * 1_000_000 + b'"]')


@pytest.mark.parametrize("end", [b"", b"\\", b'"'], ids=["open", "escape", "closed"])
def test_a_text_of_quotes_that_nothing_ends_takes_no_longer_than_another(end: bytes) -> None:
    """Looked at from each quote anew it would take minutes of the event loop: time grew with the square of 2 MB."""
    body = b"[" * 200 + b'"' + b'\\"' * 1_000_000 + end
    began = time.process_time()
    with pytest.raises(JsonError, match="nested too deeply"):
        check_size(body)
    assert time.process_time() - began < 5
