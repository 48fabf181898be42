"""A program that makes one write again and again, each time on a copy of one file, and is killed at another statement.

    python -m tests.adapters.crossref.doomed FILE ASK

The copies stand beside the file, numbered by the statement before which the write ended; in that of the number 0 it was
made. Of the statements of a long write a few are chosen.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from adapters.crossref import SqliteCrossReference
from tests.adapters.crossref.contract import SECRETS
from tests.adapters.crossref.story import Ask, performed

_MANY, _FEW = 100, 3


def doom(file: Path, ask: Ask) -> None:
    """Leave copies of the file, of which each is as a process has left it that was killed."""
    whole = file.with_name("0.db")
    statements = _write(file, whole, ask, before=0)
    for number in _chosen(statements):
        _write(file, file.with_name(f"{number}.db"), ask, before=number)


def _chosen(statements: int) -> Iterable[int]:
    several = range(1, statements + 1)
    return several if statements <= _MANY else random.Random(statements).sample(several, _FEW)


def _write(file: Path, copy: Path, ask: Ask, *, before: int) -> int:
    """Write in a process of its own, which ends before the statement of this number; return how many there were."""
    shutil.copy(file, copy)
    hearing, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(telling, str(_counted(copy, ask, before)).encode())
        os._exit(0)
    os.close(telling)
    with os.fdopen(hearing) as told:
        statements = told.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == (-signal.SIGKILL if before else 0)
    return int(statements or 0)


def _counted(path: Path, ask: Ask, before: int) -> int:
    store, numbers = SqliteCrossReference.open(path, secrets=SECRETS), count(1)

    def run(_: str) -> None:
        if next(numbers) == before:
            os.kill(os.getpid(), signal.SIGKILL)

    store._file.writer.set_trace_callback(run)
    asyncio.run(performed(store, ask))
    return next(numbers) - 1


if __name__ == "__main__":
    doom(Path(sys.argv[1]), Ask.of(json.loads(sys.argv[2])))
