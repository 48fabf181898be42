"""Lines of the log where somebody reads them, and where nobody does."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from gateway.telemetry.lines import LineHandler

NEXT = "somebody reads"


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """The end of a pipe that is read, and a stream on the other."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(writing, "w") as stream:
        yield reading, stream
    os.close(reading)


def record(text: str) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "gateway.somewhere", "msg": text})


@pytest.mark.parametrize("length", [50, 4_000, 4_096, 9_000, 200_000])
def test_nobody_waits_for_a_reader_that_has_stopped(pipe: tuple[int, TextIO], length: int) -> None:
    """What it does not take is left out, and told once it reads again; what it has read before is whole."""
    reading, stream = pipe
    handler, began = LineHandler(stream), time.monotonic()
    lines = [f"{number} {'x' * length}" for number in range(3_000)]
    for line in lines:
        handler.handle(record(line))
    assert time.monotonic() - began < 5
    read = os.read(reading, 1 << 20).decode().splitlines()
    whole = [line for line in read if len(line) >= length]
    assert whole == lines[: len(whole)]
    assert len(read) - len(whole) <= 1  # the one that was cut
    handler.handle(record(NEXT))
    handler.handle(record(NEXT))
    told = os.read(reading, 1 << 20).decode().lstrip("\n").splitlines()
    assert told == [f"{len(lines) - len(whole)} lines were left out: nobody read them", NEXT, NEXT]


def test_a_reader_that_has_gone_is_no_error(pipe: tuple[int, TextIO]) -> None:
    """There is nobody to tell."""
    reading, stream = pipe
    handler = LineHandler(stream)
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), reading)  # the pipe has no end any more that is read
    handler.handle(record(NEXT))


def test_what_utf_8_cannot_hold_is_printed(pipe: tuple[int, TextIO]) -> None:
    """As it is on standard error."""
    reading, stream = pipe
    LineHandler(stream).handle(record("\ud83d"))
    assert os.read(reading, 100) == b"\\ud83d\n"
