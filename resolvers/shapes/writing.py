"""The lines that all the code of a shape is made of, and the paths that stand in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLOutputType, is_non_null_type

from resolvers.handed_on import OddError
from resolvers.plan import FieldPlan
from resolvers.reasons_of_null import ResponsePath
from resolvers.shapes.emitting import Text
from resolvers.shapes.making import Spot

__all__ = ["Code", "WrittenPath"]


@dataclass(frozen=True, slots=True)
class WrittenPath:
    """The path of what is written, in the answer: its steps as code, and as a pattern with `*` for the indexes.

    `noted_before` is the name of how much had been noted before the list that is entered here.
    """

    steps: tuple[str, ...]
    pattern: ResponsePath
    noted_before: str = "None"

    def field(self, name: str) -> WrittenPath:
        """Return the path of a field of the object here."""
        return WrittenPath((*self.steps, repr(name)), (*self.pattern, name))

    def item(self, index: str) -> WrittenPath:
        """Return the path of an entry of the list here."""
        return WrittenPath((*self.steps, index), (*self.pattern, "*"), self.noted_before)

    @property
    def is_item(self) -> bool:
        """Return whether it is that of an entry of a list."""
        return self.pattern[-1] == "*"

    @property
    def code(self) -> str:
        """Return the path as a list in the code."""
        return f"[{', '.join(self.steps)}]"


class Code(Text):
    """The text of a function that shapes customers."""

    def odd(self) -> str:
        """Write that the customer is out of the ordinary, and return what stands where nothing is ever reached."""
        self.line(f"raise {self.constant('Odd', OddError)}")
        return "..."

    def odd_if(self, condition: str) -> None:
        """Write that the customer is out of the ordinary where a condition holds."""
        with self.block(f"if {condition}"):
            self.odd()

    def bound(self, code: str) -> str:
        """Return a name for the value of an expression."""
        if code.isidentifier():
            return code
        name = self.name("x")
        self.line(f"{name} = {code}")
        return name

    def spot(self, plan: FieldPlan, at: WrittenPath, prints: Callable[[Any], Any] | None = None) -> str:
        """Return the name of the spot of a field at a path."""
        return self.constant("spot", Spot(plan, at.pattern, at.is_item, prints))

    def fault(self, name: str, plan: FieldPlan, at: WrittenPath) -> str:
        """Return what stands for a value that is a Fault, or is odd, as an expression."""
        return f"fault({self.spot(plan, at)}, {name}, {at.code})"

    @contextmanager
    def where_right(self, name: str, right: str, output: GraphQLOutputType, otherwise: str) -> Iterator[None]:
        """Write, as what is written meanwhile, what is made of a value for which a condition holds.

        What it is otherwise, if it is not null, is an expression; where there may be no null it is odd.
        """
        if is_non_null_type(output):
            self.odd_if(f"not ({right})")
            yield
        else:
            with self.block(f"if {right}"):
                yield
            with self.block(f"elif {name} is not None"):
                self.line(f"{name} = {otherwise}")

    @contextmanager
    def unless_null(self, name: str, output: GraphQLOutputType, *, is_there: bool = False) -> Iterator[None]:
        """Write, as what is written meanwhile, what is made of a value if it is not null.

        `is_there`: it is none, or what is written will find out.
        """
        if is_there or is_non_null_type(output):
            if not is_there:
                self.odd_if(f"{name} is None")
            yield
        else:
            with self.block(f"if {name} is not None"):
                yield
