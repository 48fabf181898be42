"""GraphQLAdapter keeps the contract in every way of asking, over real sockets, with a real GraphQL executor behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.graphql import GraphQLOffer
from adapters.testing import AdapterContract, SourceUnderTest
from tests.adapters.graphql.shop import FACTS, LISTS, Shop, ShopUnderTest, serving_shop, shop_adapter


@asynccontextmanager
async def staged(offer: GraphQLOffer) -> AsyncIterator[ShopUnderTest]:
    shop = Shop()
    async with serving_shop(shop) as server:
        yield ShopUnderTest(shop_adapter(f"{server.url}/graphql", offer), shop, offer)


class OverSocket(AdapterContract):
    offer: GraphQLOffer

    def under_test(self) -> AbstractAsyncContextManager[SourceUnderTest]:
        return staged(self.offer)


class TestFactsByIds(OverSocket):
    offer = FACTS["ids"]


class TestFactsByAliases(OverSocket):
    offer = FACTS["aliases"]


class TestFactsOneByOne(OverSocket):
    offer = FACTS["one_by_one"]


class TestFactsUnechoed(OverSocket):
    offer = FACTS["unechoed"]


class TestListsByIds(OverSocket):
    offer = LISTS["ids"]


class TestListsByAliases(OverSocket):
    offer = LISTS["aliases"]


class TestListsOneByOne(OverSocket):
    offer = LISTS["one_by_one"]


class TestWholeLists(OverSocket):
    offer = LISTS["plain"]


class TestListsAtTheRoot(OverSocket):
    offer = LISTS["root"]


class TestRowsAtTheRoot(OverSocket):
    offer = LISTS["rows"]
