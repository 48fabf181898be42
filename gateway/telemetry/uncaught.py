"""What Python would print itself: exceptions that nobody caught, and warnings. Their texts may hold what was worked on,
so they are logged, as all else is."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, TextIO

__all__ = ["log_uncaught"]

_log = logging.getLogger(__name__)


def log_uncaught() -> Callable[[], None]:
    """Have this process log them from now on, and return what ends that."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning

    def end() -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = before

    sys.excepthook, threading.excepthook, sys.unraisablehook = _ended, _thread_ended, _left
    warnings.showwarning = _warned
    return end


def _ended(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if issubclass(kind, Exception):
        _log.critical("the process ends: nobody caught what was raised", exc_info=error.with_traceback(trace))
    else:  # it is stopped, as by Ctrl-C
        sys.__excepthook__(kind, error, trace)


def _thread_ended(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        _log.error("a thread has ended: nobody caught what was raised", exc_info=told.exc_value)


def _left(told: sys.UnraisableHookArgs) -> None:
    if told.exc_value is not None:
        _log.error("something was raised where nobody could catch it", exc_info=told.exc_value)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del message, file, line
    _log.warning("%s in line %d of %s", category.__name__, lineno, PurePath(filename).name)
