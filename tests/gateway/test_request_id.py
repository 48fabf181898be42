from __future__ import annotations

import logging
import re
from hashlib import sha256

import pytest

from gateway.headers import read_headers
from gateway.request_id import new_request_id, request_id
from gateway.telemetry.request_ids import LOGGED, as_logged
from tests.gateway.greenhouse import GARDENER, STRANGER, Greenhouse

LABEL = {"query": '{ plant(by: {id: "p1"}) { label } }'}
OWN = re.compile("[0-9a-f]{16}")


@pytest.mark.parametrize("given", ["a", "7", "a" * 64, "0af7651916cd43dd8448eb211c80319c", "A.b_c-9", "..."])
def test_an_id_of_safe_characters_is_kept(given: str) -> None:
    """So that a log of the caller's and one of ours can be laid side by side."""
    assert request_id({b"x-request-id": given.encode()}) == given


@pytest.mark.parametrize(
    "given",
    ["", "a" * 65, "a b", "a\n", "a\tb", "<b>", "a/b", "a,b", "a;b", "a=b", "ä", "%0a", "\x00", "\x1b[31m", "a:b"],
)
def test_any_other_id_is_replaced(given: str) -> None:
    """It goes into logs and headers, and who reads those is not asked twice."""
    assert OWN.fullmatch(request_id({b"x-request-id": given.encode("latin-1")}))


def test_two_ids_are_none() -> None:
    """Which one counts would be a guess."""
    raw = [(b"x-request-id", b"a"), (b"x-request-id", b"b")]
    assert OWN.fullmatch(request_id(read_headers(raw)))


def test_new_ids_differ() -> None:
    """62 random bits each. All have the form of an id, which the log shows whole."""
    ids = {new_request_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {as_logged(one) for one in ids} == ids


@pytest.mark.parametrize(
    "given",
    [
        "00f067aa0ba902b7",
        "0af7651916cd43dd8448eb211c80319c",
        "12345678-1234-1234-1234-123456789012",
        "9B2F7C1E-0000-4000-8000-000000000001",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "a" * 40,
        "a" * 64,
    ],
)
def test_what_has_the_form_of_an_id_stands_in_the_log_as_it_is(given: str) -> None:
    """UUID, ULID and digests: by it the caller's log and ours are laid side by side."""
    assert as_logged(given) == given
    assert LOGGED.fullmatch(given)


@pytest.mark.parametrize(
    "given",
    [
        *("anne.neumann", "ada", "C-000009", "4712345678901234", "be68539007547034", "ab12345678901234"),
        *("12345678901234ab", "DE89370400440532013000", "no9386011117947", "12345678901", "1" * 32, "0" * 26, "a" * 20),
    ],
)
def test_what_may_be_somebodys_is_in_the_log_by_its_digest(given: str) -> None:
    """Names, keys, cards, accounts and national numbers fit into the header; docs tell how the digest is found."""
    told = as_logged(given)
    assert told == f"sha256-{sha256(given.encode()).hexdigest()[:16]}"
    assert LOGGED.fullmatch(told)
    assert not LOGGED.fullmatch(given)


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [
        ("POST", "/views/watering/graphql", GARDENER),
        ("POST", "/views/watering/graphql", STRANGER),
        ("GET", "/views/watering/graphql", GARDENER),
        ("PUT", "/views/watering/graphql", GARDENER),
        ("OPTIONS", "/views/watering/graphql", GARDENER),
        ("POST", "/views/nowhere/graphql", GARDENER),
        ("POST", "/graphql", GARDENER),
        ("GET", "/views/watering/schema.graphql", GARDENER),
        ("GET", "/views/watering/schema.graphql", STRANGER),
        ("POST", "/views/watering/schema.graphql", GARDENER),
        ("GET", "/health/live", STRANGER),
        ("GET", "/health/ready", STRANGER),
        ("GET", "/nowhere", STRANGER),
    ],
)
async def test_every_answer_has_the_id_of_its_request(house: Greenhouse, method: str, path: str, token: str) -> None:
    """Of answers, of refusals, and of what is no GraphQL; a new one for each where none was given."""
    async with house.client(token) as client:
        given = await client.request(method, path, json=LABEL, headers={"x-request-id": "mine-7"})
        del client.headers["x-request-id"]
        new = [(await client.request(method, path, json=LABEL)).headers.get_list("x-request-id") for _ in range(2)]
    assert given.headers.get_list("x-request-id") == ["mine-7"]
    assert all(len(each) == 1 and OWN.fullmatch(each[0]) for each in new)
    assert new[0] != new[1]


@pytest.mark.parametrize("path", ["/views/watering/graphql", "/views/watering/schema.graphql"])
async def test_a_failure_inside_is_logged_with_the_id(
    house: Greenhouse, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By it an operator finds the line that belongs to what a caller was told."""

    def broken(*_: object) -> None:
        raise KeyError("ada@example.org")

    monkeypatch.setattr("resolvers.Reader.read", broken)
    monkeypatch.setattr("resolvers.Engine.schema_of", broken)
    async with house.client(**{"x-request-id": "mine-7"}) as client:
        response = await client.request("POST" if path.endswith("/graphql") else "GET", path, json=LABEL)
    assert (response.status_code, response.headers["x-request-id"]) == (500, "mine-7")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    digest = sha256(b"mine-7").hexdigest()[:16]
    assert record.getMessage().startswith(f"request sha256-{digest} failed: KeyError in broken (test_request_id.py:")
    assert "ada@" not in caplog.text
