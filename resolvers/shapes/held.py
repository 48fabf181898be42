"""What is known of values while the code that shapes them is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from adapters.rows import RowField, RowShape

__all__ = ["DictFacts", "Held", "HeldFacts", "RowFacts"]


@dataclass(frozen=True, slots=True)
class DictFacts:
    """Facts in a dict, nothing of which is known. `inner` says what stands in it that is not alike."""

    inner: Mapping[str, HeldFacts] = field(default_factory=lambda: MappingProxyType({}))

    def held(self, record: str, name: str) -> Held:
        """Return a field of a record."""
        return Held(f"{record}.get({name!r})", self.inner.get(name, DictFacts()))


@dataclass(frozen=True, slots=True)
class RowFacts:
    """Facts in a row. `seen` is the name of its class in the code; None in a row within a row, which came with it."""

    shape: RowShape
    seen: str | None = None

    def held(self, record: str, name: str) -> Held:
        """Return a field of a record."""
        row = self.shape.fields[name]
        code = f"{record}.{row.attribute}" if row.attribute else record
        return Held(code, DictFacts() if row.shape is None else RowFacts(row.shape), row, is_list=row.lists > 0)


HeldFacts = DictFacts | RowFacts
"""How the facts of an object are held."""


@dataclass(frozen=True, slots=True)
class Held:
    """A value in the code, before it has its shape: an expression, and what is known of it.

    `row` is what a row says of it: then it needs no guard but against null. `facts` is what an object of it is.
    `is_list` says that it is a list for certain, `is_there` that it is not null. `in_lists` counts the lists that were
    entered to get there.
    """

    code: str
    facts: HeldFacts
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
