"""What the check of a PostgreSQL server's frames lets through, and what it ends."""

from __future__ import annotations

import asyncio

import pytest

from adapters.sql.framing import FrameCheck

READY = b"Z\0\0\0\5I"
ROW = b"D\0\0\0\x0c" + b"12345678"


class Driver(asyncio.Protocol):
    def __init__(self) -> None:
        self.got = b""
        self.told: list[object] = []

    def data_received(self, data: bytes) -> None:
        self.got += data

    def eof_received(self) -> bool | None:
        self.told.append("eof")
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.told.append(error)

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


class Wire(asyncio.Transport):
    aborted = False

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize("size", range(1, 40))
def test_messages_pass_in_parts_of_any_size(size: int) -> None:
    """A frame may be cut anywhere, in its head too."""
    driver, wire = Driver(), Wire()
    check, messages = FrameCheck(driver, wire), READY + ROW + ROW + READY
    for start in range(0, len(messages), size):
        check.data_received(messages[start : start + size])
    assert driver.got == messages
    assert not wire.aborted


@pytest.mark.parametrize("bad", [bytes(5), b"Z\0\0\0\3", b"\xff" * 5, b"HTTP/1.1 400", b"D\x01\0\0\1"])
@pytest.mark.parametrize("size", [1, 100])
def test_a_length_that_cannot_be_right_ends_the_connection(bad: bytes, size: int) -> None:
    """Nothing of it reaches the driver: too short, negative, or over 16 MiB."""
    driver, wire = Driver(), Wire()
    check = FrameCheck(driver, wire)
    check.data_received(READY)
    for start in range(0, len(bad), size):
        if not wire.aborted:
            check.data_received(bad[start : start + size])
    assert wire.aborted
    assert bad not in driver.got


def test_everything_else_is_passed_on() -> None:
    """The driver sees the same connection as without the check."""
    driver, lost = Driver(), OSError()
    check = FrameCheck(driver, Wire())
    check.pause_writing()
    check.resume_writing()
    assert check.eof_received() is True
    check.connection_lost(lost)
    assert driver.told == ["pause", "resume", "eof", lost]
