"""What nobody catches, and what is warned of, is logged as all else is: without its text."""

from __future__ import annotations

import gc
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest

from gateway.telemetry.logs import LogForm, log_handler
from gateway.telemetry.uncaught import log_uncaught

SECRET = "Ola"

PROGRAM = """
from gateway.telemetry.logs import LogForm, begin_logging
from gateway.telemetry.uncaught import log_uncaught
begin_logging(LogForm.JSON)
log_uncaught()
raise {raised}
"""


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What is logged while these are logged."""
    stream, root = io.StringIO(), logging.getLogger()
    others, root.handlers = root.handlers, [log_handler(stream, LogForm.JSON)]
    end = log_uncaught()
    yield stream
    end()
    root.handlers = others


class Unlucky:
    """Something that cannot even be dropped."""

    def __del__(self) -> None:
        raise ValueError(SECRET)

    def __repr__(self) -> str:
        return SECRET


def test_a_thread_that_fails_is_told_by_the_exceptions_type(
    printed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python would print its text."""

    def fails() -> None:
        raise ValueError(SECRET)

    thread = threading.Thread(target=fails, name=SECRET)
    thread.start()
    thread.join()
    told = json.loads(printed.getvalue())
    assert told["exception"].startswith("ValueError in fails (test_uncaught.py:")
    assert SECRET not in printed.getvalue() + capsys.readouterr().err


def test_what_is_raised_where_nobody_can_catch_it_is_told_by_its_type(
    printed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python would print its text, and what it happened to."""
    Unlucky()
    gc.collect()
    assert json.loads(printed.getvalue())["exception"].startswith("ValueError in __del__ (test_uncaught.py:")
    assert SECRET not in printed.getvalue() + capsys.readouterr().err


def test_a_warning_is_told_by_its_kind_and_place(printed: io.StringIO) -> None:
    """Its text may be about a value."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        log_uncaught()  # what catches warnings puts its own in place
        warnings.warn(SECRET, UserWarning, stacklevel=1)
    told = json.loads(printed.getvalue())
    assert told["event"].startswith("UserWarning in line ")
    assert told["event"].endswith(" of test_uncaught.py")


@pytest.mark.parametrize(("raised", "is_told"), [("ValueError('Ola')", True), ("KeyboardInterrupt", False)])
def test_a_process_that_fails_says_so_in_its_log(raised: str, is_told: bool) -> None:
    """With the exit code that it would have; to be stopped is no failure."""
    ended = subprocess.run([sys.executable, "-c", PROGRAM.format(raised=raised)], capture_output=True, text=True)
    assert ended.returncode != 0
    assert SECRET not in ended.stderr
    assert ended.stderr.startswith('{"timestamp"') is is_told
