from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from gateway.bodies import read_body, refuse_body
from gateway.headers import Headers, read_headers
from gateway.refusals import NotTakenError, RequestCode

JSON = {b"content-type": b"application/json"}


async def read(chunks: Iterable[bytes | None], headers: Headers, limit: int = 10) -> bytes:
    """Read a body that comes in chunks; None stands for a client that goes away."""
    waiting = [*chunks]

    async def receive() -> dict[str, Any]:
        chunk = waiting.pop(0)
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    return await read_body(receive, headers, limit)


async def test_a_body_is_put_together_from_its_chunks() -> None:
    """A body may come in any number of parts, up to the limit."""
    assert await read([b"12345", b"", b"67890"], JSON) == b"1234567890"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"', "application/json;x=1"],
)
async def test_json_in_utf_8_is_taken(content_type: str) -> None:
    """The content type is compared without case, and its charset may be written in every way."""
    assert await read([b"{}"], {b"content-type": content_type.encode()}) == b"{}"


@pytest.mark.parametrize(
    ("chunks", "headers"),
    [
        ([b"x" * 11], JSON),
        ([b"x" * 6, b"x" * 5, None], JSON),
        ([None], JSON | {b"content-length": b"11"}),
        ([None], JSON | {b"content-length": b"9" * 400}),
    ],
)
async def test_a_body_over_the_limit_is_refused_as_soon_as_that_is_known(
    chunks: list[bytes | None], headers: Headers
) -> None:
    """A declared length is believed when it is too large; without one the bytes are counted."""
    with pytest.raises(NotTakenError) as caught:
        await read(chunks, headers)
    assert (caught.value.status, caught.value.code) == (413, RequestCode.BODY_TOO_LARGE)
    assert caught.value.message == "The body is larger than 10 bytes. Send less."
    assert caught.value.headers == {"Connection": "close"}


@pytest.mark.parametrize("length", ["-5", "+5", "0x5", "5.0", "1e1", "5, 5", "\u00b9", "²", " ", "five"])
async def test_a_declared_length_that_is_no_number_is_refused(length: str) -> None:
    """Two servers in a row that read it in two ways would not agree on where a request ends."""
    with pytest.raises(NotTakenError) as caught:
        await read([], JSON | {b"content-length": length.encode("latin-1", "replace")})
    assert (caught.value.status, caught.value.code) == (400, RequestCode.BAD_REQUEST)
    assert caught.value.message.startswith("The Content-Length is no number of bytes.")
    assert caught.value.headers == {"Connection": "close"}


async def test_two_declared_lengths_are_refused() -> None:
    """Also when they are equal."""
    raw = [(b"content-type", b"application/json"), (b"content-length", b"2"), (b"content-length", b"2")]
    with pytest.raises(NotTakenError, match="400 BAD_REQUEST: The Content-Length"):
        await read([], read_headers(raw))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"content-type": b"text/plain"},
        {b"content-type": b"application/graphql"},
        {b"content-type": b"application/x-www-form-urlencoded"},
        {b"content-type": b"application/json; charset=latin-1"},
        {b"content-type": b"application/json; charset=utf-8; charset=utf-16"},
        {b"content-type": b"application/json, application/json"},
        {b"content-type": b"application/json; charset=\x00"},
        {b"content-type": b";" * 10_000},
        JSON | {b"content-encoding": b"gzip"},
        JSON | {b"content-encoding": b"identity, br"},
    ],
)
async def test_a_body_that_is_not_plain_json_is_not_read(headers: Headers) -> None:
    """Another content type, charset or a compression is 415 before a byte is read."""
    with pytest.raises(NotTakenError) as caught:
        await read([], headers)
    assert (caught.value.status, caught.value.code) == (415, RequestCode.UNSUPPORTED_MEDIA_TYPE)


async def test_an_explicit_identity_encoding_is_no_compression() -> None:
    """`Content-Encoding: identity` says that nothing was done."""
    assert await read([b"{}"], JSON | {b"content-encoding": b"Identity"}) == b"{}"


async def test_a_client_that_goes_away_in_the_middle_has_closed_its_request() -> None:
    """Half a body is never parsed."""
    with pytest.raises(NotTakenError) as caught:
        await read([b'{"qu', None], JSON)
    assert (caught.value.status, caught.value.code) == (499, RequestCode.CLIENT_CLOSED_REQUEST)


async def test_waiting_for_a_body_can_be_cancelled() -> None:
    """Nothing is swallowed on the way."""

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read_body(never, JSON, 10), 0.01)


async def test_two_content_types_are_none() -> None:
    """Which one counts would be a guess."""
    raw = [(b"content-type", b"application/json"), (b"content-type", b"text/plain")]
    with pytest.raises(NotTakenError, match="415 UNSUPPORTED_MEDIA_TYPE"):
        await read([], read_headers(raw))


@pytest.mark.parametrize("headers", [{}, {b"content-length": b"0"}, JSON])
def test_a_get_without_a_body_is_taken(headers: Headers) -> None:
    """A content type alone is no body: clients send it to be asked about first."""
    refuse_body(headers)


@pytest.mark.parametrize(
    "headers", [{b"content-length": b"1"}, {b"content-length": b"x"}, {b"transfer-encoding": b"chunked"}]
)
def test_a_get_with_a_body_is_refused(headers: Headers) -> None:
    """What it says would count for some and not for others on the way."""
    with pytest.raises(NotTakenError, match="400 BAD_REQUEST: A GET has no body"):
        refuse_body(headers)
