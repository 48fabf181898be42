"""What came back for one key.

Found and Page are structs of msgspec and no dataclasses: there are as many of them as records, and they are made in a
seventh of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import Struct

from schema.reasons import Reason

__all__ = [
    "TYPE_NAME",
    "Answer",
    "Denied",
    "Facts",
    "Fault",
    "Found",
    "Gone",
    "Key",
    "Missing",
    "Page",
    "ReplacedBy",
    "SourceError",
]

Key = str
"""A source's own key of something, in the offer's normal form."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Stands in a record in place of a value that could not be used. Errors are values until they are printed.

    `is_absent`: the record does not have the value. It is the same fault, and told in other words.
    """

    reason: Reason
    is_absent: bool = field(default=False, compare=False)


Facts = Mapping[str, object]
"""One record in the model's words: model field name (as in Python) -> value, None, Fault, nested Facts, or a list of
these. It holds only fields that were asked; a field that is not in it was not fetched. Facts of an interface or union
hold the name of their concrete type at TYPE_NAME, or a Fault."""

TYPE_NAME = "__typename"
"""Where facts of an interface or union say which concrete type they are."""


class Page(Struct, frozen=True):
    """One page of a list of a key, in the source's order. A whole list is one page that nothing follows.

    `end_cursor` is the source's cursor behind the last item. `marks` are further cursors within the page, where it was
    read in several: how many items stand before each.
    """

    items: Sequence[Facts]
    end_cursor: str | None = None
    has_next: bool = False
    marks: tuple[tuple[int, str], ...] = ()

    def __repr__(self) -> str:
        return f"Page(has_next={self.has_next})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("has_next", self.has_next)]


class Found(Struct, frozen=True):
    """The source has it. `fetched_at` is when the answer came, `as_of` the source's own word for its age: a moment with
    its zone, None where it says nothing, and a Fault where it says something else."""

    record: Facts | Page
    fetched_at: datetime
    as_of: datetime | Fault | None = None

    def __repr__(self) -> str:
        return f"Found(fetched_at={self.fetched_at!r}, as_of={self.as_of!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("fetched_at", self.fetched_at), ("as_of", self.as_of)]


@dataclass(frozen=True, slots=True)
class Missing:
    """The source says that it has no record under this key."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The source says that the record under this key was deleted."""


@dataclass(frozen=True, slots=True)
class ReplacedBy:
    """The source says that another key has taken this one's place."""

    key: Key = field(repr=False)


@dataclass(frozen=True, slots=True)
class Denied:
    """The source refuses to tell this record to the gateway's credential.

    With a `reason` it is the gateway itself that has not asked: what lets the key be asked does so no more.
    """

    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class SourceError:
    """The source could not be asked for this key, or its answer could not be used.

    `detail` is for operators: a constant text of ours, never anything a source or a caller sent.
    """

    reason: Reason
    detail: str = ""


Answer = Found | Missing | Gone | ReplacedBy | Denied | SourceError
