"""What a piece of work takes, counted: calls, instructions and memory. A slow machine changes none of them."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import FrameType
from typing import Any

__all__ = ["Work", "count_calls", "count_instructions", "measure_peak"]

_MEASURED_HERE = frozenset({__file__})


@dataclass(frozen=True, slots=True)
class Work:
    """What one request takes: calls of functions in Python and in C, instructions of Python, the most bytes that were
    held at a time beyond what is always held, and the calls to sources."""

    calls: int
    instructions: int
    peak_bytes: int
    upstream: int


def count_calls(work: Callable[[], object], leaving_out: Collection[str] = ()) -> int:
    """Return how many functions were called or gone on with, those written in C too.

    `leaving_out` are files whose own functions, and what they call in C, do not count.
    """
    counted, ignored = 0, _MEASURED_HERE.union(leaving_out)

    def saw(frame: FrameType, event: str, _: Any) -> None:
        nonlocal counted
        if event in ("call", "c_call") and frame.f_code.co_filename not in ignored:
            counted += 1

    before = sys.getprofile()
    sys.setprofile(saw)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def count_instructions(work: Callable[[], object], leaving_out: Collection[str] = ()) -> int:
    """Return how many instructions of Python's own machine were run; those of the files left out do not count."""
    counted, ignored = 0, _MEASURED_HERE.union(leaving_out)

    def within(_frame: FrameType, event: str, _: Any) -> Any:
        nonlocal counted
        if event == "opcode":
            counted += 1
        return within

    def saw(frame: FrameType, _event: str, _: Any) -> Any:
        if frame.f_code.co_filename in ignored:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return within

    before = sys.gettrace()
    sys.settrace(saw)
    try:
        work()
    finally:
        sys.settrace(before)
    return counted


def measure_peak(work: Callable[[], object]) -> int:
    """Return the most bytes that the work held at a time, by Python's own account."""
    is_ours = not tracemalloc.is_tracing()
    if is_ours:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if is_ours:
            tracemalloc.stop()
    return peak - before
