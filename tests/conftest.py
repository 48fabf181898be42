"""What holds for every test: nothing is lost on the way, and what takes long runs only where it is asked for."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import hypothesis  # noqa: F401  its plugin complains of being imported after gc.freeze
import pytest

pytest.register_assert_rewrite("adapters.testing")

_LONG_COLLECTION = 0.005
"""Seconds of a collection after which everything that is alive is left out of the later ones."""

_TURNS_TO_END = 50
"""How many turns of the loop a task that was cancelled, or has lost its connection, may take to end."""

_FIRST = (
    "gateway/test_schemathesis.py",
    "gateway/test_demo.py",
    "adapters/crossref/test_invariants.py",
    "resolvers/disclosure/test_disclosure.py",
    "adapters/crossref/test_invariants_postgres.py",
    "resolvers/differential/test_ships.py",
    "resolvers/differential/test_customers.py",
    "resolvers/differential/test_gallery.py",
)
"""The files that take longest, which begin first: one of them at the end would be waited for by one worker alone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-long", action="store_true", help="run the tests marked long, too")
    parser.addoption("--no-skips", action="store_true", help="fail when a test is skipped that does apply")


def pytest_configure() -> None:
    """Let Ctrl-C be heard by the processes that tests start, also where a shell has these tests in the background: it
    has the signal ignored, and who is started inherits that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    first = {Path(__file__).parent / name: place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))
    if config.getoption("--run-long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With --no-skips a skipped test fails, unless it is one of a contract that does not apply to what is tested."""
    report = yield
    if report.skipped and item.config.getoption("--no-skips") and "does not apply: " not in str(report.longrepr):
        report.outcome = "failed"
    return report


def pytest_collection_finish() -> None:
    """Leave what is imported by now out of every later collection: 1 ms a test instead of 80."""
    gc.collect()
    gc.freeze()


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(logging.Formatter().format(record))


@pytest.fixture(autouse=True)
def nothing_lost() -> Iterator[None]:
    """Fail a test of which asyncio reports a lost exception, or that leaves something unclosed.

    asyncio only logs these, and an unclosed connection warns when it is collected: that must be in the test that left
    it, and not in a later one. The warning itself fails the test, for warnings are errors.
    """
    kept, log = _Kept(), logging.getLogger("asyncio")
    log.addHandler(kept)
    yield
    began = time.perf_counter()
    gc.collect()
    if time.perf_counter() - began > _LONG_COLLECTION:
        gc.freeze()  # what a module keeps for good, such as the syntax trees of all files, is not walked again
    log.removeHandler(kept)
    if kept.messages:
        pytest.fail("asyncio reported what was lost:\n" + "\n".join(kept.messages), pytrace=False)


@pytest.fixture(autouse=True)
async def no_task_left(nothing_lost: None) -> AsyncIterator[None]:
    """Fail a test that ends while tasks that it started still run: their loop would cancel them without a word."""
    yield
    for _ in range(_TURNS_TO_END):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            return
        await asyncio.sleep(0)
    pytest.fail("tasks were left running:\n" + "\n".join(map(repr, left)), pytrace=False)
