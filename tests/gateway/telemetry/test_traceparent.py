"""What is read of a caller's `traceparent`, and what is decided by it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.telemetry.sampling import Sampler, Sampling
from gateway.telemetry.traceparent import Parent, read_traceparent, written

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
KNOWN = Parent(int(TRACE, 16), int(SPAN, 16), 1)
HEX = st.text("0123456789abcdef", min_size=32, max_size=32)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (f"00-{TRACE}-{SPAN}-01", KNOWN),
        (f"00-{TRACE}-{SPAN}-00", KNOWN._replace(flags=0)),
        (f"00-{TRACE}-{SPAN}-03", KNOWN._replace(flags=3)),
        (f"00-{TRACE}-{SPAN}-ff", KNOWN._replace(flags=3)),
        (f"01-{TRACE}-{SPAN}-01", KNOWN),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be", KNOWN),
    ],
)
def test_the_examples_of_the_specification_are_read(given: str, read: Parent) -> None:
    """Of a later version the known beginning counts; flags that are not known do not."""
    assert read_traceparent(given.encode()) == read


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01.",
        f"cc-{TRACE}-{SPAN}-01.what",
        f"cc-{TRACE}-{SPAN}-01-{'a' * 1_000}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-0x",
        "00-" + "\u0661" * 32 + f"-{SPAN}-01",
    ],
)
def test_anything_else_counts_as_none(given: str | None) -> None:
    """Wrong versions, lengths, letters and zeros, two headers, other digits: the trace begins here."""
    assert read_traceparent(None if given is None else given.encode()) is None


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=600))
def test_no_bytes_raise_anything(given: bytes) -> None:
    """Hostile bytes are none, or in the form."""
    read = read_traceparent(given)
    assert read is None or re.match(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", given)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 3))
def test_what_is_written_is_read_again(trace: int, span: int, flags: int) -> None:
    """Sources are told in the form that is wanted of callers."""
    assert read_traceparent(written(trace, span, flags).encode()) == Parent(trace, span, flags)


def test_a_ratio_takes_that_share_and_the_same_ones_everywhere() -> None:
    """By the lower half of the trace's id, as the SDK's own sampler: services that take more take these as well."""
    few = Sampling(Sampler(0.25, is_parent_based=False), per_second=2 * 10**6, clock=lambda: 0.0)
    many = Sampling(Sampler(0.5, is_parent_based=False), per_second=2 * 10**6, clock=lambda: 0.0)
    parents = [Parent((number * 2**64 // 1_000) | 7 << 64, 1, 1) for number in range(1_000)]
    taken = [parent for parent in parents if few.takes(parent, "a")]
    assert len(taken) == 250
    assert all(many.takes(parent, "a") for parent in taken)


@pytest.mark.parametrize(("ratio", "drawn", "is_taken"), [(0.0, 0, False), (0.5, 2**63 - 1, True), (0.5, 2**63, False)])
def test_without_a_parent_it_is_drawn(ratio: float, drawn: int, is_taken: bool) -> None:
    """A root is taken by chance."""
    sampling = Sampling(Sampler(ratio), per_second=1, clock=lambda: 0.0, chance=lambda _bits: drawn)
    assert sampling.takes(None, "a") is is_taken


def test_one_consumer_takes_half_of_a_second_and_no_more() -> None:
    """Whoever has every request recorded leaves room for the others."""
    now = [0.0]
    sampling = Sampling(Sampler(), per_second=5, clock=lambda: now[0])
    assert [sampling.takes(None, one) for one in "aaaabbbbcd"] == [True] * 3 + [False, True, True] + [False] * 4
    now[0] += 1
    assert sampling.takes(None, "a")
