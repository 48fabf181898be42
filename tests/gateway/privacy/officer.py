"""A privacy officer at their page: a browser, and a bureau that listens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.serving import bind, serving
from tests.browser import ENTER, Browser
from tests.gateway.privacy.bureau import Bureau, token_of

__all__ = ["ESCAPE", "RIGHT", "SPACE", "TAB", "Officer", "sitting"]

TAB, ESCAPE, SPACE, RIGHT = "\ue004", "\ue00c", " ", "\ue014"
"""Keys as the protocol writes them."""

_SHOWS = "return arguments[1].every(one => document.querySelector(arguments[0])?.innerText.includes(one))"


@dataclass
class Officer:
    """Somebody who has the page open."""

    browser: Browser
    bureau: Bureau
    url: str

    async def enter(self, name: str = "officer") -> None:
        """Open the page, and enter the token of a consumer by the keyboard."""
        await self.browser.open(self.url)
        await self.browser.replace("#token", token_of(name))
        await self.browser.press("#token", ENTER)

    async def goes_to(self, name: str) -> None:
        """Click on a tab, and wait until nothing is read any more."""
        await self.browser.click(f"#tab-{name}")
        await self.is_done()

    async def is_done(self) -> None:
        """Wait until nothing is read any more."""
        await self.browser.wait_for("return document.querySelector('main .waiting') === null")

    async def sees(self, selector: str, *texts: str) -> None:
        """Wait until an element shows all of the texts."""
        await self.browser.wait_for(_SHOWS, selector, texts)

    async def presses(self, *keys: str) -> None:
        """Press keys one after another, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        await self.browser.act([{"type": "key", "id": "keyboard", "actions": actions}])

    async def tabs_to(self, selector: str) -> None:
        """Press Tab until the focus is there."""
        for _ in range(60):
            if await self.browser.run("return document.activeElement.matches(arguments[0])", selector):
                return
            await self.presses(TAB)
        raise AssertionError(f"Tab never came to {selector}")

    async def left_nothing(self, *expected: str) -> None:
        """Assert that the policy was kept, that nothing was logged but what is expected, and that the address says
        nothing."""
        log = [entry for entry in await self.browser.log() if not any(one in entry for one in expected)]
        assert (await self.browser.violations(), log) == ([], [])
        kept = "return [location.href, localStorage.length, sessionStorage.length, document.cookie, history.length]"
        url, *stored, length = await self.browser.run(kept)
        assert (url, stored) == (self.url, [0, 0, ""])
        assert length <= 3  # what the browser begins with, and the page


@asynccontextmanager
async def sitting(browser: Browser, bureau: Bureau) -> AsyncIterator[Officer]:
    """Serve the bureau on a socket, at whose page somebody sits."""
    with bind("127.0.0.1", 0) as socket:
        async with serving(bureau.gateway, socket):
            yield Officer(browser, bureau, f"http://127.0.0.1:{socket.getsockname()[1]}/privacy/officer")
