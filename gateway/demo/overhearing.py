"""What the gateway writes to its log while the demo is told, for the story: else it would stand in the midst of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["overheard"]

_LOGGER = "gateway"


class _Listening(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{record.name}: {record.getMessage()}")


@contextmanager
def overheard() -> Iterator[Sequence[str]]:
    """Return what is logged for as long as the context lasts: the logger's name and the message of each warning."""
    lines: list[str] = []
    logger, listening = logging.getLogger(_LOGGER), _Listening(lines)
    logger.addHandler(listening)
    try:
        yield lines
    finally:
        logger.removeHandler(listening)
