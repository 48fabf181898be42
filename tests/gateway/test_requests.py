from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.refusals import NotTakenError, RequestCode
from gateway.requests import parse_parameters, parse_request, refuse_parameters
from resolvers import Request
from schema.views import ReceiptDetail


def refused(body: bytes) -> str:
    """The text of the refusal of a body."""
    with pytest.raises(NotTakenError) as caught:
        parse_request(body)
    assert (caught.value.status, caught.value.code) == (400, RequestCode.BAD_REQUEST)
    return caught.value.message


def status_of(read: Callable[[], object]) -> int | None:
    """The status of a refusal; None when there is none."""
    try:
        read()
    except NotTakenError as error:
        return error.status
    return None


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


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"query":"{a}","query":"{b}"}', "query"),
        (b'{"query":"{a}","\\u0071uery":"{b}"}', "query"),
        (b'{"\\u0071\\u0075ery":"{a}","query":"{b}"}', "query"),
        (b'{"query":"{a}","variables":{},"variables":null}', "variables"),
        (b'{"operationName":"A","query":"{a}","operationN\\u0061me":"B"}', "operationName"),
        (b'{"extensions":{},"query":"{a}" , "extensions" : {}}', "extensions"),
    ],
)
def test_a_member_that_stands_twice_is_refused(body: bytes, name: str) -> None:
    """However it is spelt: who checks the one and who executes the other must never be two readers of one body."""
    assert refused(body).startswith(f"The member {name!r} stands more than once. Send a JSON object such as")


@pytest.mark.parametrize(
    "body",
    [
        b'{"query":"{a}","variables":{"query":"x","variables":{"query":1,"query":2}}}',
        b'{"query":"{a}","variables":{"x":"\\u0071uery"}}',
        b'{"query":"{a}","variables":{"x":["query","variables","query"]}}',
        b'{"query":"{a}","more":1,"more":2}',
        b'{"query":"{a}","variables":{"x":"\\"query\\" \\"query\\""}}',
        b'{"query":"{a}","variables":{"x":' + b"1" * 300 + b',"y":"\\u0000"}}',
    ],
)
def test_the_same_word_elsewhere_is_no_second_member(body: bytes) -> None:
    """In variables, in values, in members that are passed over: only what would be read counts."""
    assert parse_request(body).query == "{a}"


def test_the_slow_look_for_second_members_has_its_end() -> None:
    """Where an escape makes it needed, a body nested nearly as deep as JSON may be is refused, and nothing worse."""
    deep = b'{"query":"{a}","variables":{"x":' + b"[" * 1000 + b"]" * 1000 + b',"y":"\\u0061"}}'
    assert refused(deep).startswith("The body is not JSON in UTF-8, or nested too deeply.")


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


def refused_url(query_string: bytes, status: int = 400) -> str:
    """The text of the refusal of a URL's parameters."""
    with pytest.raises(NotTakenError) as caught:
        parse_parameters(query_string)
    assert caught.value.status == status
    return caught.value.message


@pytest.mark.parametrize(
    ("query_string", "request_"),
    [
        (b"query=%7Ba%7D", Request("{a}")),
        (b"query={a}", Request("{a}")),
        (b"query=query+A%7Ba%7D&operationName=A", Request("query A{a}", "A")),
        (b"query={a}&variables=%7B%22x%22:%5B1%5D%7D", Request("{a}", None, {"x": [1]})),
        (b"query={a}&extensions=%7B%22receipt%22:%22fields%22%7D", Request("{a}", receipt=ReceiptDetail.FIELDS)),
        (b"query={a}&operationName=&variables=&extensions=", Request("{a}")),
        (b"query={a}&variables=null&extensions=null", Request("{a}")),
        (b"query={a}&operationName=null", Request("{a}", "null")),
        (b"query={a}&utm_source=x&utm_source=y&more", Request("{a}")),
        (b"query=", Request("")),
        (b"query", Request("")),
        (b"query=%7Ba%7D%F0%9F%8F%83", Request("{a}\U0001f3c3")),
    ],
)
def test_a_request_is_read_from_a_url(query_string: bytes, request_: Request) -> None:
    """As URLSearchParams writes it; an empty parameter says nothing, and one that is not known is passed over."""
    assert parse_parameters(query_string) == request_


@pytest.mark.parametrize(
    ("query_string", "said"),
    [
        (b"", "The parameter 'query' is missing."),
        (b"Query={a}", "The parameter 'query' is missing."),
        (b"query={a}&query={a}", "The parameter 'query' stands more than once."),
        (b"query={a}&%71uery={b}", "The parameter 'query' stands more than once."),
        (b"query={a}&variables=&variables={}", "The parameter 'variables' stands more than once."),
        (b"query={a}&variables=x", "The parameter 'variables' is not JSON, or nested too deeply."),
        (b"query={a}&variables=%22x%22", "The parameter 'variables' is not an object."),
        (b"query={a}&variables=" + b"[" * 16_000, "The parameter 'variables' is not JSON, or nested too deeply."),
        (
            b"query={a}&variables={%22x%22:%22%5Cud800%22}",
            "The parameter 'variables' is not JSON, or nested too deeply.",
        ),
        (b"query={a}&extensions=[]", "The parameter 'extensions' is not an object."),
        (b"query={a}&extensions={%22receipt%22:1}", "The extension 'receipt' is not one of none, sources, fields."),
        (b"query=%FF", "The URL's parameters are not UTF-8, or more than 32."),
        (b"query=%ED%A0%80", "The URL's parameters are not UTF-8, or more than 32."),
        (b"query=\xc3\xa4", "The URL's parameters are not UTF-8, or more than 32."),
        (b"query={a}" + b"&x=1" * 32, "The URL's parameters are not UTF-8, or more than 32."),
    ],
)
def test_a_url_that_holds_no_request_is_refused(query_string: bytes, said: str) -> None:
    """The parameter is named, its value is not repeated, and the text says how to send it."""
    assert refused_url(query_string).startswith(f"{said} Send ?query=...")


def test_a_url_that_is_too_long_is_refused_with_its_own_status() -> None:
    """414: a body may be longer."""
    assert refused_url(b"query=" + b"a" * 16_379, 414).endswith("longer than 16384 bytes. Send the request by POST.")
    assert parse_parameters(b"query=" + b"a" * 16_378).query == "a" * 16_378


@pytest.mark.parametrize("query_string", [b"query={a}", b"x=1&%76ariables=", b"extensions={}", b"operationName=A"])
def test_a_body_is_the_only_place_for_a_request_by_post(query_string: bytes) -> None:
    """One in the URL beside it is refused, whichever would have counted."""
    with pytest.raises(NotTakenError, match="400 BAD_REQUEST: The URL has parameters of GraphQL"):
        refuse_parameters(query_string)


@pytest.mark.parametrize("query_string", [b"", b"trace=1", b"Query=1", b"myquery=1"])
def test_other_parameters_beside_a_body_say_nothing(query_string: bytes) -> None:
    """They are not GraphQL's."""
    refuse_parameters(query_string)


@given(st.binary(max_size=200))
def test_any_bytes_in_a_url_are_read_or_refused_with_400(query_string: bytes) -> None:
    """Whatever bytes come, there is a request or a refusal, and no other exception."""
    assert status_of(lambda: parse_parameters(b"query=" + query_string)) in (None, 400)
    assert status_of(lambda: refuse_parameters(query_string)) in (None, 400)
