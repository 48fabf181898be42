"""All that is kept of one customer: with its keys for the person, and without them for a steward."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field

from adapters.crossref import Export, Outline
from gateway.crossref.answers.events import EntryTold
from gateway.told import Told

__all__ = ["ExportTold", "OutlineTold", "OutlinedLinkTold"]


class ExportedLinkTold(Told):
    """A key that a source uses, or has used, for the customer; `key` is null for a link that has ended.

    `status` is `live`, `superseded` where another key of the source has taken its place, or `ended`.
    """

    source: str
    key: str | None = Field(repr=False)
    link_id: str
    status: str
    since: datetime
    until: datetime | None
    asserted_by: str
    method: str
    confidence: float


class ExportedReplacementTold(Told):
    """A key of which a source says that it takes the place of that of a link, and the candidate that asks about it.

    `key` is null unless the candidate is open and no other customer has the key.
    """

    source: str
    key: str | None = Field(repr=False)
    candidate_id: str
    status: str
    link_id: str
    since: datetime


class ExportedIdentifierTold(Told):
    """A kind of identifier of which a digest is kept, and when the source last gave it."""

    type: str
    source: str
    seen_at: datetime


class ExportedRestrictionTold(Told):
    """What was not to be processed, on which ground, and from when; `until` is null for one that holds."""

    ground: str
    coordinates: list[str]
    since: datetime
    until: datetime | None


class ExportTold(Told):
    """All that is kept of one customer, at one moment. `merged` are the ids that were merged into it.

    The history names who did it, and other customers by their ids: leave these out of what the person is given.
    `isWhole` is false when there are more events than the first 10,000; the history tells them.
    """

    customer: str
    merged: list[str]
    links: list[ExportedLinkTold]
    replacements: list[ExportedReplacementTold]
    identifiers: list[ExportedIdentifierTold]
    restrictions: list[ExportedRestrictionTold]
    history: list[EntryTold]
    is_whole: bool

    @classmethod
    def of(cls, export: Export) -> Self:
        """Return it of what is kept."""
        return cls.model_validate(export)


class OutlinedLinkTold(Told):
    """That a source has a key of the customer; which one is told by `resolve` alone."""

    source: str
    link_id: str
    status: str
    since: datetime
    asserted_by: str
    method: str
    confidence: float


class OutlineTold(Told):
    """What is known of a customer but for its keys. `merged` are the ids that lead to it, `version` is the ETag too.

    `isWhole` is false when there are more links than the first 1,000.
    """

    customer: str
    version: int
    created_at: datetime
    merged: list[str]
    links: list[OutlinedLinkTold]
    identifiers: list[ExportedIdentifierTold]
    restrictions: list[ExportedRestrictionTold]
    is_whole: bool

    @classmethod
    def of(cls, outline: Outline) -> Self:
        """Return it of what is known."""
        return cls.model_validate(outline)
