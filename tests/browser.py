"""A browser under test: Chromium by its driver's own protocol (https://www.w3.org/TR/webdriver2/).

That is a few requests over HTTP; the usual client library would bring an event loop of its own.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.tools import browser_path

__all__ = ["CONTROL", "ENTER", "NO_KEY", "Browser", "browsing"]

ENTER = "\ue007"
CONTROL, NO_KEY = "\ue009", "\ue000"
"""Keys as the protocol writes them; what follows Control is held with it until no key is."""

_TURN, _MOST_TURNS = 0.05, 600
"""Seconds between two looks at the page, and how many are taken: 30 seconds are enough on a busy machine."""

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_STARTED = re.compile(rb"started successfully on port (\d+)")
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NOTE_VIOLATIONS = """
    self.violations = [];
    addEventListener("securitypolicyviolation", (event) =>
        violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
_PASTE = """
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", arguments[1]);
    document.querySelector(arguments[0]).dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
"""


@dataclass(frozen=True, slots=True)
class Browser:
    """One session. Elements are named by CSS selectors."""

    session: httpx.AsyncClient

    async def open(self, url: str) -> None:
        """Go to a page."""
        await self._do("url", url=url)

    async def back(self) -> None:
        """Go back to the page before, as its button does, and wait until it is there."""
        await self._do("back")

    async def click(self, selector: str) -> None:
        """Wait for an element and click on it."""
        await self._do(f"element/{await self._find(selector)}/click")

    async def press(self, selector: str, keys: str) -> None:
        """Wait for an element and press keys in it, one by one."""
        await self._do(f"element/{await self._find(selector)}/value", text=keys)

    async def replace(self, selector: str, text: str) -> None:
        """Wait for a field and put the text in place of all that it holds, as one input."""
        await self.press(selector, f"{CONTROL}a{NO_KEY}")
        await self.tell("Input.insertText", text=text)

    async def paste(self, selector: str, text: str) -> None:
        """Wait for an editor's field and paste the text over all that it holds: brackets that are typed are doubled."""
        await self.press(selector, f"{CONTROL}a{NO_KEY}")
        await self.run(_PASTE, selector, text)

    async def text(self, selector: str) -> str:
        """Wait for an element and return its text as it is shown."""
        element = await self._find(selector)
        shown: str = (await self.session.get(f"element/{element}/text")).json()["value"]
        return shown

    async def run(self, script: str, *arguments: Any) -> Any:
        """Run a script's body in the page and return what it returns."""
        return await self._do("execute/sync", script=script, args=list(arguments))

    async def wait_for(self, script: str, *arguments: Any) -> Any:
        """Run a script until what it returns is true, and return that."""
        for _ in range(_MOST_TURNS):
            if found := await self.run(script, *arguments):
                return found
            await asyncio.sleep(_TURN)
        shown = await self.run("return document.body.innerText")
        raise AssertionError(f"never true: {script} {arguments}\nthe page shows: {shown}\n{await self.log()}")

    async def look(self, width: int, height: int, scheme: str) -> None:
        """Give the page a size in pixels, and a colour scheme, `light` or `dark`."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.tell("Emulation.setDeviceMetricsOverride", **size)
        await self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def act(self, sources: list[dict[str, Any]]) -> None:
        """Do what a person does with keys or a pointer, wherever the focus is (WebDriver, 17.5)."""
        await self._do("actions", actions=sources)

    async def tell(self, command: str, **parameters: Any) -> Any:
        """Give a command of the browser's own (https://chromedevtools.github.io/devtools-protocol/)."""
        return await self._do("goog/cdp/execute", cmd=command, params=parameters)

    async def screenshot(self) -> bytes:
        """Return what is shown as PNG."""
        return base64.b64decode((await self.session.get("screenshot")).json()["value"])

    async def violations(self) -> list[str]:
        """Return the violations of the page's policy that it was told of since it was opened."""
        found: list[str] = await self.run("return violations")
        return found

    async def log(self) -> list[str]:
        """Return what the browser has logged since the last time, with what workers log."""
        return [entry["message"] for entry in await self._do("se/log", type="browser")]

    async def _find(self, selector: str) -> str:
        await self.wait_for("return document.querySelector(arguments[0]) !== null", selector)
        element: str = (await self._do("element", using="css selector", value=selector))[_ELEMENT]
        return element

    async def _do(self, command: str, **parameters: Any) -> Any:
        answer = await self.session.post(command, json=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]


@asynccontextmanager
async def browsing(profile: Path) -> AsyncIterator[Browser]:
    """Run a browser with an empty profile in a folder, or skip the test where there is none."""
    path = browser_path()
    async with _driver() as driver, httpx.AsyncClient(base_url=driver, timeout=60.0, trust_env=False) as client:
        options = {"binary": path, "args": [*_OPTIONS, f"--user-data-dir={profile}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        made = await client.post("session", json={"capabilities": {"alwaysMatch": wanted}})
        assert made.status_code == 200, made.text
        session = f"{driver}/session/{made.json()['value']['sessionId']}"
        client.base_url = httpx.URL(session)
        browser = Browser(client)
        try:
            await browser.tell("Page.addScriptToEvaluateOnNewDocument", source=_NOTE_VIOLATIONS)
            yield browser
        finally:
            await client.delete(session)


@asynccontextmanager
async def _driver() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec("chromedriver", "--port=0", stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_TURN * _MOST_TURNS):
            while not (found := _STARTED.search(await process.stdout.readline())):
                assert process.returncode is None
        yield f"http://127.0.0.1:{int(found[1])}"
    finally:
        process.terminate()
        await process.wait()
