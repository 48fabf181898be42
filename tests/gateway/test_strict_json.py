"""JSON that can be read in one way alone."""

from __future__ import annotations

import pytest

from gateway.strict_json import read_strictly


def test_json_is_read() -> None:
    """Of any kind."""
    assert read_strictly('{"a": [1, "ö", null, {"a": 1.5}]}'.encode()) == {"a": [1, "ö", None, {"a": 1.5}]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'"\xff"',
        b'{"a": 1, "a": 1}',
        b'[{"b": {"a": 1, "a": 2}}]',
        b"NaN",
        b"[-Infinity]",
        b"[1e999]",
        b"-1e999",
        b"[" * 100_000,
    ],
    ids=[
        "nothing",
        "torn",
        "not UTF-8",
        "twice",
        "twice inside",
        "NaN",
        "Infinity",
        "too large",
        "too small",
        "deep",
    ],
)
def test_what_two_readers_could_take_for_different_things_is_refused(content: bytes) -> None:
    """By one kind of error, however deep it is."""
    with pytest.raises(ValueError):
        read_strictly(content)
