from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from gateway.break_glass import PrivacyAlerts, deliver_to
from gateway.break_glass.alerts import Alert
from tests.gateway.break_glass.breaking import emergency

UNTIL = "2027-01-16T08:00:00Z"


class Inbox:
    """Takes alerts, or as many times as it is told to does not."""

    def __init__(self, refusing: int = 0) -> None:
        self.refusing = refusing
        self.alerts: list[Alert] = []
        self.asked, self.taken = asyncio.Event(), asyncio.Event()

    async def __call__(self, alert: Alert) -> bool:
        """Take an alert, unless it is refused."""
        self.alerts.append(alert)
        self.asked.set()
        if len(self.alerts) > self.refusing:
            self.taken.set()
            return True
        return False


class Pauses:
    """Remembers for how long was waited, and waits for no time."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Let the others go on."""
        self.seconds.append(seconds)
        await asyncio.sleep(0)


async def test_an_alert_holds_a_reference_and_nothing_else() -> None:
    """Whoever reads it learns where to look; sending it takes nobody's time."""
    inbox = Inbox()
    alerts = PrivacyAlerts(inbox)
    async with alerts.running():
        alerts.tell("bg_1", UNTIL)
        assert inbox.alerts == []
        await inbox.taken.wait()
    assert inbox.alerts == [{"alert": "bg_1", "kind": "break-glass", "reviewBy": UNTIL}]


async def test_an_alert_that_is_not_taken_is_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    """Later each time; every failure is told to the operators by reference."""
    inbox, pauses = Inbox(refusing=3), Pauses()
    alerts = PrivacyAlerts(inbox, sleep=pauses)
    async with alerts.running():
        alerts.tell("bg_1", UNTIL)
        await inbox.taken.wait()
        await asyncio.sleep(0)
    assert pauses.seconds == [1.0, 5.0, 30.0]
    assert [record.getMessage() for record in caplog.records[1:]] == [
        f"the alert bg_1 was not taken; it is sent again in {pause} s" for pause in (1, 5, 30)
    ]


async def test_an_alert_that_is_never_taken_is_left_to_the_operators(caplog: pytest.LogCaptureFixture) -> None:
    """After six tries."""
    inbox, pauses = Inbox(refusing=99), Pauses()
    alerts = PrivacyAlerts(inbox, sleep=pauses)
    async with alerts.running():
        alerts.tell("bg_1", UNTIL)
        await asyncio.gather(*alerts._sending)
    assert (len(inbox.alerts), pauses.seconds) == (6, [1.0, 5.0, 30.0, 120.0, 600.0])
    assert (caplog.records[-1].levelno, caplog.records[-1].getMessage()) == (
        logging.ERROR,
        "the alert bg_1 was not taken 6 times: tell it",
    )


async def test_what_was_not_taken_by_the_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A gateway stops at once, and says what it leaves."""
    inbox = Inbox(refusing=99)
    alerts = PrivacyAlerts(inbox)
    async with alerts.running():
        alerts.tell("bg_1", UNTIL)
        await inbox.asked.wait()
    assert caplog.records[-1].getMessage() == "the alert bg_1 was not taken before the end: tell it"


async def test_alerts_that_wait_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """One beyond a thousand is told in the log alone."""
    alerts = PrivacyAlerts(Inbox(refusing=9_999))
    async with alerts.running():
        for place in range(1_001):
            alerts.tell(f"bg_{place}", UNTIL)
        assert len(alerts._sending) == 1_000
        assert "the alert bg_1000 is not sent: 1000 others wait to be" in caplog.text


@asynccontextmanager
async def receiving(status: int = 204, *, hangs: bool = False) -> AsyncIterator[tuple[str, asyncio.Queue[bytes]]]:
    """A server that takes what is posted: its URL, and the requests."""
    seen: asyncio.Queue[bytes] = asyncio.Queue()
    is_over, writers = asyncio.Event(), list[asyncio.StreamWriter]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        seen.put_nowait(head + await reader.readexactly(length))
        if hangs:
            await is_over.wait()
        told = b"HTTP/1.1 %d X\r\ncontent-length: 0\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n"
        writer.write(told % status)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}/alerts?token=t0ps3cret", seen
    finally:
        is_over.set()
        server.close()
        for writer in writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def test_an_alert_is_posted_as_json() -> None:
    """Over a real socket."""
    async with receiving() as (url, seen), deliver_to(url) as deliver:
        assert await deliver({"alert": "bg_1", "kind": "break-glass", "reviewBy": UNTIL})
    request = seen.get_nowait()
    assert request.startswith(b"POST /alerts?token=t0ps3cret HTTP/1.1\r\n")
    assert b"content-type: application/json" in request.lower()
    assert json.loads(request.partition(b"\r\n\r\n")[2])["alert"] == "bg_1"


@pytest.mark.parametrize("status", [301, 307, 400, 401, 500, 503])
async def test_any_other_answer_is_no_taking(status: int) -> None:
    """Also one that leads elsewhere: an alert goes nowhere that was not set."""
    async with receiving(status) as (url, seen), deliver_to(url) as deliver:
        assert not await deliver({"alert": "bg_1"})
    assert seen.qsize() == 1


async def test_a_place_that_is_not_there_or_hangs_is_no_taking(caplog: pytest.LogCaptureFixture) -> None:
    """Within a time limit; the URL, which may hold a secret, is in no log."""
    async with deliver_to("http://127.0.0.1:9/?token=t0ps3cret") as deliver:
        assert not await deliver({"alert": "bg_1"})
    async with receiving(hangs=True) as (url, _), deliver_to(url, seconds=0.2) as deliver:
        assert not await deliver({"alert": "bg_1"})
    assert "t0ps3cret" not in caplog.text


async def test_a_broken_glass_is_told_to_the_url_that_is_set(tmp_path: Path, nothing_else_installed: None) -> None:
    """And opened all the same where nobody takes it."""
    async with receiving() as (url, seen), emergency(tmp_path, privacy_alert_url=url) as opened:
        grant = (await opened.break_glass()).json()["id"]
        async with asyncio.timeout(10):
            body = (await seen.get()).partition(b"\r\n\r\n")[2]
        assert json.loads(body)["alert"] == grant
        assert b"p1" not in body
    async with emergency(tmp_path, privacy_alert_url="http://127.0.0.1:9/") as opened:
        assert (await opened.break_glass()).status_code == 201
