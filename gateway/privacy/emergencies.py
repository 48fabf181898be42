"""What was opened in emergencies: what waits for review, the review, and what was reviewed."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.break_glass import Opening, Outcome, Reviewing, is_place, moment
from gateway.privacy.asking import Asked, Asking, Reference
from gateway.privacy.operation import Operation
from gateway.told import Told

__all__ = ["EMERGENCIES"]

_KIND = "break-glass.listed"
_USUAL, _MOST = 100, 1_000
_WANTED = (
    f'Send {{"outcome": "{Outcome.JUSTIFIED}", "reference": "...", "actor": "..."}}, or "{Outcome.UNJUSTIFIED}"; the '
    "actor is the employee who has reviewed it."
)
_WANTED_PAGE = f"Give first (1 to {_MOST}) and after (the `next` of the page before) where wanted, each once."


class OpeningTold(Told):
    """A broken glass: by whom, for which view, why, when, until when it was open, and by when it is reviewed."""

    id: str
    view: str
    consumer: str
    actor: str
    reason: str
    reference: str
    broken_at: str
    until: str
    review_by: str


class WaitingOne(OpeningTold):
    """A broken glass that waits for review."""

    is_overdue: bool

    @classmethod
    def of(cls, one: Opening, now: float) -> Self:
        """Return it of what waits, in seconds since 1970."""
        return cls(**_members(one), is_overdue=one.is_overdue(now))


class ReviewerTold(Told):
    """Who has reviewed it: the consumer whose token it was, and the employee whom that consumer has named."""

    consumer: str
    actor: str


class ReviewedOne(OpeningTold):
    """A broken glass that was reviewed: what the review has come to, who made it, when, and where it is told."""

    outcome: str
    reviewed_by: ReviewerTold
    reviewed_at: str
    review_reference: str

    @classmethod
    def of(cls, one: Opening) -> Self:
        """Return it of what was reviewed."""
        assert one.review is not None
        return cls(
            **_members(one),
            outcome=one.review.outcome,
            reviewed_by=ReviewerTold(consumer=one.review.consumer, actor=one.review.actor),
            reviewed_at=moment(one.review.at),
            review_reference=one.review.reference,
        )


def _members(one: Opening) -> dict[str, Any]:
    return {
        "id": one.grant,
        "view": one.view,
        "consumer": one.consumer,
        "actor": one.actor,
        "reason": one.reason,
        "reference": one.reference,
        "broken_at": moment(one.opened_at),
        "until": one.until,
        "review_by": one.review_by,
    }


class WaitingTold(Told):
    """What waits, the oldest first, and `next` to ask for what follows, null at the end."""

    waiting: list[WaitingOne]
    next: str | None


class ReviewedTold(Told):
    """What was reviewed, the newest review first, and `next` to ask for what follows, null at the end."""

    reviewed: list[ReviewedOne]
    next: str | None


def _place(text: str) -> str:
    if not is_place(text):
        raise ValueError("wanted the `next` of the page before")
    return text


class PageAsked(BaseModel):
    """Which part of the list."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    first: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL
    after: Annotated[str, AfterValidator(_place), Field(max_length=200)] | None = None


class ReviewAsked(BaseModel):
    """What the review has come to, where that is told, and which employee has made it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    outcome: Outcome
    reference: Annotated[Reference, Field(examples=["DPO-9"])]
    actor: Annotated[Reference, Field(examples=["e-4711"])]


class ReviewTold(Told):
    """What was written down."""

    id: str
    outcome: Outcome


class EndTold(Told):
    """What is over."""

    id: str


async def list_waiting(asked: Annotated[PageAsked, Query()], asking: Asked) -> WaitingTold:
    """Tell what was opened in emergencies and waits for review.

    The oldest first, a page at a time; nothing leaves the list but by its review. Of whom it was is told where the
    reference leads, and by who-saw.
    """
    page = await _reviewing(asking).waiting(asked.first, asked.after)
    now = asking.service.now()
    return WaitingTold(waiting=[WaitingOne.of(one, now) for one in page.openings], next=page.next)


async def list_reviewed(asked: Annotated[PageAsked, Query()], asking: Asked) -> ReviewedTold:
    """Tell what was opened in emergencies and reviewed, and what the reviews have come to.

    The newest review first, a page at a time, as far back as the audit's records are kept.
    """
    page = await _reviewing(asking).reviewed(asked.first, asked.after)
    return ReviewedTold(reviewed=[ReviewedOne.of(one) for one in page.openings], next=page.next)


async def review_opened(grant: str, body: ReviewAsked, asking: Asked) -> ReviewTold:
    """Write down what a review has come to.

    Once: it is not changed afterwards. Who opened it does not review it: neither the consumer nor the actor.
    """
    await _reviewing(asking).review(asking.caller, body.actor, grant, body.outcome, body.reference)
    return ReviewTold(id=grant, outcome=body.outcome)


async def end_opened(grant: str, asking: Asked) -> EndTold:
    """End what was opened in an emergency, before its time.

    Every gateway on the same records opens nothing by it within a second. It is reviewed all the same. What is over
    already stays so.
    """
    await _reviewing(asking).end(asking.caller, grant)
    return EndTold(id=grant)


def _reviewing(asking: Asking) -> Reviewing:
    assert asking.service.reviewing is not None  # it is there where the gateway keeps audit
    return asking.service.reviewing


EMERGENCIES = (
    Operation("GET", "/break-glass", list_waiting, _KIND, _WANTED_PAGE),
    Operation("GET", "/break-glass/reviewed", list_reviewed, _KIND, _WANTED_PAGE),
    Operation("DELETE", "/break-glass/{grant}", end_opened, None),
    Operation("POST", "/break-glass/{grant}/review", review_opened, None, _WANTED),
)
