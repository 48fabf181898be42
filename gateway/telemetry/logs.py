"""How this process logs: lines for people or for machines, by structlog, through handlers of the standard library."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from gateway.telemetry.lines import LineHandler
from gateway.telemetry.redaction import (
    KNOWN,
    bounded,
    faults,
    filled,
    is_id,
    listed,
    message,
    scrubbed_around_id,
    typed,
)
from gateway.telemetry.request_ids import answering
from gateway.telemetry.scrubbing import REMOVED, is_secret, scrubbed

__all__ = ["LogForm", "begin_logging", "log_handler"]


class LogForm(StrEnum):
    """How a line of the log looks."""

    AUTO = "auto"
    """For people where a terminal reads it, else JSON."""
    CONSOLE = "console"
    JSON = "json"


def begin_logging(form: LogForm = LogForm.AUTO, level: str = "WARNING", *, redacts: bool = True) -> None:
    """Have everything that this process logs printed on stderr, that of libraries and of structlog's own loggers too.

    `redacts`: what is not known to be harmless is printed by its type alone (see `redaction`). Without it only what
    looks like a secret, or like something of one person, is taken out. What was begun before ends.
    """
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one.formatter, _Lines)]:
        root.removeHandler(handler)
    root.addHandler(log_handler(sys.stderr, form, redacts=redacts))
    root.setLevel(level)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def log_handler(stream: TextIO, form: LogForm, *, redacts: bool = True) -> logging.Handler:
    """Return a handler that prints records on a stream in this form."""
    is_console = form is LogForm.CONSOLE or (form is LogForm.AUTO and stream.isatty())
    handler = LineHandler(stream)
    handler.setFormatter(_Lines(_console(stream) if is_console else _json(), redacts=redacts, is_console=is_console))
    return handler


def _json() -> Processor:
    return structlog.processors.JSONRenderer()


def _console(stream: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False)


class _Lines(logging.Formatter):
    """Prints a record on one line. What one of ours lists is a member of it, and for people a line for each."""

    def __init__(self, printed: Processor, *, redacts: bool, is_console: bool) -> None:
        super().__init__()
        self._printed, self._redacts, self._is_console = printed, redacts, is_console

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. It is called while the record is emitted."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": scrubbed(record.name),
            **self._said(record),
        }
        below = line.pop("problems", ()) if self._is_console else ()
        return "\n  ".join([str(self._printed(None, record.levelname.lower(), line)), *below])

    def _said(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return what the record says: its text, what it says by keys, whose it is, and what was raised."""
        problems: list[str] = []
        if isinstance(record.msg, dict):  # of a logger of structlog
            given: dict[str, Any] = dict(record.msg)
            text, args, raised = given.pop("event", ""), given.pop("positional_args", ()), given.pop("exc_info", None)
            given.pop("stack_info", None)
            error = _error(raised or record.exc_info)
        else:
            given = {name: value for name, value in vars(record).items() if name in KNOWN}
            text, args, error = record.msg, record.args, _error(record.exc_info)
            problems = listed(record)
            if problems:  # they stand in the text too, for handlers of others: behind its first line
                text, args = str(text).partition("\n")[0], ()
        ids = answering.get()
        said = {**bounded(given), **(ids.told() if ids else {})}
        told: dict[str, Any] = {"event": self._text(record, text, args)}
        told.update((name, self._value(name, value)) for name, value in said.items())
        if problems:
            told["problems"] = problems
        if error is not None:
            told["exception"] = faults(error) if self._redacts else _traceback(error)
        return told

    def _text(self, record: logging.LogRecord, text: object, args: Any) -> str:
        return message(record, text, args) if self._redacts else scrubbed_around_id(filled(str(text), args))

    def _value(self, name: str, value: object) -> object:
        if self._redacts:
            return typed(name, value)
        if is_secret(name):
            return REMOVED
        if is_id(name, value):
            return value
        return value if value is None or isinstance(value, bool | int | float) else scrubbed(str(value))


def _error(raised: Any) -> BaseException | None:
    """Return the exception that a logger was given: itself, what `sys.exc_info()` returns, or True for the one that is
    being handled."""
    if isinstance(raised, BaseException):
        return raised
    if isinstance(raised, tuple):
        error: BaseException | None = raised[1]
        return error
    return sys.exception() if raised else None


def _traceback(error: BaseException) -> str:
    return scrubbed(" | ".join(line.strip() for line in traceback.format_exception(error)))
