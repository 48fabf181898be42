"""Heads that are known again: by all of their bytes, but for the ids of one request alone, and not for long."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.known_heads import KnownHeads

HEAD = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nAuthorization: Bearer t\r\n\r\n"
BODY = b"body"


class At:
    """The time."""

    now = 5.0

    def __call__(self) -> float:
        return self.now


def known(head: bytes = HEAD, *, clock: At | None = None, length: int = len(BODY)) -> KnownHeads[str]:
    """Heads of which one is known, with its body."""
    heads = KnownHeads[str](clock or At())
    heads.remember(head + BODY, length, "known")
    return heads


def with_id(line: bytes) -> bytes:
    return HEAD.replace(b"Host: x\r\n", b"Host: x\r\n" + line)


def test_a_request_with_the_same_head_is_known_whatever_its_body_says() -> None:
    assert known().find(HEAD + b"else") == ("known", None)


@pytest.mark.parametrize(
    "other",
    [
        HEAD + b"bod",
        HEAD + b"body1",
        HEAD + BODY + HEAD + BODY,
        HEAD,
        HEAD.replace(b"Bearer t", b"Bearer u") + BODY,
        HEAD.replace(b"/graphql", b"/views/a/graphql") + BODY,
        HEAD.replace(b"Host", b"host") + BODY,
        HEAD[:-2] + BODY,
        b"\r\n" + HEAD + BODY,
        b"",
        b"\r\n\r\n",
        BODY,
    ],
)
def test_whatever_differs_is_not_known(other: bytes) -> None:
    assert known().find(other) is None


@given(st.integers(0, len(HEAD) - 1), st.integers(0, 255))
def test_no_byte_of_a_head_may_differ(place: int, byte: int) -> None:
    other = HEAD[:place] + bytes([byte]) + HEAD[place + 1 :]
    assert (known().find(other + BODY) is not None) == (other == HEAD)


IDS = st.from_regex(rb"[A-Za-z0-9_.-]{1,64}", fullmatch=True)
NAMES = st.sampled_from([b"X-Request-Id", b"x-request-id", b"X-REQUEST-ID"])


@given(NAMES, IDS, IDS, IDS, IDS)
def test_the_ids_of_a_request_alone_may_differ(
    name: bytes, first: bytes, second: bytes, one: bytes, two: bytes
) -> None:
    """The id is told, for it stands in the answer."""
    heads = known(with_id(b"%s: %s\r\nTraceparent: %s\r\n" % (name, first, one)))
    again = with_id(b"%s: %s\r\nTraceparent: %s\r\n" % (name, second, two))
    assert heads.find(again + BODY) == ("known", second)


@given(st.binary(max_size=80))
@example(b"two words")
@example(b"a" * 65)
@example(b"")
@example(b"a\r\nX-Other: b")
@example(b"a\r\n\r\n")
@example(b"a\r\n b")
def test_an_id_that_is_none_is_a_part_of_the_head_as_any(value: bytes) -> None:
    """Else it could hold other headers, or the end of them."""
    found = known(with_id(b"X-Request-Id: mine\r\n")).find(with_id(b"X-Request-Id: %s\r\n" % value) + BODY)
    is_id = 0 < len(value) <= 64 and all(
        chr(one).isascii() and (chr(one).isalnum() or chr(one) in "_.-") for one in value
    )
    assert found == (("known", value) if is_id else ("known", None) if not value else None)


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(b"Host: x\r\n", b"Host: x\n"),
        HEAD.replace(b"Host: x\r\n", b"Host: x\n\n"),
        HEAD.replace(b"Host: x\r\n", b"Host: x\r"),
        b"\r\n" + HEAD,
        b"\n" + HEAD,
        b"\r\n\r\n" + HEAD,
        with_id(b"X-Request-Id: one\r\nX-Request-Id: two\r\n"),
        with_id(b"X-Request-Id: one\r\nx-request-id: no id\r\n"),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_remembered(head: bytes) -> None:
    assert known(head).find(head + BODY) is None


def test_one_whose_body_is_not_all_that_follows_is_not_remembered() -> None:
    assert known(length=5).find(HEAD + BODY) is None
    assert known(length=3).find(HEAD + b"bod") is None


def test_nothing_is_known_for_longer_than_a_second() -> None:
    """Also what was added later: a token that is taken back counts no longer than that."""
    clock = At()
    heads, other = known(clock=clock), HEAD.replace(b"Bearer t", b"Bearer u")
    clock.now += 0.9
    heads.remember(other + BODY, len(BODY), "other")
    assert heads.find(other + BODY) == ("other", None)
    clock.now += 0.2
    assert heads.find(HEAD + BODY) is None
    assert heads.find(other + BODY) is None
    heads.remember(other + BODY, len(BODY), "other")
    assert heads.find(HEAD + BODY) is None, "and it is not known again"


def test_not_more_than_a_thousand_are_kept_and_no_token() -> None:
    heads = KnownHeads[str](At())
    for number in range(2_500):
        heads.remember(HEAD.replace(b"Bearer t", b"Bearer %d" % number) + BODY, len(BODY), "known")
    assert len(heads._known) <= 1_000
    assert not any(b"Bearer" in one for one in heads._known)
