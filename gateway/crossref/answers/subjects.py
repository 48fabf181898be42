"""Who is meant, and what is known of a customer."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from adapters.crossref import Linked, Restriction, Subject
from gateway.told import Told

__all__ = ["ConsumerTold", "Resolved", "ResolvedMany", "RestrictionTold", "Standing", "SubjectTold", "Written"]


class Written(Told):
    """Where the customer stands: its id, its version (the ETag), and the number of the event that brought it there.

    `customer` is null, and the version 0, where the write was about keys that nobody has. `note` says in words what was
    asked for and could not be, such as to lift a restriction that is not in force; null where there is nothing to say.
    """

    customer: str | None
    version: int
    seq: int
    note: str | None = None

    @classmethod
    def of(cls, linked: Linked) -> Self:
        """Return it of what a write returns."""
        return cls(customer=linked.customer or None, version=linked.version, seq=linked.seq, note=linked.note)


class KeyTold(Told):
    """A key by which a source knows the customer, and the link that says so."""

    key: str = Field(repr=False)
    link_id: str


class RestrictionTold(Told):
    """Coordinates that may not be processed, and the ground as a short code."""

    ground: str
    coordinates: list[str]

    @classmethod
    def of(cls, restriction: Restriction) -> Self:
        """Return it of a restriction, its coordinates in order."""
        return cls(ground=restriction.ground, coordinates=sorted(restriction.coordinates))


class SubjectTold(Told):
    """A customer who is known, and by source its keys in the order in which they answer.

    `redirected` says that the look-up named another id, which a merge has replaced by this one.
    """

    customer: str
    redirected: bool
    keys: dict[str, list[KeyTold]]
    restrictions: list[RestrictionTold]

    @classmethod
    def of(cls, subject: Subject | None) -> Self | None:
        """Return it of whom the cross-reference has found."""
        if subject is None:
            return None
        return cls(
            customer=subject.customer_id,
            redirected=subject.redirected,
            keys={source: [KeyTold.model_validate(one) for one in keys] for source, keys in subject.keys.items()},
            restrictions=[RestrictionTold.of(one) for one in subject.restrictions],
        )


class Standing(Told):
    """The id of a customer in use now, its version, which every write of it counts up, and its status.

    That is `active`, but for auditors, who are told of customers that are `erased` or `retired` too.
    """

    customer: str
    version: int
    status: str


class Resolved(Told):
    """Who is meant; null for unknown, erased and retired alike."""

    subject: SubjectTold | None


class ResolvedMany(Told):
    """Who is meant by each look-up, in the order asked; null for unknown, erased and retired alike."""

    subjects: list[SubjectTold | None]


class ConsumerTold(Told):
    """Who asks, by the token: its roles here, and the sources whose keys alone it may write, all where none is told."""

    consumer: str
    roles: list[str]
    sources: list[str]
