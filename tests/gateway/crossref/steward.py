"""A steward at their page: a browser, and an office that listens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from adapters.crossref import ConflictError
from gateway.serving import bind, serving
from tests.browser import ENTER, Browser
from tests.gateway.crossref.office import Office, token_of

__all__ = ["DOWN", "ESCAPE", "SPACE", "TAB", "Steward", "disputed", "sitting"]

TAB, ESCAPE, SPACE, DOWN = "\ue004", "\ue00c", " ", "\ue015"
"""Keys as the protocol writes them."""

_ASKS = "return document.querySelector('main .waiting') === null && document.querySelector('.actions') !== null"
_SHOWS = "return arguments[1].every(one => document.querySelector(arguments[0])?.innerText.includes(one))"


@dataclass
class Steward:
    """Somebody who has the page open."""

    browser: Browser
    desk: Office
    url: str

    @property
    def port(self) -> int:
        """Where the office listens."""
        return httpx.URL(self.url).port or 0

    async def enter(self, name: str = "steward") -> None:
        """Open the page, and enter the token of a consumer by the keyboard."""
        await self.browser.open(self.url)
        await self.browser.replace("#token", token_of(name))
        await self.browser.press("#token", ENTER)

    async def sees(self, selector: str, *texts: str) -> None:
        """Wait until an element shows all of the texts."""
        await self.browser.wait_for(_SHOWS, selector, texts)

    async def is_asked(self) -> None:
        """Wait until a candidate is shown that can be decided, and nothing is loaded any more."""
        await self.browser.wait_for(_ASKS)

    async def decides(self, letter: str) -> None:
        """Click on what a candidate can be decided by, once it is shown."""
        await self.is_asked()
        await self.browser.click(f".actions [aria-keyshortcuts={letter}]")

    async def confirms(self) -> None:
        """Click on what the dialog does, once it can be done."""
        await self.browser.click("dialog .ending .first[aria-disabled=false]")

    async def presses(self, *keys: str) -> None:
        """Press keys one after another, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        await self.browser.act([{"type": "key", "id": "keyboard", "actions": actions}])

    async def leaves(self) -> None:
        """Close the dialog by Escape, and wait until it is closed."""
        await self.presses(ESCAPE)
        await self.browser.wait_for("return document.querySelector('dialog[open]') === null")

    async def goes_to(self, selector: str) -> None:
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


async def disputed(desk: Office, number: int) -> tuple[str, str]:
    """Two customers, and a key of billing that both shall have: C-n has B-n, and D-n wanted it."""
    one, other = await desk.link("crm", f"C-{number}"), await desk.link("crm", f"D-{number}")
    await desk.link("billing", f"B-{number}", one)
    try:
        await desk.store.link("billing", f"B-{number}", other, asserted_by="billing-feed")
    except ConflictError:
        return one, other
    raise AssertionError("the key was linked")


@asynccontextmanager
async def sitting(browser: Browser, desk: Office, port: int = 0) -> AsyncIterator[Steward]:
    """Serve the office on a socket, at whose page somebody sits."""
    with bind("127.0.0.1", port) as socket:
        async with serving(desk.gateway, socket):
            yield Steward(browser, desk, f"http://127.0.0.1:{socket.getsockname()[1]}/crossref/steward")
