"""What the check of a PostgreSQL server's frames lets through, and what it ends."""

from __future__ import annotations

import asyncio

import pytest

from adapters.sql.framing import CursorCheck, FrameCheck

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


BOUND, DONE = b"2\0\0\0\4", b"C\0\0\0\x09done\0"


@pytest.mark.parametrize(
    "end", [DONE, b"E\0\0\0\5\0", b"I\0\0\0\4", b"s\0\0\0\4"], ids=["done", "error", "empty", "part"]
)
def test_an_answer_has_an_end_before_the_server_is_ready(end: bytes) -> None:
    """One that has none may have lost rows; the driver would take what came for the whole."""
    driver, wire = Driver(), Wire()
    check = FrameCheck(driver, wire)
    check.data_received(BOUND + ROW + end + READY)
    assert not wire.aborted
    check.data_received(BOUND + ROW + READY)
    assert wire.aborted


@pytest.mark.parametrize("kind", [b"?", b"R", b"H", b"G", b"d", b"\0"])
def test_a_message_that_no_statement_is_answered_with_ends_the_connection(kind: bytes) -> None:
    """The driver passes over what it does not expect."""
    driver, wire = Driver(), Wire()
    FrameCheck(driver, wire).data_received(kind + b"\0\0\0\4")
    assert (wire.aborted, driver.got) == (True, b"")


@pytest.mark.parametrize(("piece", "fits"), [(ROW, 100_000 - 1), (b"N\0\x0f\xff\xff" + bytes(0x0FFFFB), 15)])
def test_what_comes_for_one_statement_is_bounded(piece: bytes, fits: int) -> None:
    """In messages and in bytes, of whatever type; the next statement has as much again."""
    driver, wire = Driver(), Wire()
    check = FrameCheck(driver, wire)
    for _ in range(2):
        check.data_received(piece * fits)
        check.data_received(READY)
    assert not wire.aborted
    check.data_received(piece * fits)
    check.data_received(piece * 2)
    assert wire.aborted


NOTICE, PARSED = b"N\0\0\0\4", b"1\0\0\0\4"


@pytest.mark.parametrize("answer", [PARSED, BOUND, ROW + DONE, ROW + b"s\0\0\0\4", NOTICE + BOUND])
def test_by_a_cursor_values_and_rows_are_answered_apart(answer: bytes) -> None:
    """A statement is bound by one exchange, and gives rows by others: each says what it has done."""
    driver, wire = Driver(), Wire()
    CursorCheck(driver, wire).data_received(READY + answer + READY)
    assert (wire.aborted, driver.got) == (False, READY + answer + READY)


@pytest.mark.parametrize("answer", [b"", ROW, NOTICE, ROW + NOTICE])
def test_by_a_cursor_too_an_answer_has_an_end(answer: bytes) -> None:
    """Else the driver would take what came for the last rows."""
    driver, wire = Driver(), Wire()
    check = CursorCheck(driver, wire)
    check.data_received(READY + BOUND + READY)
    check.data_received(answer + READY)
    assert wire.aborted
