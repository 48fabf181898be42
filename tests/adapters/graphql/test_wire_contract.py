"""GraphQLAdapter keeps the contract of the wire: every kind of wrong answer, in its several ways of asking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.adapter import Adapter
from adapters.graphql import GraphQLOffer
from adapters.testing import HttpAnswer, HttpAsked, HttpUnderTest, HttpWireContract
from tests.adapters.graphql.shop import FACTS, LISTS, Shop, ShopUnderTest, shop_adapter


class ShopOnTheWire(ShopUnderTest, HttpUnderTest):
    """The source whose answers the kit sends."""

    offer: GraphQLOffer

    def __init__(self, offer: GraphQLOffer) -> None:
        super().__init__(shop_adapter("http://127.0.0.1:9/graphql", offer), Shop(), offer)

    def adapter_at(self, url: str) -> Adapter:
        return shop_adapter(f"{url}/graphql", self.offer)

    async def answer(self, asked: HttpAsked) -> HttpAnswer:
        return HttpAnswer(*await self.shop.answer(asked.body))


class OnTheWire(HttpWireContract):
    offer: GraphQLOffer

    @asynccontextmanager
    async def under_test(self) -> AsyncIterator[ShopOnTheWire]:
        yield ShopOnTheWire(self.offer)


class TestFactsByIds(OnTheWire):
    offer = FACTS["ids"]


class TestListsByAliases(OnTheWire):
    offer = LISTS["aliases"]
