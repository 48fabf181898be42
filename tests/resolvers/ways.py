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
from resolvers.careful import Careful
from resolvers.cursors import Cursors
from resolvers.executing import Operation, execute
from resolvers.fetched import Fetched
from resolvers.shaping import DoubtError, Shape, compile_shape


@dataclass
class Ways:
    """How many answers were made, by no shape at all, and by the executor because the shape doubted; and how many
    customers were shaped with care. `codes` are the codes of the shapes."""

    made: int = 0
    shapeless: int = 0
    doubted: int = 0
    with_care: int = 0
    codes: list[str] = field(default_factory=list)

    @property
    def told(self) -> tuple[int, int, int]:
        """Without a shape, doubted, and customers shaped with care."""
        return self.shapeless, self.doubted, self.with_care

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
        shape = compile_shape(operation.schema, fetched.plan, fetched.verdicts.transforms)
        self.made += 1
        if shape is None:
            self.shapeless += 1
            return exact
        self.codes.append(shape.code)
        try:
            made = shape(fetched, subjects, cursors)
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
    ways, customer = Ways(), Careful.customer

    def counted(self: Careful, *given: Any) -> Any:
        ways.with_care += 1
        return customer(self, *given)

    with patch.object(engine, "assemble", ways.assemble), patch.object(Careful, "customer", counted):
        yield ways
