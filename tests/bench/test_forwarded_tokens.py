"""Callers' own tokens, forwarded to a source, through the gateway that is measured beside others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from gateway.service import Service
from resolvers import Request
from schema.caller import Caller
from schema.deadline import Deadline
from tests.bench.product.declared import VIEW
from tests.bench.product.plain import PLAIN

CALLERS = 20
QUERY = "query ($id: ID!) { customer(by: {crm: $id}) { account { accountNumber balance } } }"


class Billing:
    """A source that shows to each token what only that token may see, and notes who asked."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "")
        self.tokens.append(token)
        await asyncio.sleep(0.05)  # long enough that all callers ask while the first one waits
        keys = request.query["customer_ids"].split(",")
        rows = [{"customerId": int(key), "accountNumber": f"{key} for {token}", "balance": 1.5} for key in keys]
        return web.json_response(rows)


@asynccontextmanager
async def served(billing: Billing) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/billing/accounts", billing.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("product")
    PLAIN.write_view(made)
    PLAIN.load(made, range(1, CALLERS + 1))
    return made


@asynccontextmanager
async def opened(folder: Path, url: str) -> AsyncIterator[Service]:
    async with PLAIN.gateway(url, folder, forward_credential=True).running() as service:
        yield service


async def ask(service: Service, credential: str, key: int) -> str:
    """Ask as a caller with a token of its own, and return the account number that it is shown."""
    caller = Caller("bench", frozenset({VIEW}), credential=credential)
    request = Request(QUERY, None, {"id": str(key)})
    answer = await service.engine.answer(service.views[0], request, caller, Deadline.after(10.0))
    assert "errors" not in answer
    number: str = answer["data"]["customer"]["account"]["accountNumber"]
    return number


@pytest.mark.parametrize("keys", [[7] * CALLERS, range(1, CALLERS + 1)], ids=["one customer", "twenty customers"])
async def test_each_callers_token_is_sent_for_that_caller_alone(folder: Path, keys: Sequence[int]) -> None:
    """Twenty callers that ask at once come to twenty calls with twenty tokens, and each is shown its own answer."""
    billing = Billing()
    async with served(billing) as url, opened(folder, url) as service:
        callers = [f"caller-{place}" for place in range(CALLERS)]
        asked = (ask(service, caller, key) for caller, key in zip(callers, keys, strict=True))
        numbers = await asyncio.gather(*asked)
    assert sorted(billing.tokens) == sorted(f"Bearer {caller}" for caller in callers)
    assert numbers == [f"{key} for Bearer {caller}" for caller, key in zip(callers, keys, strict=True)]


async def test_without_a_token_to_forward_the_source_is_not_asked(folder: Path) -> None:
    """Another caller's token is not lent, and the gateway has none of its own."""
    billing = Billing()
    async with served(billing) as url, opened(folder, url) as service:
        caller = Caller("bench", frozenset({VIEW}))
        request = Request(QUERY, None, {"id": "7"})
        answer = await service.engine.answer(service.views[0], request, caller, Deadline.after(10.0))
    assert answer["data"] == {"customer": {"account": None}}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"SOURCE_AUTH"}
    assert billing.tokens == []
