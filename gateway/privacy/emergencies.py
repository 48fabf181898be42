"""What was opened in emergencies and waits for review, and the review."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.break_glass import Outcome, Reviewing, Waiting, moment
from gateway.privacy.asking import Asked, Asking
from gateway.privacy.operation import Operation
from gateway.privacy.told import Told
from gateway.situations import is_reference

__all__ = ["EMERGENCIES"]

_KIND = "break-glass.listed"
_WANTED = f'Send {{"outcome": "{Outcome.JUSTIFIED}", "reference": "..."}}, or "{Outcome.UNJUSTIFIED}".'


class WaitingOne(Told):
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
    is_overdue: bool

    @classmethod
    def of(cls, one: Waiting) -> Self:
        """Return it of what waits."""
        return cls(
            id=one.grant,
            view=one.view,
            consumer=one.consumer,
            actor=one.actor,
            reason=one.reason,
            reference=one.reference,
            broken_at=moment(one.opened_at),
            until=one.until,
            review_by=one.review_by,
            is_overdue=one.is_overdue,
        )


class WaitingTold(Told):
    """What waits, the oldest first."""

    waiting: list[WaitingOne]


def _reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError("wanted 1 to 100 visible ASCII characters, such as DPO-9")
    return text


class ReviewAsked(BaseModel):
    """What the review has come to, and where that is told."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    outcome: Outcome
    reference: Annotated[str, AfterValidator(_reference), Field(examples=["DPO-9"])]


class ReviewTold(Told):
    """What was written down."""

    id: str
    outcome: Outcome


async def list_waiting(asking: Asked) -> WaitingTold:
    """Tell what was opened in emergencies and waits for review.

    Of the last 90 days, the oldest first. Of whom it was is told where the reference leads, and by who-saw.
    """
    return WaitingTold(waiting=[WaitingOne.of(one) for one in await _reviewing(asking).waiting()])


async def review_opened(grant: str, body: ReviewAsked, asking: Asked) -> ReviewTold:
    """Write down what a review has come to.

    The consumer that opened it does not review it.
    """
    await _reviewing(asking).review(asking.caller, grant, body.outcome, body.reference)
    return ReviewTold(id=grant, outcome=body.outcome)


def _reviewing(asking: Asking) -> Reviewing:
    assert asking.service.reviewing is not None  # it is there where the gateway keeps audit
    return asking.service.reviewing


EMERGENCIES = (
    Operation("GET", "/break-glass", list_waiting, _KIND),
    Operation("POST", "/break-glass/{grant}/review", review_opened, None, _WANTED),
)
