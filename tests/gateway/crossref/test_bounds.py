from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.crossref import SecretError, SqliteCrossReference, StoreError
from gateway.alarms import Alarms
from tests.gateway.crossref.office import Office, code_of
from tests.gateway.greenhouse import ALWAYS

LINK = b'{"source": "crm", "key": "C-1"}'


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every operation have a tenth of a second."""
    set_alarm = Alarms.set
    monkeypatch.setattr(Alarms, "set", lambda alarms, _, late: set_alarm(alarms, 0.1, late))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"C-1",
        b"\xff\xfe{\x00}\x00",
        b'{"source": "crm", "key": "C-1", "key": "C-2"}',
        b'{"by": {"source": "crm", "key": "C-1", "k\\u0065y": "C-2"}}',
        b'{"confidence": NaN}',
        b'{"confidence": Infinity}',
        b'{"confidence": 1' + b"0" * 5000 + b"}",
        b"[" * 4000,
    ],
)
async def test_what_two_readers_could_read_differently_is_refused(desk: Office, body: bytes) -> None:
    """No JSON, a member twice, what is no number, and nesting without end."""
    refused = await desk.post("/links", body)
    assert (refused.status_code, code_of(refused)) == (400, "BAD_REQUEST")
    assert "C-1" not in refused.text


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'"C-1"', b"1", b'{"C-1": 1}', b'{"source": "crm", "key": "\\ud800"}']
)
async def test_json_that_is_no_such_request_is_refused(desk: Office, body: bytes) -> None:
    """Its place is told, and no name that the caller made up."""
    refused = await desk.post("/links", body)
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    assert "C-1" not in refused.text


async def test_a_body_is_plain_json_within_bounds(desk: Office) -> None:
    """As GraphQL has it: type, encoding and size."""
    for headers, status in (
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_encoding": "gzip"}, 415),
    ):
        assert (await desk.post("/links", LINK, **headers)).status_code == status
    refused = await desk.post("/links", LINK + b" " * 8192)
    assert (refused.status_code, code_of(refused)) == (413, "BODY_TOO_LARGE")


async def test_keys_do_not_stand_in_urls(desk: Office) -> None:
    """What is sent is sent in the body."""
    refused = await desk.post("/resolve?key=C-1", {"by": {"customer": "cus_1"}})
    assert (refused.status_code, code_of(refused)) == (400, "BAD_REQUEST")
    refused = await desk.get("/customers/anne@example.com/export", "officer")
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")


async def test_a_get_has_no_body(desk: Office) -> None:
    """Two servers in a row may not agree on where it ends."""
    async with desk.client() as client:
        response = await client.request("GET", "/crossref/changes", content=b"{}")
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")


async def test_a_body_that_comes_too_slowly_is_refused(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the time of the operation."""
    hurry(monkeypatch)

    async def dripping() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with desk.client() as client:
        response = await client.post(
            "/crossref/links", content=dripping(), headers={"content-type": "application/json"}
        )
    assert (response.status_code, code_of(response)) == (408, "REQUEST_TIMEOUT")


async def test_an_answer_that_comes_too_late_is_refused(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said how to learn what came of it."""
    hurry(monkeypatch)

    async def hangs(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(SqliteCrossReference, "unlink", hangs)
    refused = await desk.post("/links/unlink", LINK)
    assert (refused.status_code, code_of(refused)) == (504, "DEADLINE_EXCEEDED")
    assert "Idempotency-Key" in refused.json()["errors"][0]["message"]


@pytest.mark.parametrize("error", [StoreError("the disk is full"), SecretError("the secret is gone")])
async def test_a_cross_reference_that_fails_is_unavailable(
    desk: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """The reason is logged, and not told; what to do is."""

    async def broken(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(SqliteCrossReference, "unlink", broken)
    refused = await desk.post("/links/unlink", LINK)
    assert (refused.status_code, code_of(refused)) == (503, "UNAVAILABLE")
    assert str(error) in caplog.text
    assert str(error) not in refused.text
    assert "Idempotency-Key" in refused.json()["errors"][0]["message"]


async def test_a_failure_shows_nothing_of_the_inside(
    desk: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug is 500 with a constant text, and a log line without the exception's."""

    async def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("C-1")

    monkeypatch.setattr(SqliteCrossReference, "unlink", broken)
    refused = await desk.post("/links/unlink", LINK)
    assert (refused.status_code, code_of(refused)) == (500, "INTERNAL_ERROR")
    assert "C-1" not in refused.text + caplog.text


async def test_every_answer_has_the_headers_of_every_answer(desk: Office) -> None:
    """Good and bad, and the request's id."""
    for response in (
        await desk.post("/links", LINK),
        await desk.post("/links", b""),
        await desk.get("/changes"),
        await desk.get("/openapi.json"),
        await desk.get("/nowhere", None),
    ):
        assert ALWAYS.items() <= dict(response.headers).items()
        assert response.headers["x-request-id"] == "request-1"


async def test_no_repr_shows_a_key(desk: Office) -> None:
    """Of what was asked for, for it may be logged."""
    from gateway.crossref.requests import IdentifiersNoted, KeyLinked, KeyReplaced, ResolveAsked

    asked = (
        KeyLinked.model_validate({"source": "crm", "key": "C-1"}),
        KeyReplaced.model_validate({"source": "crm", "old": "C-1", "new": "C-1"}),
        ResolveAsked.model_validate({"by": {"source": "crm", "key": "C-1"}}),
        IdentifiersNoted.model_validate({"source": "crm", "identifiers": [{"type": "email", "value": "C-1"}]}),
    )
    assert "C-1" not in repr(asked)
