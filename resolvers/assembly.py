"""From what was fetched to the answer: data, and a reason for every null and every mask.

A pure function of the plan, the fetched answers and the verdicts. There are two ways to it, and they are equal: the
shape, compiled from the plan, and graphql-core's executor, which decides whatever the shape doubts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.crossref import Subject
from resolvers.assembled import Assembled
from resolvers.cursors import Cursors
from resolvers.executing import Operation, execute
from resolvers.fetched import Fetched
from resolvers.handed_on import DoubtError
from resolvers.hold_ups import mark_optional
from resolvers.shapes import Shape
from resolvers.values import MOST_VALUES

__all__ = ["MOST_VALUES", "Assembled", "Operation", "assemble"]


def assemble(
    operation: Operation,
    fetched: Fetched,
    subjects: Mapping[str, Sequence[Subject | None]],
    cursors: Cursors,
    shape: Shape | None = None,
) -> Assembled:
    """Return the answer. `subjects` holds the customers that each root field found, by response name, in order.

    Without a shape the executor makes it.
    """
    answer = _shaped(shape, operation, fetched, subjects, cursors)
    if answer is None:
        answer = execute(operation, fetched, subjects, cursors)
    if fetched.left:
        mark_optional(fetched.plan, answer.errors, frozenset(fetched.left))
    return answer


def _shaped(
    shape: Shape | None,
    operation: Operation,
    fetched: Fetched,
    subjects: Mapping[str, Sequence[Subject | None]],
    cursors: Cursors,
) -> Assembled | None:
    """Return the answer as the shape makes it, None where there is none, or it doubts."""
    if shape is None:
        return None
    try:
        return shape(operation, fetched, subjects, cursors)
    except DoubtError:
        return None
