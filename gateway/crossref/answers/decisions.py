"""What a steward decides: merges, candidates, and keys that are never one person"s."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from adapters.crossref import Candidate, MergePreview, NonMatch
from gateway.crossref.answers.subjects import RestrictionTold
from gateway.told import Told

__all__ = ["CandidateTold", "CandidatesTold", "NonMatchesTold", "PreviewTold"]


class ConflictTold(Told):
    """What stands in the way of a merge, and of which source's keys it is about."""

    code: str
    customer: str
    other: str | None
    source: str | None


class PreviewTold(Told):
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
            restrictions=[RestrictionTold.of(one) for one in preview.restrictions],
            candidates=[*preview.candidates],
        )


class CandidateTold(Told):
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


class CandidatesTold(Told):
    """A page of candidates, the oldest first. The next one begins `after` the `next` of this one; null at the end."""

    candidates: list[CandidateTold]
    next: int | None

    @classmethod
    def of(cls, candidates: Sequence[Candidate], limit: int) -> Self:
        """Return a page of at most so many."""
        told = [CandidateTold.model_validate(one) for one in candidates]
        return cls(candidates=told, next=told[-1].opened_seq if len(told) == limit else None)


class NonMatchedKeyTold(Told):
    """A source's key, linked or not, in the normal form in which it is kept."""

    source: str
    key: str = Field(repr=False)


class NonMatchTold(Told):
    """Two keys that are never one person's, who said so, when and why; `seq` is the number of the event of it."""

    non_match_id: str
    first: NonMatchedKeyTold
    second: NonMatchedKeyTold
    asserted_by: str
    asserted_at: datetime
    reason_code: str | None
    reason_ref: str | None
    seq: int


class NonMatchesTold(Told):
    """A page of non-matches, those said first before the others. The next begins `after` the `next` of this one."""

    non_matches: list[NonMatchTold]
    next: str | None

    @classmethod
    def of(cls, found: Sequence[NonMatch], limit: int) -> Self:
        """Return a page of at most so many."""
        told = [NonMatchTold.model_validate(one) for one in found]
        return cls(non_matches=told, next=told[-1].non_match_id if len(told) == limit else None)
