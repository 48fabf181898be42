"""HttpAdapter keeps the contract in every way of asking: over a mock, and over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import respx

from adapters.http import HttpAdapter, HttpOffer
from adapters.testing import AdapterContract, SourceUnderTest
from tests.adapters.paged_rest_source import PAGED, PagedRestSource
from tests.adapters.raw_server import Request, json_answer, serving
from tests.adapters.rest_source import ACCOUNTS, OFFERS, RestSource, RestUnderTest


def _source(offer: HttpOffer) -> RestSource:
    return RestSource(offer) if offer.paging is None else PagedRestSource(offer)


@asynccontextmanager
async def mocked(offer: HttpOffer) -> AsyncIterator[RestUnderTest]:
    """Stage the source behind respx, in place of the transport."""
    source = _source(offer)

    async def answer(request: httpx.Request) -> httpx.Response:
        status, body = await source.answer(request.url.raw_path.decode(), request.content)
        if status == 0:
            raise httpx.RemoteProtocolError("the server hung up")
        return httpx.Response(status, content=body, headers={"Content-Type": "application/json"})

    with respx.mock(using="httpx", assert_all_called=False) as router:
        router.route(host="crm.example").mock(side_effect=answer)
        yield RestUnderTest(HttpAdapter("crm", "https://crm.example", [offer]), source)


@asynccontextmanager
async def real(offer: HttpOffer) -> AsyncIterator[RestUnderTest]:
    """Stage the source on a real socket."""
    source = _source(offer)

    async def answer(request: Request, writer: asyncio.StreamWriter) -> bool:
        status, body = await source.answer(request.target, request.body)
        writer.write(json_answer(body, status=f"{status} Status") if status else b"")
        return status != 0

    async with serving(answer) as server:
        yield RestUnderTest(HttpAdapter("crm", server.url, [offer]), source)


class OverMock(AdapterContract):
    offer: HttpOffer

    def under_test(self) -> AbstractAsyncContextManager[SourceUnderTest]:
        return mocked(self.offer)


class OverSocket(AdapterContract):
    offer: HttpOffer

    def under_test(self) -> AbstractAsyncContextManager[SourceUnderTest]:
        return real(self.offer)


class TestJoinedOverMock(OverMock):
    offer = OFFERS["joined"]


class TestRepeatedOverMock(OverMock):
    offer = OFFERS["repeated"]


class TestBodyOverMock(OverMock):
    offer = OFFERS["body"]


class TestSingleOverMock(OverMock):
    offer = OFFERS["single"]


class TestUnechoedOverMock(OverMock):
    offer = OFFERS["unechoed"]


class TestAccountsOverMock(OverMock):
    offer = ACCOUNTS["accounts"]


class TestAccountsOfOverMock(OverMock):
    offer = ACCOUNTS["accounts_of"]


class TestJoinedOverSocket(OverSocket):
    offer = OFFERS["joined"]


class TestRepeatedOverSocket(OverSocket):
    offer = OFFERS["repeated"]


class TestBodyOverSocket(OverSocket):
    offer = OFFERS["body"]


class TestSingleOverSocket(OverSocket):
    offer = OFFERS["single"]


class TestUnechoedOverSocket(OverSocket):
    offer = OFFERS["unechoed"]


class TestAccountsOverSocket(OverSocket):
    offer = ACCOUNTS["accounts"]


class TestAccountsOfOverSocket(OverSocket):
    offer = ACCOUNTS["accounts_of"]


class TestAttributesOverMock(OverMock):
    offer = OFFERS["attributes"]


class TestAttributesOfOverMock(OverMock):
    offer = OFFERS["attributes_of"]


class TestAttributesOverSocket(OverSocket):
    offer = OFFERS["attributes"]


class TestAttributesOfOverSocket(OverSocket):
    offer = OFFERS["attributes_of"]


class TestZendeskOverMock(OverMock):
    offer = PAGED["zendesk"]


class TestStripeOverMock(OverMock):
    offer = PAGED["stripe"]


class TestStripeOverSocket(OverSocket):
    offer = PAGED["stripe"]


class TestHubSpotOverMock(OverMock):
    offer = PAGED["hubspot"]


class TestJsonApiOverMock(OverMock):
    offer = PAGED["jsonapi"]


class TestJsonApiOverSocket(OverSocket):
    offer = PAGED["jsonapi"]


class TestOneMoreOverMock(OverMock):
    offer = PAGED["one_more"]


class TestOffsetTotalOverMock(OverMock):
    offer = PAGED["offset_total"]


class TestOffsetMoreOverMock(OverMock):
    offer = PAGED["offset_more"]


class TestTotalPagesOverMock(OverMock):
    offer = PAGED["total_pages"]


class TestTotalPagesOverSocket(OverSocket):
    offer = PAGED["total_pages"]


class TestPageTotalOverMock(OverMock):
    offer = PAGED["page_total"]


class TestPageMoreOverMock(OverMock):
    offer = PAGED["page_more"]
