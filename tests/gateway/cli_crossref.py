"""A cross-reference of three sources, worked on by `customer-view crossref` and past it."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters.crossref import (
    KeyFormat,
    Linked,
    Lookup,
    SourceSystem,
    SqliteCrossReference,
    StoredCrossReference,
)
from tests.gateway.cli_project import ENVIRONMENT, Ran, run
from tests.gateway.empty_crossref import make_crossref

T = TypeVar("T")

CTRL_C = b"\x03"

_PATIENCE = 60.0
"""Seconds after which a command at a terminal is ended that does not end by what is typed."""


class Place:
    """A cross-reference in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: str, stdin: str | None = None) -> Ran:
        return run("crossref", *arguments, "--crossref", f"sqlite:///{self.path}", stdin=stdin)

    def json(self, *arguments: str, stdin: str | None = None) -> Any:
        ran = self.run(*arguments, "--json", stdin=stdin)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    def past(self, work: Callable[[StoredCrossReference], Coroutine[Any, Any, T]]) -> T:
        with closing(SqliteCrossReference.open(self.path)) as crossref:
            return asyncio.run(work(crossref))

    def link(self, source: str, key: str, customer: str | None = None) -> Linked:
        return self.past(lambda crossref: crossref.link(source, key, customer, asserted_by="feed"))

    def who(self, source: str, key: str) -> str | None:
        subject = self.past(lambda crossref: crossref.resolve(Lookup(source, key)))
        return None if subject is None else subject.customer_id


def make_place(folder: Path) -> Place:
    """Make a cross-reference of the sources crm, billing, whose keys are digits, and `one` with max_live 1."""
    made = Place(make_crossref(folder))

    async def register(crossref: StoredCrossReference) -> None:
        for source in (SourceSystem("crm"), SourceSystem("billing", KeyFormat.DIGITS), SourceSystem("one", max_live=1)):
            await crossref.register_source(source, actor="admin")

    made.past(register)
    return made


def at_terminal(
    folder: Path, place: Place, *arguments: str, when: str, keys: bytes, again: bool = False
) -> tuple[int, str]:
    """Run a command at a terminal of its own, type the keys once it shows this, and return its exit code and all that
    it has shown. With `again` they are typed again as long as nothing comes of them."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "crossref", *arguments, "--crossref", f"sqlite:///{place.path}"],
        cwd=folder,
        env=ENVIRONMENT | {"COLUMNS": "100", "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(theirs),
    )
    os.close(theirs)
    shown, is_typed, until = b"", False, time.monotonic() + _PATIENCE
    while True:
        if not select.select([ours], [], [], 2.0)[0]:
            if time.monotonic() > until:
                os.close(ours)
                process.kill()
                process.wait()
                pytest.fail(f"it ended by nothing that was typed, after:\n{shown.decode()}")
            if is_typed and again:
                os.write(ours, keys)  # Python misses a Ctrl-C between its question and its waiting
            continue
        part = _read(ours)
        if not part:
            break
        shown += part
        if not is_typed and when.encode() in shown:
            os.write(ours, keys)
            is_typed = True
    os.close(ours)
    return process.wait(timeout=30), shown.decode()


def _take_terminal(terminal: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)  # so that Ctrl-C typed there is a signal to it


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other side is closed
        return b""
