"""HttpAdapter keeps the contract of the wire: every kind of wrong answer, in its several ways of asking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.adapter import Adapter
from adapters.http import HttpAdapter, HttpOffer
from adapters.testing import HttpAnswer, HttpAsked, HttpUnderTest, HttpWireContract
from tests.adapters.rest_source import ACCOUNTS, OFFERS, RestSource, RestUnderTest


class RestOnTheWire(RestUnderTest, HttpUnderTest):
    """The source whose answers the kit sends."""

    def __init__(self, offer: HttpOffer) -> None:
        super().__init__(HttpAdapter("crm", "http://127.0.0.1:9", [offer]), RestSource(offer))

    def adapter_at(self, url: str) -> Adapter:
        return HttpAdapter("crm", url, [self.source.offer])

    async def answer(self, asked: HttpAsked) -> HttpAnswer:
        return HttpAnswer(*await self.source.answer(asked.target, asked.body))


class OnTheWire(HttpWireContract):
    offer: HttpOffer

    @asynccontextmanager
    async def under_test(self) -> AsyncIterator[RestOnTheWire]:
        yield RestOnTheWire(self.offer)


class TestJoined(OnTheWire):
    offer = OFFERS["joined"]


class TestSingle(OnTheWire):
    offer = OFFERS["single"]


class TestAccounts(OnTheWire):
    offer = ACCOUNTS["accounts"]
