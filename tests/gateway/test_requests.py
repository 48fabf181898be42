from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from gateway.requests import BadRequestError, MediaType, RequestCode, parse_request, read_body, wanted_media_type
from resolvers import Request
from schema.views import ReceiptDetail

JSON = {"content-type": "application/json"}


async def read(chunks: Iterable[bytes | None], headers: dict[str, str], limit: int = 10) -> bytes:
    """Read a body that comes in chunks; None stands for a client that goes away."""
    waiting = [*chunks]

    async def receive() -> dict[str, Any]:
        chunk = waiting.pop(0)
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    return await read_body(receive, Headers(headers), limit)


def refused(body: bytes) -> str:
    """The text of the refusal of a body."""
    with pytest.raises(BadRequestError) as caught:
        parse_request(body)
    assert (caught.value.status, caught.value.code) == (400, RequestCode.BAD_REQUEST)
    return caught.value.message


def status_of(read: Callable[[], object]) -> int | None:
    """The status of a refusal; None when there is none."""
    try:
        read()
    except BadRequestError as error:
        return error.status
    return None


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, MediaType.JSON),
        ("", MediaType.JSON),
        ("*/*", MediaType.JSON),
        ("application/*", MediaType.JSON),
        ("application/json", MediaType.JSON),
        ("application/graphql-response+json", MediaType.RESPONSE),
        ("APPLICATION/GraphQL-Response+JSON; charset=utf-8", MediaType.RESPONSE),
        ("application/graphql-response+json, application/json;q=0.9", MediaType.RESPONSE),
        ("application/json;q=0.9, application/graphql-response+json", MediaType.RESPONSE),
        ("application/json, application/graphql-response+json", MediaType.JSON),
        ("application/graphql-response+json, application/json", MediaType.RESPONSE),
        ("text/html, */*;q=0.1", MediaType.JSON),
        ("application/json;q=0, */*", MediaType.RESPONSE),
        ("application/graphql-response+json;q=0.5, */*;q=0.1", MediaType.RESPONSE),
        (", ,application/json", MediaType.JSON),
    ],
)
def test_the_answer_has_the_accepted_media_type_that_the_client_prefers(accept: str | None, wanted: MediaType) -> None:
    """Accept is read as RFC 9110 says: by quality, and by the most exact entry; nothing said means plain JSON."""
    assert wanted_media_type(Headers({} if accept is None else {"accept": accept})) is wanted


def test_several_accept_headers_count_as_one() -> None:
    """A list header may come in parts."""
    raw = [(b"accept", b"text/html"), (b"accept", b"application/graphql-response+json")]
    assert wanted_media_type(Headers(raw=raw)) is MediaType.RESPONSE


@pytest.mark.parametrize(
    "accept", ["text/html", "*/*;q=0", "application/json;q=0", "application/json;q=nan", "application/json;q=-1", "x"]
)
def test_a_client_that_accepts_neither_media_type_is_told_them(accept: str) -> None:
    """406 names what there is; a quality that is no number counts as none."""
    with pytest.raises(BadRequestError) as caught:
        wanted_media_type(Headers({"accept": accept}))
    assert (caught.value.status, caught.value.code) == (406, RequestCode.NOT_ACCEPTABLE)
    assert "application/graphql-response+json, application/json" in caught.value.message


async def test_a_body_is_put_together_from_its_chunks() -> None:
    """A body may come in any number of parts, up to the limit."""
    assert await read([b"12345", b"", b"67890"], JSON) == b"1234567890"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"', "application/json;x=1"],
)
async def test_json_in_utf_8_is_taken(content_type: str) -> None:
    """The content type is compared without case, and its charset may be written in every way."""
    assert await read([b"{}"], {"content-type": content_type}) == b"{}"


@pytest.mark.parametrize(
    ("chunks", "headers"),
    [
        ([b"x" * 11], JSON),
        ([b"x" * 6, b"x" * 5, None], JSON),
        ([None], JSON | {"content-length": "11"}),
        ([None], JSON | {"content-length": "9" * 400}),
    ],
)
async def test_a_body_over_the_limit_is_refused_as_soon_as_that_is_known(
    chunks: list[bytes | None], headers: dict[str, str]
) -> None:
    """A declared length is believed when it is too large; without one the bytes are counted."""
    with pytest.raises(BadRequestError) as caught:
        await read(chunks, headers)
    assert (caught.value.status, caught.value.code) == (413, RequestCode.BODY_TOO_LARGE)
    assert caught.value.message == "The body is larger than 10 bytes. Send less."
    assert caught.value.headers == {"Connection": "close"}


async def test_a_declared_length_that_is_no_number_is_passed_over() -> None:
    """Whatever is declared, the bytes are counted."""
    assert await read([b"{}"], JSON | {"content-length": "-5"}) == b"{}"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/graphql"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=latin-1"},
        JSON | {"content-encoding": "gzip"},
        JSON | {"content-encoding": "identity, br"},
    ],
)
async def test_a_body_that_is_not_plain_json_is_not_read(headers: dict[str, str]) -> None:
    """Another content type, charset or a compression is 415 before a byte is read."""
    with pytest.raises(BadRequestError) as caught:
        await read([], headers)
    assert (caught.value.status, caught.value.code) == (415, RequestCode.UNSUPPORTED_MEDIA_TYPE)


async def test_an_explicit_identity_encoding_is_no_compression() -> None:
    """`Content-Encoding: identity` says that nothing was done."""
    assert await read([b"{}"], JSON | {"content-encoding": "Identity"}) == b"{}"


async def test_a_client_that_goes_away_in_the_middle_is_a_bad_request() -> None:
    """Half a body is never parsed."""
    with pytest.raises(BadRequestError) as caught:
        await read([b'{"qu', None], JSON)
    assert (caught.value.status, caught.value.code) == (400, RequestCode.BAD_REQUEST)


async def test_waiting_for_a_body_can_be_cancelled() -> None:
    """Nothing is swallowed on the way."""

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read_body(never, Headers(JSON), 10), 0.01)


def test_a_request_is_read_with_all_its_members() -> None:
    """Members that are not known are passed over, as the specification says."""
    body = {
        "query": "{a}",
        "operationName": "A",
        "variables": {"x": [1, {"y": None}]},
        "extensions": {"receipt": "fields", "persistedQuery": {}},
        "more": 1,
    }
    request = parse_request(orjson.dumps(body))
    assert request == Request("{a}", "A", {"x": [1, {"y": None}]}, ReceiptDetail.FIELDS)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"operationName": None, "variables": None, "extensions": None},
        {"operationName": "", "variables": {}, "extensions": {}},
        {"extensions": {"receipt": None}},
        {"extensions": {"receipt": "none"}},
    ],
)
def test_members_that_say_nothing_are_as_if_left_out(members: dict[str, Any]) -> None:
    """Null, empty and absent are alike for every member but the query."""
    assert parse_request(orjson.dumps({"query": "{a}", **members})) == Request("{a}")


@pytest.mark.parametrize("level", list(ReceiptDetail))
def test_a_receipt_is_asked_by_its_level(level: ReceiptDetail) -> None:
    """The extension takes exactly the three words."""
    assert parse_request(b'{"query":"{a}","extensions":{"receipt":"%s"}}' % level.encode()).receipt is level


@pytest.mark.parametrize("value", ["all", "FIELDS", "", 1, True, ["none"], {}])
def test_another_level_of_receipt_is_refused(value: Any) -> None:
    """A level that is not known is an error, not silence: the caller counts on the receipt."""
    message = refused(orjson.dumps({"query": "{a}", "extensions": {"receipt": value}}))
    assert message.startswith("The extension 'receipt' is not one of none, sources, fields.")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"query",
        b"{",
        b'{"query":"{a}"} {}',
        b'{"query":"\xff"}',
        b'\xef\xbb\xbf{"query":"{a}"}',
        '{"query":"{a}"}'.encode("utf-16"),
        b'{"query":"\\ud800"}',
        b'{"query":"{a}","variables":{"x":"\\udc00"}}',
        b'{"query":"{a}","variables":{"x":NaN}}',
        b'{"query":"{a}","variables":{"x":Infinity}}',
        b'{"query":"{a}","variables":{"x":1e400}}',
        b"[" * 100_000,
        b'{"query":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"query":"{a}","variables":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
)
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    """NaN, half characters, a byte order mark, other encodings and endless nesting are no JSON of ours."""
    assert refused(body).startswith("The body is not JSON in UTF-8, or nested too deeply. Send a JSON object such as")


@pytest.mark.parametrize("body", [b"null", b"[]", b'[{"query":"{a}"}]', b"1", b'"query"', b"true"])
def test_json_that_is_no_object_is_refused(body: bytes) -> None:
    """Batches, too: a request is one operation."""
    assert refused(body).startswith("The body is JSON, but not an object.")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "The member 'query' is missing."),
        ({"query": None}, "The member 'query' is not a string."),
        ({"query": 1}, "The member 'query' is not a string."),
        ({"query": ["{a}"]}, "The member 'query' is not a string."),
        ({"query": "{a}", "operationName": 1}, "The member 'operationName' is not a string."),
        ({"query": "{a}", "operationName": False}, "The member 'operationName' is not a string."),
        ({"query": "{a}", "variables": []}, "The member 'variables' is not an object."),
        ({"query": "{a}", "variables": "{}"}, "The member 'variables' is not an object."),
        ({"query": "{a}", "extensions": 0}, "The member 'extensions' is not an object."),
    ],
)
def test_a_member_of_another_type_is_named(members: dict[str, Any], said: str) -> None:
    """The member is named, and its value is not repeated."""
    assert refused(orjson.dumps(members)).startswith(said)


def test_of_two_members_of_one_name_the_last_counts() -> None:
    """RFC 8259 leaves it open; the one reading is the same for every member."""
    assert parse_request(b'{"query":"{a}","query":"{b}"}').query == "{b}"


def test_numbers_of_any_size_are_read() -> None:
    """A whole number over 64 bits becomes a float: the type it is for refuses what does not fit."""
    request = parse_request(b'{"query":"{a}","variables":{"x":123456789012345678901234567890,"y":-0.0,"z":1e308}}')
    assert request.variables == {"x": 1.2345678901234568e29, "y": 0.0, "z": 1e308}


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("query", "operationName", "variables", "extensions"), _JSON))
    | _JSON
)
def test_any_json_is_read_or_refused_with_400(body: Any) -> None:
    """Whatever JSON comes, there is a request or a refusal, and no other exception."""
    assert status_of(lambda: parse_request(orjson.dumps(body))) in (None, 400)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_400(body: bytes) -> None:
    """Whatever bytes come, there is a request or a refusal, and no other exception."""
    assert status_of(lambda: parse_request(body)) in (None, 400)


@given(st.text(max_size=60))
def test_any_accept_header_gives_a_media_type_or_406(accept: str) -> None:
    """Whatever is accepted, there is an answer to it."""
    headers = Headers(raw=[(b"accept", accept.encode("latin-1", "replace"))])
    assert status_of(lambda: wanted_media_type(headers)) in (None, 406)


def test_a_refusal_prints_what_a_log_may_hold() -> None:
    """Its own text holds status, code and message."""
    assert str(BadRequestError(400, RequestCode.BAD_REQUEST, "No.")) == "400 BAD_REQUEST: No."
