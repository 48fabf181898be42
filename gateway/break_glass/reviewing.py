"""What was opened and waits for the privacy officer's review, and the review."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from gateway.break_glass.ledger import OPENED, REVIEWED, Ledger, Noted
from gateway.refusals import NotTakenError, RequestCode, not_at_this_path
from schema.caller import Caller

__all__ = ["CHANGED", "Outcome", "Reviewing", "Waiting"]

CHANGED = "the record was changed: run customer-view audit verify"
"""What stands in place of the reason where a record is not as it was written."""

DAYS = 90
"""How far back is looked: three times as long as any view gives for a review (720 hours)."""


class Outcome(StrEnum):
    """What the review has come to."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A broken glass that waits for review: by whom it was broken, for which view, why, when (in seconds since 1970),
    until when it was open and by when it is to be reviewed (as texts, in UTC).

    Of whom it was is not told here, but where the reference leads. Of a record that is not as it was written the reason
    is CHANGED, and the rest is not to be relied on.
    """

    grant: str
    view: str
    consumer: str
    actor: str
    reason: str
    reference: str
    opened_at: float
    until: str
    review_by: str
    is_overdue: bool


class Reviewing:
    """Reads what waits from the audit, and writes the reviews there. `now` is in seconds since 1970."""

    def __init__(self, ledger: Ledger, *, now: Callable[[], float] = time.time) -> None:
        self._ledger, self._now = ledger, now

    async def waiting(self) -> Sequence[Waiting]:
        """Return what waits, the oldest first.

        Raises:
            OSError: The audit cannot be read.
        """
        noted = await self._ledger.events((OPENED, REVIEWED), days=DAYS)
        reviewed = {one.members["happened"]["grant"] for one in noted if one.kind == REVIEWED and one.is_signed}
        opened = [_waiting(one, self._now()) for one in noted if one.kind == OPENED]
        return [one for one in opened if one.grant not in reviewed]

    async def review(self, caller: Caller, grant: str, outcome: Outcome, reference: str) -> None:
        """Write down what the review of a grant has come to; `reference` is where it is told.

        Raises:
            NotTakenError: 404, nothing waits under this id; 403, who opened it does not review it.
            AuditUnavailableError: It cannot be written down.
            OSError: The audit cannot be read.
        """
        found = next((one for one in await self.waiting() if one.grant == grant), None)
        if found is None:
            raise not_at_this_path()
        if found.consumer == caller.consumer:
            message = "Who has opened it does not review it. Have another consumer with the role do so."
            raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)
        told = {"grant": grant, "consumer": caller.consumer, "outcome": str(outcome), "reference": reference}
        await self._ledger.record_event(REVIEWED, told)


def _waiting(noted: Noted, now: float) -> Waiting:
    if not noted.is_signed:
        return _changed(noted)
    told = noted.members["happened"]
    return Waiting(
        grant=told["grant"],
        view=told["view"],
        consumer=told["consumer"],
        actor=told["actor"],
        reason=told["reason"],
        reference=told["reference"],
        opened_at=noted.at.timestamp(),
        until=told["until"],
        review_by=told["review_by"],
        is_overdue=datetime.fromisoformat(told["review_by"]).timestamp() < now,
    )


def _changed(noted: Noted) -> Waiting:
    """Return what waits where somebody has changed its record, as far as it can be read: else who may write there could
    have an opening forgotten."""
    happened = noted.members.get("happened")
    told = happened if isinstance(happened, Mapping) else {}
    texts = {name: told.get(name) for name in ("grant", "view", "consumer", "actor", "reference")}
    at = noted.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Waiting(
        **{name: text if isinstance(text, str) else "" for name, text in texts.items()},
        reason=CHANGED,
        opened_at=noted.at.timestamp(),
        until=at,
        review_by=at,
        is_overdue=True,
    )
