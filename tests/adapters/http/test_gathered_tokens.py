"""Callers' own tokens, at once, through gather, onto a real socket: each caller has the answer of its own token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Found, Key, Page
from adapters.gathering import Gather
from adapters.http import HttpAdapter, HttpOffer, InQuery
from adapters.records import Record
from schema.deadline import Deadline
from tests.adapters.raw_server import Request, json_answer, serving

CALLERS = 20


class Thing(Record):
    name: str | None


MANY = HttpOffer(name="many", serves="Thing", record=Thing, key="id", path="/things", keys=InQuery("ids"))
ONE = HttpOffer(name="one", serves="Thing", record=Thing, key="id", path="/things/{key}")


async def by_token(request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer with the token itself, a little later, so that all are under way together."""
    await asyncio.sleep(0.01)
    keys = request.target.rpartition("ids=")[2] if "ids=" in request.target else request.target.rpartition("/")[2]
    things = [{"id": key, "name": request.header("Authorization")} for key in keys.split(",")]
    writer.write(json_answer(json.dumps(things if "ids=" in request.target else things[0]).encode()))


def name_of(answer: object) -> object:
    assert isinstance(answer, Found)
    assert not isinstance(answer.record, Page)
    return answer.record["name"]


@pytest.mark.parametrize("offer", [MANY, ONE], ids=lambda offer: offer.name)
@pytest.mark.parametrize("key_of", [lambda n: "7", lambda n: str(n)], ids=["one id", "twenty ids"])
async def test_twenty_callers_are_twenty_calls_with_twenty_tokens(
    offer: HttpOffer, key_of: Callable[[int], Key]
) -> None:
    """A call shared by two of them would answer one with what only the other may see."""
    async with serving(by_token) as server:
        adapter = HttpAdapter("crm", server.url, [offer], forward_credential=True)
        gather = Gather(adapter)
        asks = [
            gather.ask(Batch(offer, ("name",), (key_of(n),)), Call(Deadline.after(10), "dpv:X", f"token-{n}"))
            for n in range(CALLERS)
        ]
        gathered = await asyncio.gather(*asks)
        await gather.aclose()
        await adapter.aclose()
    wanted = [f"Bearer token-{n}" for n in range(CALLERS)]
    assert [name_of(one.answers[key_of(n)]) for n, one in enumerate(gathered)] == wanted
    assert sorted(str(request.header("Authorization")) for request in server.requests) == sorted(wanted)
