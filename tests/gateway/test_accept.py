from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accept import MediaType, wanted_media_type
from gateway.headers import read_headers
from gateway.refusals import NotTakenError, RequestCode


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
    assert wanted_media_type({} if accept is None else {b"accept": accept.encode()}) is wanted


def test_several_accept_headers_count_as_one() -> None:
    """A list header may come in parts."""
    raw = [(b"accept", b"text/html"), (b"accept", b"application/graphql-response+json")]
    assert wanted_media_type(read_headers(raw)) is MediaType.RESPONSE


@pytest.mark.parametrize(
    "accept", ["text/html", "*/*;q=0", "application/json;q=0", "application/json;q=nan", "application/json;q=-1", "x"]
)
def test_a_client_that_accepts_neither_media_type_is_told_them(accept: str) -> None:
    """406 names what there is; a quality that is no number counts as none."""
    with pytest.raises(NotTakenError) as caught:
        wanted_media_type({b"accept": accept.encode()})
    assert (caught.value.status, caught.value.code) == (406, RequestCode.NOT_ACCEPTABLE)
    assert "application/graphql-response+json, application/json" in caught.value.message


@given(st.text(max_size=60))
def test_any_accept_header_gives_a_media_type_or_406(accept: str) -> None:
    """Whatever is accepted, there is an answer to it."""
    headers = {b"accept": accept.encode("latin-1", "replace")}
    try:
        assert wanted_media_type(headers) in MediaType
    except NotTakenError as error:
        assert error.status == 406  # noqa: PT017
