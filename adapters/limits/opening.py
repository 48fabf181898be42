"""The limits of a source as its adapter declares them, ready to be kept."""

from __future__ import annotations

from adapters.limits.breaker_log import BreakerLog
from adapters.limits.declared import Limits, Width
from adapters.limits.source import SourceLimits

__all__ = ["open_limits"]


def open_limits(
    source: str,
    limits: Limits | SourceLimits | None,
    timeout: float | None,
    at_once: int | None,
    *,
    bound: int | None = None,
) -> SourceLimits:
    """Return the limits of a source, narrowed to this timeout and so many calls together.

    Where none are declared, these two are what is. Limits that are open already are taken as they are. A breaker that
    opens or closes is logged (`BreakerLog`). `bound` is that of SourceLimits.
    """
    if isinstance(limits, SourceLimits):
        return limits
    if limits is None:
        limits = Limits(timeout=timeout, width=Width() if at_once is None else Width(most=at_once))
    return SourceLimits(limits.narrowed(timeout, at_once), bound=bound, told=BreakerLog(source).note)
