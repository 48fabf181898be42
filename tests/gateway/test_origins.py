"""Web pages that ask: what their browsers are told, and that a page which may not ask has nothing executed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.gateway.greenhouse import ALWAYS, DESK, FLORIST, GARDENER, INSPECTOR, SHOP, STRANGER, Greenhouse, code_of

LABEL = {"query": '{ plant(by: {id: "p1"}) { label } }'}
FEEDING = "/views/feeding/graphql"


def cors(response: httpx.Response) -> dict[str, str]:
    """The headers that speak to a browser about other origins."""
    return {name: one for name, one in response.headers.items() if name.startswith("access-control-")}


async def ask(
    house: Greenhouse,
    origin: str,
    *,
    token: str | None = FLORIST,
    path: str = FEEDING,
    body: Any = None,
    **headers: str,
) -> httpx.Response:
    """Ask as a page of this origin would."""
    async with house.client(token, origin=origin) as client:
        given = {name.replace("_", "-"): one for name, one in headers.items()}
        return await client.post(path, json=LABEL if body is None else body, headers=given)


async def preflight(house: Greenhouse, origin: str, path: str = FEEDING) -> httpx.Response:
    """Ask whether a page of this origin may ask: there is no token in it."""
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    async with house.client(None, origin=origin, **asked) as client:
        return await client.options(path)


@pytest.mark.parametrize("origin", [DESK, SHOP])
@pytest.mark.parametrize("path", ["/graphql", FEEDING, "/views/watering/graphql", "/views/nowhere/graphql"])
async def test_a_preflight_of_any_registered_origin_is_answered(house: Greenhouse, origin: str, path: str) -> None:
    """Without a token nobody knows whose page it is: alike for every path, and nothing is executed."""
    response = await preflight(house, origin, path)
    assert (response.status_code, response.content) == (204, b"")
    assert cors(response) == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "Accept, Authorization, Break-Glass, Content-Type, Customer-Verification, "
        "Prefer, X-Request-Id",
        "access-control-max-age": "600",
    }
    assert ALWAYS.items() <= dict(response.headers).items()
    assert not {"content-type", "content-length"} & set(response.headers)
    assert house.is_untouched


STRANGE = [
    "https://evil.example",
    "null",
    "*",
    "",
    DESK + "/",
    DESK + ":443",
    DESK + ".evil.example",
    DESK.upper(),
    "http://desk.example",
    "https://shop.example",
    f"{DESK}, {SHOP}",
    f"{DESK} {SHOP}",
    "//desk.example",
]


@pytest.mark.parametrize("origin", STRANGE)
async def test_a_preflight_of_any_other_origin_is_refused(house: Greenhouse, origin: str) -> None:
    """Compared to the letter; the refusal has no header that a browser would take for a yes."""
    response = await preflight(house, origin)
    assert (response.status_code, code_of(response)) == (403, "ORIGIN_NOT_ALLOWED")
    assert cors(response) == {}
    assert origin in ("", "*") or origin not in response.text
    assert house.is_untouched


async def test_options_that_no_page_asks_for_name_the_methods(house: Greenhouse) -> None:
    """With a token or without one."""
    for token in (None, GARDENER):
        async with house.client(token) as client:
            response = await client.options("/views/watering/graphql")
        assert (response.status_code, response.headers["allow"], cors(response)) == (204, "GET, POST, OPTIONS", {})
    assert house.is_untouched


async def test_a_page_of_the_consumers_origin_may_read_the_answer(house: Greenhouse) -> None:
    """The origin itself, no wildcard, no credentials mode, and `Vary` for what keeps answers."""
    response = await ask(house, SHOP)
    assert response.json() == {"data": {"plant": {"label": "Fern"}}}
    assert cors(response) == {
        "access-control-allow-origin": SHOP,
        "access-control-expose-headers": "Preference-Applied, Retry-After, X-Request-Id",
    }
    assert ALWAYS.items() <= dict(response.headers).items()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (FEEDING, {"query": "{"}, 200),
        (FEEDING, [], 400),
        (FEEDING, {"query": "x" * 5000}, 413),
        ("/views/nowhere/graphql", None, 404),
        ("/graphql", None, 200),
    ],
)
async def test_a_page_of_the_consumers_origin_may_read_refusals_too(
    house: Greenhouse, path: str, body: Any, status: int
) -> None:
    """Who does not learn what was wrong cannot mend it."""
    response = await ask(house, SHOP, path=path, body=body)
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (status, SHOP)


@pytest.mark.parametrize("origin", [DESK, *STRANGE])
async def test_a_page_of_another_origin_has_nothing_executed(house: Greenhouse, origin: str) -> None:
    """Also one that another consumer registered: 403 before anything is read, and nothing that a browser hands on."""
    response = await ask(house, origin)
    assert (response.status_code, code_of(response)) == (403, "ORIGIN_NOT_ALLOWED")
    assert cors(response) == {}
    assert house.is_untouched


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("token", "origin", "may"),
    [
        (FLORIST, SHOP, True),
        (INSPECTOR, DESK, True),
        (FLORIST, DESK, False),
        (INSPECTOR, SHOP, False),
        (GARDENER, SHOP, False),
        (GARDENER, DESK, False),
    ],
)
async def test_each_consumer_has_its_own_origins(
    house: Greenhouse, token: str, origin: str, may: bool, method: str
) -> None:
    """By either method; a consumer that registered none has none."""
    path = "/views/watering/graphql" if token == GARDENER else FEEDING
    sent = {"params": LABEL} if method == "GET" else {"json": LABEL}
    async with house.client(token, origin=origin) as client:
        response = await client.request(method, path, **sent)  # type: ignore[arg-type]
    assert response.status_code == (200 if may else 403)
    assert response.headers.get("access-control-allow-origin") == (origin if may else None)
    assert house.is_untouched is not may


async def test_two_origins_are_none(house: Greenhouse) -> None:
    """Which one counts would be a guess."""
    async with house.client(FLORIST) as client:
        for method in ("POST", "OPTIONS"):
            headers = [("origin", SHOP), ("origin", SHOP)]
            response = await client.request(method, FEEDING, json=LABEL, headers=headers)
            assert (response.status_code, code_of(response)) == (403, "ORIGIN_NOT_ALLOWED")
    assert house.is_untouched


@pytest.mark.parametrize("token", [None, STRANGER])
async def test_without_a_known_token_no_page_may_read_anything(house: Greenhouse, token: str | None) -> None:
    """401, also for a registered origin: it is not known whose page it is."""
    response = await ask(house, SHOP, token=token)
    assert (response.status_code, cors(response)) == (401, {})
    assert house.is_untouched


@pytest.mark.parametrize(
    ("origin", "headers", "is_own"),
    [
        ("http://greenhouse", {}, True),
        ("https://greenhouse", {}, True),
        ("https://public.example", {"sec_fetch_site": "same-origin"}, True),
        ("https://public.example", {"sec_fetch_site": "same-site"}, False),
        ("https://public.example", {"sec_fetch_site": "cross-site"}, False),
        ("https://greenhouse:8443", {}, False),
        ("https://greenhouse.evil.example", {}, False),
        ("null", {}, False),
    ],
)
async def test_a_page_of_the_gateway_itself_may_ask(
    house: Greenhouse, origin: str, headers: dict[str, str], is_own: bool
) -> None:
    """By its name, or where the browser says so: a proxy may have changed the name. It needs no header to read it."""
    response = await ask(house, origin, token=GARDENER, path="/views/watering/graphql", **headers)
    assert response.status_code == (200 if is_own else 403)
    assert cors(response) == {}


async def test_the_schema_is_for_no_page_of_another_origin(house: Greenhouse) -> None:
    """It is for tools; a page that may ask learns the schema by introspection."""
    async with house.client(origin=DESK) as client:
        response = await client.get("/views/watering/schema.graphql")
    assert (response.status_code, code_of(response), cors(response)) == (403, "ORIGIN_NOT_ALLOWED", {})
