"""The metrics of one process: its parts count in plain numbers, and all of them are read together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from adapters.adapter import Adapter
from adapters.limits import limits_kept_by
from gateway.admission import Admission
from gateway.telemetry.metrics.answers import Answers
from gateway.telemetry.metrics.calls import Calls
from gateway.telemetry.metrics.door import read_door
from gateway.telemetry.metrics.instruments import Reading
from gateway.telemetry.metrics.limits import read_limits
from gateway.telemetry.metrics.looking import LookUps, Records
from gateway.telemetry.metrics.process import Process
from gateway.telemetry.metrics.requests import Requests
from schema.deadline import Clock
from schema.observer import Observer

__all__ = ["Metrics"]

_log = logging.getLogger(__name__)


class Metrics:
    """Everything that is measured of a gateway. `calls` is the observer that the gateway tells, before `observer`.

    What is counted goes on over reloads: it is the process's, and not that of one set of views.
    """

    def __init__(self, observer: Observer, clock: Clock = time.monotonic) -> None:
        self.calls, self.requests, self.answers = Calls(observer), Requests(clock), Answers()
        self.lookups, self.records, self.process = LookUps(clock), Records(clock), Process(clock)
        self.began = time.time_ns()
        """When counting began, in nanoseconds since 1970."""
        counted = (self.requests, self.answers, self.calls, self.lookups, self.records, self.process)
        self._parts: list[Callable[[], Sequence[Reading]]] = [one.read for one in counted]

    def watch(self, adapters: Iterable[Adapter], admission: Admission) -> None:
        """Read also how the limits of these sources stand, where they have some, and the door."""
        limited = {one.source: limits for one in adapters if (limits := limits_kept_by(one)) is not None}
        self._parts += [partial(read_limits, limited), partial(read_door, admission)]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look at the event loop for as long as the context lasts."""
        with self.process.running():
            yield

    def read(self) -> Sequence[Reading]:
        """Return what everything says now. It is called on the event loop, and copies plain numbers.

        A part that fails is left out; its fault is logged.
        """
        readings: list[Reading] = []
        for part in self._parts:
            try:
                readings.extend(part())
            except Exception as error:  # noqa: BLE001  an adapter may be anybody's, and the others are still to be read
                _log.error("a part of the metrics could not be read: %s", type(error).__name__)
        return readings
