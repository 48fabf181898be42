from __future__ import annotations

from gateway.accept import MediaType
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import Reply, complete, raw_headers, refusal
from tests.gateway.greenhouse import ALWAYS


def told(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    assert len({name for name, _ in headers}) == len(headers)
    return {name.decode(): value.decode() for name, value in headers}


def test_every_reply_has_the_headers_of_every_answer() -> None:
    """Beside its type, its length and its request's id."""
    wanted = {"content-type": "application/json; charset=utf-8", "content-length": "2", "x-request-id": "id", **ALWAYS}
    assert told(raw_headers(Reply(200, b"{}"), "id")) == wanted
    more = Reply(405, b"{}", MediaType.RESPONSE, {"Allow": "GET"})
    wanted |= {"allow": "GET", "content-type": "application/graphql-response+json; charset=utf-8"}
    assert told(raw_headers(more, "id")) == wanted


def test_a_reply_without_content_says_nothing_of_one() -> None:
    """RFC 9110, 8.6: no length with 204."""
    assert told(raw_headers(Reply(204, b""), "id")) == {"x-request-id": "id", **ALWAYS}


def test_what_an_answer_says_itself_stays() -> None:
    """A page has a policy of its own, and may be kept for a while."""
    own = [(b"Content-Security-Policy", b"script-src 'self'"), (b"cache-control", b"max-age=60")]
    headers = told(complete(own, "id"))
    assert headers["Content-Security-Policy"] == "script-src 'self'"
    assert "content-security-policy" not in headers
    assert headers["cache-control"] == "max-age=60"
    assert headers["x-frame-options"] == "DENY"


def test_a_reply_prints_no_body() -> None:
    """A log may hold its repr."""
    reply = refusal(NotTakenError(400, RequestCode.BAD_REQUEST, "No."))
    assert "No." not in repr(reply)
    assert reply.all_headers == {"Content-Type": "application/json; charset=utf-8"}
