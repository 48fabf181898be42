"""What a document costs when it is new, when it comes again, and from then on.

`python -m tests.resolvers.coming_twice` prints it for documents of several sizes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from resolvers import Request
from resolvers.reading import Asked
from tests.resolvers.harbour import harbour
from tests.resolvers.vessels import view

SIZES = ((1, 1), (1, 10), (4, 30), (4, 100), (16, 60))
"""How many customers a document asks for by aliases, and how many fields of each."""

_VARIABLES = {"by": {"id": "v1"}}


@dataclass(frozen=True)
class Cost:
    """Milliseconds of CPU that a document takes until its sources are asked: the first, second and third time."""

    fields: int
    length: int
    each: tuple[float, float, float]
    has_shape: bool


def costs(sizes: tuple[tuple[int, int], ...] = SIZES, turns: int = 5) -> Iterator[Cost]:
    """The least of so many turns, each with an engine that knows no document."""
    for customers, fields in sizes:
        text = document(customers, fields)
        measured = [_measured(text) for _ in range(turns)]
        first, second, third = (min(turn[0][number] for turn in measured) for number in range(3))
        yield Cost(customers * fields, len(text), (first, second, third), measured[0][1])


def document(customers: int, fields: int) -> str:
    """A document whose look-ups share one fragment: it is short, and its plan is not."""
    of_each = " ".join(f"x{number}: name" for number in range(fields))
    asked = " ".join(f"a{number}: vessel(by: $by) {{ ...F }}" for number in range(customers))
    return f"query ($by: VesselBy!) {{ {asked} }} fragment F on Vessel {{ {of_each} }}"


def _measured(text: str) -> tuple[list[float], bool]:
    large = view(limits={"tokens": 4_000, "aliases": 1_000, "fields": 5_000, "weight": 100_000, "calls": 10_000})
    reader, request = harbour().engine._reader, Request(text, variables=_VARIABLES)
    reader.schema_of(large)
    timed = [_timed(lambda: reader.read(large, request)) for _ in range(3)]
    return [milliseconds for milliseconds, _ in timed], timed[-1][1].shape is not None


def _timed(read: Callable[[], Asked]) -> tuple[float, Asked]:
    began = time.process_time()
    asked = read()
    return (time.process_time() - began) * 1e3, asked


if __name__ == "__main__":
    for one in costs():
        new, again, known = one.each
        sys.stdout.write(f"| {one.fields} | {one.length} | {new:.1f} | {again:.1f} | {known:.2f} |\n")
