"""An answer made in both ways, compared byte for byte, and in which way it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import orjson

from adapters.crossref import Subject
from resolvers import engine
from resolvers.assembled import Assembled
from resolvers.cursors import Cursors
from resolvers.executing import Operation, execute
from resolvers.fetched import Fetched
from resolvers.handed_on import DoubtError
from resolvers.shapes import Shape, compile_shape, shaping
from resolvers.shapes.making import Making


@dataclass
class Ways:
    """How many answers were made, by no shape at all, and by the executor because the shape doubted; how many customers
    the first function of a shape did not make, and how many of these the executor made alone. `codes` are the codes of
    the shapes."""

    made: int = 0
    shapeless: int = 0
    doubted: int = 0
    again: int = 0
    alone: int = 0
    codes: list[str] = field(default_factory=list)

    @property
    def told(self) -> tuple[int, int, int]:
        """Without a shape, doubted, and customers that the first function did not make."""
        return self.shapeless, self.doubted, self.again

    def assemble(
        self,
        operation: Operation,
        fetched: Fetched,
        subjects: Mapping[str, Sequence[Subject | None]],
        cursors: Cursors,
        _shape: Shape | None = None,
    ) -> Assembled:
        """Return the answer of a shape, compiled on the spot, which is that of the executor."""
        exact = execute(operation, fetched, subjects, cursors)
        shape = compile_shape(operation.schema, fetched.plan, fetched.verdicts.rules)
        self.made += 1
        if shape is None:
            self.shapeless += 1
            return exact
        self.codes.append(shape.code)
        try:
            made = shape(operation, fetched, subjects, cursors)
        except DoubtError:
            self.doubted += 1
            return exact
        assert printed(made) == printed(exact)
        return made


def printed(answer: Assembled) -> bytes:
    """Everything of an answer as bytes, in its order."""
    return orjson.dumps([answer.data, answer.errors, answer.withheld, answer.masked, answer.absent])


@contextmanager
def both_ways() -> Iterator[Ways]:
    """Have every engine make its answers both ways."""
    ways, executed, anew = Ways(), Making.executed, shaping._Customers._anew

    def counted(self: Making, *given: Any) -> Any:
        ways.alone += 1
        return executed(self, *given)

    def counted_anew(*given: Any) -> Any:
        ways.again += 1
        return anew(*given)

    with (
        patch.object(engine, "assemble", ways.assemble),
        patch.object(Making, "executed", counted),
        patch.object(shaping._Customers, "_anew", counted_anew),
    ):
        yield ways
