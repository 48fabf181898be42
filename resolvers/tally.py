"""The port through which it is told what answers came to, without importing telemetry."""

from __future__ import annotations

import logging
from typing import NamedTuple, Protocol

from resolvers.assembled import Assembled
from resolvers.fetched import Fetched
from resolvers.plan import Plan
from resolvers.readings import Readings
from schema.views import View

__all__ = ["Answered", "Tally", "tell_tally"]

_log = logging.getLogger(__name__)


class Answered(NamedTuple):
    """An answer that may leave, for what it was asked, and what was read for it. `readings` are the gates that were
    asked, None where there were none."""

    view: View
    plan: Plan
    answer: Assembled
    fetched: Fetched
    readings: Readings | None


class Tally(Protocol):
    """Is told of every answer, by `tell_tally`. It returns at once; what it raises is logged, and no more."""

    def count(self, answered: Answered) -> None:
        """Count an answer. It keeps nothing of it."""


def tell_tally(tally: Tally, answered: Answered) -> None:
    """Have an answer counted. A fault there costs nobody the answer: its type is logged, and not its text."""
    try:
        tally.count(answered)
    except Exception as error:  # noqa: BLE001  a tally may be anybody's
        _log.error("a tally raised %s when it was told of an answer", type(error).__name__)
