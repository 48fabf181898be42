"""What came back for one key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

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
    """Stands in a record in place of a value that could not be used. Errors are values until they are printed."""

    reason: Reason


Facts = Mapping[str, object]
"""One record in the model's words: model field name (as in Python) -> value, None, Fault, nested Facts, or a list of
these. It holds only fields that were asked; a field that is not in it was not fetched. Facts of an interface or union
hold the name of their concrete type at TYPE_NAME, or a Fault."""

TYPE_NAME = "__typename"
"""Where facts of an interface or union say which concrete type they are."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list of a key, in the source's order. A whole list is one page that nothing follows.

    `end_cursor` is the source's cursor behind the last item. `marks` are further cursors within the page, where it was
    read in several: how many items stand before each.
    """

    items: Sequence[Facts] = field(repr=False)
    end_cursor: str | None = field(default=None, repr=False)
    has_next: bool = False
    marks: tuple[tuple[int, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The source has it. `fetched_at` is when the answer came, `as_of` the source's own word for its age."""

    record: Facts | Page = field(repr=False)
    fetched_at: datetime
    as_of: datetime | None = None


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
    """The source refuses to tell this record to the gateway's credential."""


@dataclass(frozen=True, slots=True)
class SourceError:
    """The source could not be asked for this key, or its answer could not be used.

    `detail` is for operators: a constant text of ours, never anything a source or a caller sent.
    """

    reason: Reason
    detail: str = ""


Answer = Found | Missing | Gone | ReplacedBy | Denied | SourceError
