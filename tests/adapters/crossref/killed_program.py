"""The busy program while it runs, and its end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import IO, Self

from tests.adapters.crossref.story import Telling

__all__ = ["BusyProgram", "busy_program"]

_PATIENCE = 60.0


class BusyProgram:
    """What it has told so far, of its clients and, in `said`, of refusals: after how many seconds, and the words."""

    def __init__(self, out: IO[str], err: IO[str]) -> None:
        self.telling = Telling()
        self.said: list[str] = []
        self._answered_at, self._has_ended = 0.0, False
        self._heard = Condition()
        self._threads = [Thread(target=self._listen, args=(out,)), Thread(target=self._note, args=(err,))]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def refusals(self) -> list[tuple[float, str]]:
        return [(float(seconds), words) for seconds, _, words in (line.partition(" ") for line in self.said)]

    def wait_for(self, answers: int) -> None:
        """Return after so many answers more."""
        enough = len(self.telling.answers) + answers
        self._wait(lambda: len(self.telling.answers) >= enough)

    def answered_after(self, moment: float) -> float:
        """Return when the first answer after this moment came, by the clock that all processes share."""
        self._wait(lambda: self._answered_at > moment)
        return self._answered_at

    def _wait(self, is_so: Callable[[], bool]) -> None:
        with self._heard:
            self._heard.wait_for(lambda: is_so() or self._has_ended, _PATIENCE)
            assert is_so(), "".join(self.said[-20:])

    def _listen(self, out: IO[str]) -> None:
        for line in out:
            with self._heard:
                self.telling.hear(line)
                self._answered_at = time.monotonic()
                self._heard.notify_all()
        with self._heard:
            self._has_ended = True
            self._heard.notify_all()

    def _note(self, err: IO[str]) -> None:
        self.said.extend(err)


@contextmanager
def busy_program(place: str, tenant: str) -> Iterator[BusyProgram]:
    """Run it, and kill it at the end of the context; afterwards everything that it has told is there."""
    program = [sys.executable, "-W", "error", "-m", "tests.adapters.crossref.busy", place, tenant]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        with BusyProgram(process.stdout, process.stderr) as told:
            try:
                yield told
            finally:
                process.kill()
    assert process.returncode == -signal.SIGKILL, "".join(told.said[-20:])
