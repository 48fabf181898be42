"""What is known of values while the code that shapes them is written, and the lines that all of it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from graphql import GraphQLOutputType, is_non_null_type

from adapters.rows import RowField, RowShape
from resolvers.emitting import Text
from resolvers.making import OddError, Spot
from resolvers.plan import FieldPlan
from resolvers.reasons_of_null import ResponsePath

__all__ = ["Code", "DictFacts", "Facts", "Held", "Place", "RowFacts"]


@dataclass(frozen=True, slots=True)
class DictFacts:
    """Facts in a dict, nothing of which is known. `inner` says what stands in it that is not alike."""

    inner: Mapping[str, Facts] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class RowFacts:
    """Facts in a row. `seen` is the name of its class in the code; None in a row within a row, which came with it."""

    shape: RowShape
    seen: str | None = None


Facts = DictFacts | RowFacts
"""How the facts of an object are held."""


@dataclass(frozen=True, slots=True)
class Held:
    """A value in the code, before it has its shape: an expression, and what is known of it.

    `row` is what a row says of it: then it needs no guard but against null. `facts` is what an object of it is.
    `is_list` says that it is a list for certain, `is_there` that it is not null. `in_lists` counts the lists that were
    entered to get there.
    """

    code: str
    facts: Facts
    row: RowField | None = None
    is_list: bool = False
    is_there: bool = False
    in_lists: int = 0

    def item(self, name: str) -> Held:
        """Return an entry of it."""
        entered = self.in_lists + 1
        return replace(self, code=name, is_list=self._has_list(entered), is_there=False, in_lists=entered)

    def _has_list(self, entered: int) -> bool:
        return self.row is not None and entered < self.row.lists

    @property
    def is_inline(self) -> bool:
        """Return whether it is an object whose values stand in the row itself."""
        return self.row is not None and not self.row.attribute

    @property
    def is_leaf_of(self) -> type | None:
        """Return the class of the value where a row says it and null is the only other thing."""
        return self.row.leaf if self.row is not None and self.in_lists == self.row.lists else None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the answer: its path as code, and with `*` for the indexes.

    `mark` is the name of what had been noted before the list that is entered here.
    """

    path: tuple[str, ...]
    pattern: ResponsePath
    mark: str = "None"

    def field(self, name: str) -> Place:
        """Return the place of a field of the object here."""
        return Place((*self.path, repr(name)), (*self.pattern, name))

    def item(self, index: str) -> Place:
        """Return the place of an entry of the list here."""
        return Place((*self.path, index), (*self.pattern, "*"), self.mark)

    @property
    def is_item(self) -> bool:
        """Return whether it is an entry of a list."""
        return self.pattern[-1] == "*"

    @property
    def code(self) -> str:
        """Return the path as a list in the code."""
        return f"[{', '.join(self.path)}]"


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

    def spot(self, plan: FieldPlan, at: Place, prints: Callable[[Any], Any] | None = None) -> str:
        """Return the name of the spot of a field at a place."""
        return self.constant("spot", Spot(plan, at.pattern, at.is_item, prints))

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
