"""Tells the privacy officer that a glass was broken: by reference only, in the log and, where there is one, to a URL.

Nobody waits for it, and its failure stops nothing: what waits for review stands in the audit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from adapters.http import AiohttpTransport, open_client

__all__ = ["Alert", "Deliver", "PrivacyAlerts", "deliver_to"]

Alert = dict[str, str]
"""What is told: a reference, the kind, and until when it is to be reviewed."""
Deliver = Callable[[Alert], Awaitable[bool]]
"""Sends an alert once, and returns whether it was taken."""

_SECONDS = 5.0
_PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds before it is sent again; after the last it is left to the log."""
_MOST_WAITING = 1_000
_MOST_ANSWER_BYTES = 65_536
_TAKEN = range(200, 300)

_log = logging.getLogger(__name__)


class PrivacyAlerts:
    """Tells of broken glasses. `deliver` sends alerts, None where the log is all; `sleep` waits before the next try."""

    def __init__(
        self, deliver: Deliver | None = None, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._deliver, self._sleep = deliver, sleep
        self._sending: set[asyncio.Task[None]] = set()

    def tell(self, reference: str, review_by: str) -> None:
        """Tell of one. Returns at once."""
        _log.warning("a glass was broken: %s waits for review until %s", reference, review_by)
        if self._deliver is None:
            return
        if len(self._sending) >= _MOST_WAITING:
            _log.error("the alert %s is not sent: %d others wait to be", reference, _MOST_WAITING)
            return
        alert = {"alert": reference, "kind": "break-glass", "reviewBy": review_by}
        task = asyncio.create_task(self._send(self._deliver, alert))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let alerts be sent for as long as the context lasts; what is not sent by its end is told in the log."""
        try:
            yield
        finally:
            for task in [*self._sending]:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send(self, deliver: Deliver, alert: Alert) -> None:
        reference = alert["alert"]
        try:
            for pause in _PAUSES:
                if await deliver(alert):
                    return
                _log.warning("the alert %s was not taken; it is sent again in %g s", reference, pause)
                await self._sleep(pause)
            if not await deliver(alert):
                _log.error("the alert %s was not taken %d times: tell it", reference, len(_PAUSES) + 1)
        except asyncio.CancelledError:
            _log.error("the alert %s was not taken before the end: tell it", reference)
            raise


@asynccontextmanager
async def deliver_to(url: str, seconds: float = _SECONDS) -> AsyncIterator[Deliver]:
    """Give what sends alerts to a URL, each within so many seconds. The URL may hold a secret: it is in no message."""
    transport = AiohttpTransport(max_connections=2, max_body=_MOST_ANSWER_BYTES)
    async with open_client(transport, headers={}, timeout=seconds) as client:

        async def deliver(alert: Alert) -> bool:
            try:
                async with asyncio.timeout(seconds):
                    return (await client.post(url, json=alert)).status_code in _TAKEN
            except Exception:  # noqa: BLE001  whatever it is, it is sent again; its text may hold the URL
                return False

        yield deliver
