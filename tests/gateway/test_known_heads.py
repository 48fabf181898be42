"""Heads that are known again: by all that counts of their bytes, and not for long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httptools
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from gateway.known_heads import COUNTED, KnownHeads
from gateway.shedding import Shedding
from tests.gateway.admission.test_shedding import crowd
from tests.gateway.greenhouse import GARDENER, Greenhouse

HEAD = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nUser-Agent: me\r\nAuthorization: Bearer t\r\n\r\n"
BODY = b"body"


class At:
    """The time."""

    now = 5.0

    def __call__(self) -> float:
        return self.now


class Read:
    """What the parser of the server makes of a request."""

    def __init__(self) -> None:
        self.told, self.headers, self.ended = list[object](), dict[bytes, list[bytes]](), 0

    def on_url(self, url: bytes) -> None:
        self.told.append(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() in COUNTED:
            self.headers.setdefault(name.lower(), []).append(value)

    def on_headers_complete(self) -> None:
        self.told += [self.parser.get_method(), self.parser.should_keep_alive(), self.parser.get_http_version()]

    def on_body(self, body: bytes) -> None:
        self.told.append(len(body))

    def on_message_complete(self) -> None:
        self.ended += 1

    def __call__(self, data: bytes) -> tuple[object, ...]:
        self.parser: Any = httptools.HttpRequestParser(self)
        self.parser.feed_data(data)
        return tuple(self.told), self.headers, self.ended


def known(head: bytes = HEAD, *, clock: At | None = None, length: int = len(BODY)) -> KnownHeads[str]:
    """Heads of which one is known, with its body."""
    heads = KnownHeads[str](clock or At())
    heads.remember(head + BODY, length, "known")
    return heads


def with_line(line: bytes) -> bytes:
    return HEAD.replace(b"Host: x\r\n", b"Host: x\r\n" + line)


@pytest.mark.parametrize(
    "same",
    [
        HEAD + b"else",
        HEAD.replace(b"User-Agent: me", b"User-Agent: somebody else") + BODY,
        HEAD.replace(b"User-Agent: me\r\n", b"") + BODY,
        with_line(b"Traceparent: 00-1-2-01\r\nx-forwarded-for:10.0.0.1\r\nCookie: a=b; c=d\r\n") + BODY,
    ],
)
def test_a_request_that_says_the_same_is_known(same: bytes) -> None:
    """Whatever its body says, and the headers by which nothing is decided here."""
    assert known().find(same) == ("known", None)


@pytest.mark.parametrize(
    "other",
    [
        HEAD + b"bod",
        HEAD + b"body1",
        HEAD + BODY + HEAD + BODY,
        HEAD,
        HEAD.replace(b"Bearer t", b"Bearer u") + BODY,
        HEAD.replace(b"/graphql", b"/views/a/graphql") + BODY,
        HEAD[:-2] + BODY,
        b"\r\n" + HEAD + BODY,
        b"",
        b"\r\n\r\n",
        BODY,
        *(with_line(name + b": 1\r\n") + BODY for name in COUNTED),
        *(
            with_line(line) + BODY
            for line in (b"A : b\r\n", b": b\r\n", b" b\r\n", b"A\r\n", b"A: \0\r\n", b"A: b\r c\r\n")
        ),
    ],
)
def test_whatever_differs_is_not_known(other: bytes) -> None:
    assert known().find(other) is None


def changed() -> st.SearchStrategy[bytes]:
    """A head that is nearly the known one."""
    places = st.integers(0, len(HEAD))
    pieces = st.binary(max_size=3) | st.sampled_from([b"\r\n", b"\n", b": ", b"\r\nA: b", b"\r\nHost: y", b"\r\n\r\n"])
    return st.builds(lambda at, to, piece: HEAD[:at] + piece + HEAD[max(at, to) :], places, places, pieces) | st.builds(
        lambda at, piece: HEAD[:at] + piece + HEAD[at + 1 :], places, pieces
    )


@settings(suppress_health_check=[HealthCheck.filter_too_much])  # most of what is nearly known is not known
@given(changed())
def test_what_is_known_is_read_in_the_same_way(head: bytes) -> None:
    """By the parser of the server: the same request, of which all that counts is the same, and nothing behind it."""
    assume(known().find(head + BODY) is not None)
    assert Read()(head + BODY) == Read()(HEAD + BODY)


IDS = st.from_regex(rb"[A-Za-z0-9_.-]{1,64}", fullmatch=True)
NAMES = st.sampled_from([b"X-Request-Id", b"x-request-id", b"X-REQUEST-ID"])


@given(NAMES, IDS, IDS)
def test_the_id_of_a_request_may_differ(name: bytes, first: bytes, second: bytes) -> None:
    """It is told, for it stands in the answer."""
    heads = known(with_line(b"%s: %s\r\n" % (name, first)))
    assert heads.find(with_line(b"%s: %s\r\n" % (name, second)) + BODY) == ("known", second)


@pytest.mark.parametrize("blanks", [b"", b"  ", b"\t", b" \t "])
def test_the_id_of_a_request_may_have_blanks_before_it(blanks: bytes) -> None:
    """They are none of it, as the parser of the server reads it; behind it they are."""
    first, second = (b"X-Request-Id:%s%s\r\n" % (blanks, one) for one in (b"one", b"two"))
    assert known(with_line(first)).find(with_line(second) + BODY) == ("known", b"two")
    behind = with_line(b"X-Request-Id: one \r\n")
    assert known(behind).find(behind + BODY) == ("known", None)


@given(st.binary(max_size=80))
@example(b"two words")
@example(b"a" * 65)
@example(b"")
@example(b"a\r\nX-Other: b")
@example(b"a\r\nAccept: b")
@example(b"a\r\n\r\n")
@example(b"a\r\n b")
def test_an_id_that_is_none_is_a_part_of_the_head_as_any(value: bytes) -> None:
    """Else it could hold other headers, or the end of them."""
    found = known(with_line(b"X-Request-Id: mine\r\n")).find(with_line(b"X-Request-Id: %s\r\n" % value) + BODY)
    line = value.partition(b"\r\nX-Other: b")[0]
    is_id = 0 < len(line) <= 64 and all(one < 128 and (chr(one).isalnum() or chr(one) in "_.-") for one in line)
    assert found == (("known", line) if is_id else ("known", None) if not value else None)


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(b"Host: x\r\n", b"Host: x\n"),
        HEAD.replace(b"Host: x\r\n", b"Host: x\n\n"),
        HEAD.replace(b"Host: x\r\n", b"Host: x\r"),
        b"\r\n" + HEAD,
        b"\n" + HEAD,
        b"\r\n\r\n" + HEAD,
        with_line(b"X-Request-Id: one\r\nX-Request-Id: two\r\n"),
        with_line(b"X-Request-Id: one\r\nx-request-id: no id\r\n"),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_remembered(head: bytes) -> None:
    assert known(head).find(head + BODY) is None


def test_one_whose_body_is_not_all_that_follows_is_not_remembered() -> None:
    assert known(length=5).find(HEAD + BODY) is None
    assert known(length=3).find(HEAD + b"bod") is None


def test_a_head_that_is_long_to_look_up_is_read() -> None:
    """Not looked at to its end: who sends it need not be known."""
    room = 8_192 - len(with_line(b"A: \r\n"))
    longest, longer = (with_line(b"A: %s\r\n" % (b"a" * count)) for count in (room, room + 1))
    assert known().find(longest + BODY) == known(longest).find(HEAD + BODY) == ("known", None)
    assert known().find(longer + BODY) is None
    assert known(longer).find(HEAD + BODY) is None


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


class Asked(dict[bytes, bytes]):
    """Headers, of which it is known which were asked for."""

    def __init__(self, given: Any) -> None:
        super().__init__(given)
        self.names = set[bytes]()

    def get(self, name: bytes, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)

    def __getitem__(self, name: bytes) -> bytes:
        self.names.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        assert isinstance(name, bytes)
        self.names.add(name)
        return super().__contains__(name)

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("one is asked for by its name")


async def test_whatever_a_refusal_depends_on_counts(house: Greenhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Shedding asks of the headers is a part of the digest."""
    seen = list[Asked]()

    def read(raw: Any) -> Asked:
        seen.append(Asked(raw))
        return seen[-1]

    monkeypatch.setattr("gateway.shedding.read_headers", read)
    shedding: Shedding = crowd(house)
    headers = [(b"authorization", f"Bearer {GARDENER}".encode()), (b"prefer", b"wait=1"), (b"content-length", b"2")]
    assert shedding(b"POST", b"/views/watering/graphql", headers) is not None
    assert seen[0].names
    assert seen[0].names <= {*COUNTED}
