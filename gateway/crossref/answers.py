"""What is answered. Keys of sources stand in who is resolved, in exports and in non-matches, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from adapters.crossref import (
    Candidate,
    ChainReport,
    Change,
    Export,
    HistoryEntry,
    Linked,
    MergePreview,
    NonMatch,
    Outline,
    Restriction,
    Subject,
)

__all__ = [
    "CandidateTold",
    "CandidatesTold",
    "ChangeTold",
    "ChangesTold",
    "ConsumerTold",
    "ExportTold",
    "HistoryTold",
    "NonMatchesTold",
    "OutlineTold",
    "PreviewTold",
    "Resolved",
    "ResolvedMany",
    "Standing",
    "SubjectTold",
    "Verified",
    "Written",
]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True, from_attributes=True)


class Written(_Told):
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


class KeyTold(_Told):
    """A key by which a source knows the customer, and the link that says so."""

    key: str = Field(repr=False)
    link_id: str


class RestrictionTold(_Told):
    """Coordinates that may not be processed, and the ground as a short code."""

    ground: str
    coordinates: list[str]


class SubjectTold(_Told):
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
            restrictions=[_restriction(one) for one in subject.restrictions],
        )


def _restriction(restriction: Restriction) -> RestrictionTold:
    return RestrictionTold(ground=restriction.ground, coordinates=sorted(restriction.coordinates))


class Standing(_Told):
    """The id of a customer in use now, its version, which every write of it counts up, and its status.

    That is `active`, but for auditors, who are told of customers that are `erased` or `retired` too.
    """

    customer: str
    version: int
    status: str


class Resolved(_Told):
    """Who is meant; null for unknown, erased and retired alike."""

    subject: SubjectTold | None


class ResolvedMany(_Told):
    """Who is meant by each look-up, in the order asked; null for unknown, erased and retired alike."""

    subjects: list[SubjectTold | None]


class ConflictTold(_Told):
    """What stands in the way of a merge, and of which source's keys it is about."""

    code: str
    customer: str
    other: str | None
    source: str | None


class PreviewTold(_Told):
    """What a merge would do, of which nothing is written.

    `version` is the survivor's, to be named by If-Match, and `loserVersion` the loser's, to be named in the body: then
    what is done is what this tells. `linksBySource` counts the links that would move. `conflicts` stand in the way;
    those of LIMIT_EXCEEDED yield to `force`. `restrictions` would hold for the survivor's own keys too, and
    `candidates` would be superseded.
    """

    loser: str
    survivor: str
    version: int
    loser_version: int
    links_by_source: dict[str, int]
    conflicts: list[ConflictTold]
    restrictions: list[RestrictionTold]
    candidates: list[str]

    @classmethod
    def of(cls, preview: MergePreview) -> Self:
        """Return it of what the cross-reference has found."""
        return cls(
            loser=preview.loser,
            survivor=preview.survivor,
            version=preview.version,
            loser_version=preview.loser_version,
            links_by_source=dict(preview.links_by_source),
            conflicts=[ConflictTold.model_validate(one) for one in preview.conflicts],
            restrictions=[_restriction(one) for one in preview.restrictions],
            candidates=[*preview.candidates],
        )


class CandidateTold(_Told):
    """What a steward has to decide, or has decided. The evidence names rules, codes and sources, never a key or value.

    `other` is null where only one customer is concerned.
    """

    candidate_id: str
    customer: str
    other: str | None
    kind: str
    grade: str
    score: float | None
    evidence: dict[str, Any]
    status: str
    decided_by: str | None
    decided_seq: int | None
    opened_seq: int
    opened_at: datetime


class CandidatesTold(_Told):
    """A page of candidates, the oldest first. The next one begins `after` the `next` of this one; null at the end."""

    candidates: list[CandidateTold]
    next: int | None

    @classmethod
    def of(cls, candidates: Sequence[Candidate], limit: int) -> Self:
        """Return a page of at most so many."""
        told = [CandidateTold.model_validate(one) for one in candidates]
        return cls(candidates=told, next=told[-1].opened_seq if len(told) == limit else None)


class NonMatchedKeyTold(_Told):
    """A source's key, linked or not, in the normal form in which it is kept."""

    source: str
    key: str = Field(repr=False)


class NonMatchTold(_Told):
    """Two keys that are never one person's, who said so, when and why; `seq` is the number of the event of it."""

    non_match_id: str
    first: NonMatchedKeyTold
    second: NonMatchedKeyTold
    asserted_by: str
    asserted_at: datetime
    reason_code: str | None
    reason_ref: str | None
    seq: int


class NonMatchesTold(_Told):
    """A page of non-matches, those said first before the others. The next begins `after` the `next` of this one."""

    non_matches: list[NonMatchTold]
    next: str | None

    @classmethod
    def of(cls, found: Sequence[NonMatch], limit: int) -> Self:
        """Return a page of at most so many."""
        told = [NonMatchTold.model_validate(one) for one in found]
        return cls(non_matches=told, next=told[-1].non_match_id if len(told) == limit else None)


class EntryTold(_Told):
    """One event: its number, when, what, which customer it names, who did it and why, and what exactly.

    `body` holds ids of links, customers and candidates, and commitments in place of keys.
    """

    seq: int
    at: datetime
    type: str
    customer: str | None
    actor: str
    reason_code: str | None
    reason_ref: str | None
    body: dict[str, Any]


class HistoryTold(_Told):
    """A page of what happened, in order. The next one begins `after` the `next` of this one; null at the end."""

    entries: list[EntryTold]
    next: int | None

    @classmethod
    def of(cls, entries: Sequence[HistoryEntry], limit: int) -> Self:
        """Return a page of at most so many."""
        told = [EntryTold.model_validate(one) for one in entries]
        return cls(entries=told, next=told[-1].seq if len(told) == limit else None)


class ChangeTold(_Told):
    """One event as a subscriber needs it: its number, when, what, the customers concerned, and what exactly.

    `customers` begins with the one that the event names; it is empty for what concerns a source.
    """

    seq: int
    at: datetime
    type: str
    customers: list[str]
    body: dict[str, Any]

    @classmethod
    def of(cls, change: Change) -> Self:
        """Return it of what the feed gives."""
        return cls.model_validate(change)


class ChangesTold(_Told):
    """What has changed, in order and without gaps. Ask for what follows with `after` the `next` of this one.

    `next` is the number of the last event told; where there is none, that which was asked for.
    """

    changes: list[ChangeTold]
    next: int

    @classmethod
    def of(cls, changes: Sequence[Change], after: int) -> Self:
        """Return what follows an event."""
        told = [ChangeTold.of(one) for one in changes]
        return cls(changes=told, next=told[-1].seq if told else after)


class ExportedLinkTold(_Told):
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


class ExportedReplacementTold(_Told):
    """A key of which a source says that it takes the place of that of a link, and the candidate that asks about it.

    `key` is null unless the candidate is open and no other customer has the key.
    """

    source: str
    key: str | None = Field(repr=False)
    candidate_id: str
    status: str
    link_id: str
    since: datetime


class ExportedIdentifierTold(_Told):
    """A kind of identifier of which a digest is kept, and when the source last gave it."""

    type: str
    source: str
    seen_at: datetime


class ExportedRestrictionTold(_Told):
    """What was not to be processed, on which ground, and from when; `until` is null for one that holds."""

    ground: str
    coordinates: list[str]
    since: datetime
    until: datetime | None


class ExportTold(_Told):
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


class OutlinedLinkTold(_Told):
    """That a source has a key of the customer; which one is told by `resolve` alone."""

    source: str
    link_id: str
    status: str
    since: datetime
    asserted_by: str
    method: str
    confidence: float


class OutlineTold(_Told):
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


class ConsumerTold(_Told):
    """Who asks, by the token: its roles here, and the sources whose keys alone it may write, all where none is told."""

    consumer: str
    roles: list[str]
    sources: list[str]


class ProblemTold(_Told):
    """What is wrong at one event, and with which row."""

    seq: int
    text: str
    row_id: str | None


class Verified(_Told):
    """How many events, commitments and rows were checked, and what was found: all is well without `problems`.

    `erased` counts commitments whose keys were erased. The first 100 problems are told.
    """

    holds: bool
    events: int
    commitments: int
    erased: int
    rows: int
    problems: list[ProblemTold]

    @classmethod
    def of(cls, report: ChainReport) -> Self:
        """Return it of what was found."""
        return cls.model_validate(report)
