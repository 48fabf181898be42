"""A clock that goes on by as much whenever it is read."""

from __future__ import annotations

__all__ = ["Ticking"]


class Ticking:
    """Says `step` seconds more each time."""

    def __init__(self, step: float) -> None:
        self._step, self._now = step, 0.0

    def __call__(self) -> float:
        """The seconds by now."""
        self._now += self._step
        return self._now
