"""What the engine asks of a cross-reference: who is meant by a key, and which keys each source uses for them.

The values are structs of msgspec and no dataclasses: every request makes some, in a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from schema.identifiers import IdentifierType

__all__ = ["EVERYTHING", "CrossReference", "KeyNews", "LinkedKey", "Lookup", "Restriction", "Subject"]

EVERYTHING = "*"
"""In place of coordinates: a restriction of every coordinate."""


class Lookup(Struct, frozen=True):
    """One customer as somebody names them: by a source's own key, or, with `source` None, by a canonical id, or with
    `identifier` by an identifier of that type.

    The key is taken as it came; the cross-reference brings it into the source's normal form, or the identifier's. A
    canonical id may be one that a merge has replaced.
    """

    source: str | None
    key: str
    identifier: IdentifierType | None = None

    def __repr__(self) -> str:
        return f"Lookup({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, str | None]]:
        if self.identifier is None:
            return [("source", self.source)]
        return [("identifier", self.identifier.value)]


class LinkedKey(Struct, frozen=True):
    """A key that a source uses for the customer, and the link that says so. `link_id` may be told and logged."""

    key: str
    link_id: str

    def __repr__(self) -> str:
        return f"LinkedKey(link_id={self.link_id!r})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("link_id", self.link_id)]


class KeyNews(Struct, frozen=True):
    """What a source says of a key of its own when it is asked by it: the record is gone or, with `replaced_by`, the
    source's other key has taken its place. The link says which key it is, and whose."""

    link_id: str
    replaced_by: str | None = None

    def __repr__(self) -> str:
        return f"KeyNews(link_id={self.link_id!r})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("link_id", self.link_id)]


class Restriction(Struct, frozen=True):
    """Coordinates (`Type.field`) that may not be processed for this customer, and the ground as a short code.

    A restriction of `EVERYTHING` covers every coordinate.
    """

    ground: str
    coordinates: frozenset[str]


class Subject(Struct, frozen=True):
    """A customer that is known and may be asked about.

    `customer_id` is the canonical id in use now; `redirected` says that the look-up named another id, which a merge has
    replaced by this one. `keys` holds source -> its live keys in the order in which they answer: the customer's own
    before those that came by merge, then the newest link, then the key. A source without a live key is not in it.
    `restrictions` are those in force at the time of asking; a restriction of `EVERYTHING` leaves no keys to ask by.
    """

    customer_id: str
    redirected: bool
    keys: Mapping[str, tuple[LinkedKey, ...]]
    restrictions: tuple[Restriction, ...] = ()


class CrossReference(Protocol):
    """The one table that is kept: canonical customer id <-> each source's own keys."""

    async def resolve(self, lookup: Lookup) -> Subject | None:
        """Return who is meant: `resolve_many` of one."""

    async def resolve_many(self, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        """Return who is meant by each look-up, in the order asked; all answers are of one moment.

        None stands for unknown, erased, retired and a key that cannot be one: these make the same reads, so that the
        time taken does not tell them apart. Raises StoreError when the table cannot be read.
        """
