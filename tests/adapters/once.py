"""Limits for tests of what one call comes to: it is made once, and no source is left alone."""

from __future__ import annotations

from adapters.limits import Breaking, Limits, Repeating

__all__ = ["ONCE"]

ONCE = Limits(breaking=Breaking(failures=1_000, of=1_000), repeating=Repeating(most=0))
