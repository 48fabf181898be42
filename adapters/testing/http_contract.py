"""The part of the contract that is about the wire of HTTP: every kind of wrong answer, played byte by byte.

    class TestCrmWire(HttpWireContract):
        @asynccontextmanager
        async def under_test(self):
            yield CrmOnTheWire()

What the adapter may make of each kind stands with it, in `HTTP_WRONGS`. It needs a real socket of this machine, and no
server of the source's.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.testing.http_wire import HttpAnswer, HttpAsked, HttpWire
from adapters.testing.http_wrongs import HTTP_WRONGS, HttpWrong
from adapters.testing.wired import WireContract, WiredUnderTest, add_tests, asking

__all__ = ["HttpUnderTest", "HttpWireContract"]


class HttpUnderTest(WiredUnderTest):
    """A source that says what it answers, and leaves it to the kit to send it. Its adapter is asked for by a URL."""

    @abstractmethod
    async def answer(self, asked: HttpAsked) -> HttpAnswer:
        """Return what the source answers in order."""


class HttpWireContract(WireContract[HttpUnderTest, HttpWrong]):
    """Inherit it in a class named `Test...`; `under_test` yields an HttpUnderTest."""

    @asynccontextmanager
    async def opened(self, source: HttpUnderTest) -> AsyncIterator[HttpWire]:
        """Serve the source's answers on a port of this machine."""
        async with HttpWire(source.answer) as wire, asking(source, wire.url):
            yield wire


add_tests(HttpWireContract, HTTP_WRONGS)
