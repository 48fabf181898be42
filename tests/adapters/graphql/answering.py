"""A GraphQL source that gives the answers that a test writes, and what the adapter makes of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import respx

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Facts, Found, Page, SourceError
from adapters.graphql import ByIds, GraphQLAdapter, GraphQLOffer
from schema.deadline import Deadline
from schema.observer import Event, Sent
from schema.reasons import Reason
from tests.adapters.graphql.shop import FACTS, facts_offer, shop_adapter

__all__ = [
    "ALIASES",
    "IDS",
    "IN_ORDER",
    "URL",
    "Heard",
    "adapter",
    "answered",
    "error",
    "facts",
    "fetch",
    "found",
    "items",
    "reason",
]

URL = "https://shop.example/graphql"


class Heard:
    def __init__(self) -> None:
        self.calls: list[Sent] = []

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            self.calls.append(event)


@asynccontextmanager
async def adapter(offer: GraphQLOffer, url: str = URL, **settings: Any) -> AsyncIterator[GraphQLAdapter]:
    opened = shop_adapter(url, offer, **settings)
    try:
        yield opened
    finally:
        await opened.aclose()


async def fetch(
    asked: GraphQLAdapter,
    offer: GraphQLOffer,
    *keys: str,
    fields: Sequence[str] | None = None,
    part: Slice | None = None,
    **said: Any,
) -> Mapping[str, Answer]:
    wanted = fields or (("number",) if offer.is_list else ("segment",))
    call = Call(Deadline.after(5), "dpv:ServiceProvision", **said)
    return await asked.fetch(Batch(offer, tuple(sorted(wanted)), keys, (), part), call)


async def answered(
    body: object,
    offer: GraphQLOffer,
    *keys: str,
    status: int = 200,
    content_type: str = "application/json",
    **more: Any,
) -> Mapping[str, Answer]:
    """Return the answers of the keys when the source answers with this body."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with respx.mock(using="httpx") as router:
        router.post(URL).respond(status, content=content, headers={"Content-Type": content_type})
        async with adapter(offer) as asked:
            return await fetch(asked, offer, *keys, **more)


def facts(answer: Answer) -> Facts:
    assert isinstance(answer, Found), answer
    assert isinstance(answer.record, Mapping)
    return answer.record


def items(answer: Answer) -> Sequence[Facts]:
    assert isinstance(answer, Found), answer
    assert isinstance(answer.record, Page)
    return answer.record.items


def reason(answer: Answer) -> Reason:
    assert isinstance(answer, SourceError), answer
    return answer.reason


def found(key: str, **more: object) -> dict[str, object]:
    return {"id": key, "segment": f"of {key}"} | more


def error(*path: object, code: str | None = None, **more: object) -> dict[str, object]:
    said: dict[str, object] = {"message": "user svc_shop at db-07.internal"} | more
    return said | ({"path": list(path)} if path else {}) | ({"extensions": {"code": code}} if code else {})


IDS, ALIASES = FACTS["ids"], FACTS["aliases"]
IN_ORDER = facts_offer("in order", keys=ByIds("nodes", on="Customer", in_order=True))
