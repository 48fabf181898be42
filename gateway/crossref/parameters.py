"""What stands in the URLs and headers of requests: ids, numbers and words, and never a key."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from adapters.crossref import CandidateStatus
from gateway.crossref.requests import MOST_TOGETHER

__all__ = [
    "AfterQuery",
    "CandidateId",
    "CandidatesQuery",
    "ChangesQuery",
    "IdempotencyKey",
    "IfMatch",
    "LastEventId",
    "MergeSeq",
    "NonMatchesQuery",
]

_MOST = 2**63 - 1
_ID = r"^[A-Za-z0-9_-]{1,64}$"


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class CandidatesAsked(_Query):
    """Which candidates."""

    status: CandidateStatus = CandidateStatus.OPEN
    after: int = Field(default=0, ge=0, le=_MOST, description="the `next` of the page before, 0 to begin")
    limit: int = Field(default=100, ge=1, le=MOST_TOGETHER)


class NonMatchesAsked(_Query):
    """Which non-matches."""

    after: str | None = Field(
        default=None, pattern=_ID, description="the `next` of the page before, none to begin", examples=["non_08f3d6"]
    )
    limit: int = Field(default=100, ge=1, le=MOST_TOGETHER)


class AfterAsked(_Query):
    """Where changes begin."""

    after: int = Field(default=0, ge=0, le=_MOST, description="the number of the last event seen, 0 to begin")


class ChangesAsked(AfterAsked):
    """Which changes."""

    limit: int = Field(default=MOST_TOGETHER, ge=1, le=MOST_TOGETHER)


NonMatchesQuery = Annotated[NonMatchesAsked, Query()]
CandidatesQuery = Annotated[CandidatesAsked, Query()]
ChangesQuery = Annotated[ChangesAsked, Query()]
AfterQuery = Annotated[AfterAsked, Query()]

CandidateId = Annotated[str, Path(pattern=_ID, description="the id of a candidate")]
MergeSeq = Annotated[int, Path(ge=1, le=_MOST, description="the number of the event that told the merge")]

LastEventId = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=_MOST)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]([ -~]{0,126}[!-~])?$",
        description="1 to 128 printable ASCII characters, such as a UUID: the same write with the same key is made "
        "once, and answered as it was the first time, for 24 hours",
    ),
]

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=r'^"[0-9]{1,19}"$',
        description="the version that the customer has to have, as its ETag tells it",
        examples=['"3"'],
    ),
]
