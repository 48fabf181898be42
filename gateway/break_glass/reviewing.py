"""What was opened and waits for the privacy officer's review, the review, and what was reviewed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.break_glass.ending import EndedGrants
from gateway.break_glass.ledger import ENDED, REVIEWED, Ledger
from gateway.break_glass.standing import Opening, Outcome, Review, first_review, opening_of, outcomes, standing
from gateway.refusals import NotTakenError, RequestCode
from schema.caller import Caller

__all__ = ["Page", "Reviewing", "is_place"]

_PLACE = re.compile(r"(?P<at>-?[0-9]{1,12}\.[0-9]{6})_(?P<grant>.{0,100})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a list, and what to ask for to have what follows; None at the end."""

    openings: Sequence[Opening]
    next: str | None


class Reviewing:
    """Reads from the audit what was opened, and writes the reviews there. `ended` is told of grants that it ends."""

    def __init__(self, ledger: Ledger, ended: EndedGrants | None = None) -> None:
        self._ledger, self._ended = ledger, ended or EndedGrants(ledger)
        self._turn = asyncio.Lock()

    async def waiting(self, first: int, after: str | None = None) -> Page:
        """Return so many that wait, the oldest first, however old they are; `after` is the `next` of a page.

        Raises:
            OSError: The audit cannot be read.
        """
        return await self._ledger.read_events(lambda noted: _page(standing(noted).waiting, first, after))

    async def reviewed(self, first: int, after: str | None = None) -> Page:
        """Return so many that were reviewed, the newest review first, as far back as records are kept.

        Raises:
            OSError: The audit cannot be read.
        """
        return await self._ledger.read_events(lambda noted: _page(standing(noted).reviewed, first, after))

    async def outcomes(self, grants: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return what the reviews of these grants have come to, as JSON has it, by the grant. Raises OSError."""
        return await self._ledger.read_events(lambda noted: outcomes(noted, grants)) if grants else {}

    async def review(self, caller: Caller, actor: str, grant: str, outcome: Outcome, reference: str) -> None:
        """Write down what the review of a grant has come to; `actor` refers to who has reviewed it, as the caller knows
        them, `reference` to where it is told.

        Where that is not that it was justified, the grant is ended by it, also where another review stands.

        Raises:
            NotTakenError: 404, nothing was opened by this grant; 403, who opened it, the consumer or the actor, does
                not review it; 409, it was reviewed.
            AuditUnavailableError: It cannot be written down.
            OSError: The audit cannot be read.
        """
        by = {"consumer": caller.consumer, "actor": actor}
        async with self._turn:
            _check(await self._opening(grant), caller, actor)
            told = {"grant": grant, **by, "outcome": str(outcome), "reference": reference}
            await self._ledger.record_event(REVIEWED, told)
            self._ended.forget()
            stands = await self._ledger.read_events(lambda noted: first_review(noted, grant))
        if (stands.by(), stands.outcome, stands.reference) != (by, outcome, reference):
            raise _already(stands)  # by way of another process, at the same time

    async def end(self, caller: Caller, grant: str) -> None:
        """End a grant before its time; one that is over is left as it is, and nothing is written down.

        Raises:
            NotTakenError: 404, nothing was opened by this grant.
            AuditUnavailableError: It cannot be written down.
            OSError: The audit cannot be read.
        """
        async with self._turn:
            opening = await self._opening(grant)
            if opening is None:
                raise _unknown()
            if not self._ended.is_over(opening):
                await self._ledger.record_event(ENDED, {"grant": grant, "consumer": caller.consumer})
                self._ended.forget()

    async def _opening(self, grant: str) -> Opening | None:
        return await self._ledger.read_events(lambda noted: opening_of(noted, grant))


def is_place(text: str) -> bool:
    """Return whether a text can be the `next` of a page."""
    return _PLACE.fullmatch(text) is not None


def _page(every: Sequence[Opening], first: int, after: str | None) -> Page:
    """Return the first so many behind a place, with all that stand in the same place as the last."""
    found = _PLACE.fullmatch(after or "")
    left = [one for one in every if found is None or one.place() > (float(found["at"]), found["grant"])]
    page = left[:first]
    page += [one for one in left[first:] if one.place() == page[-1].place()]
    is_last = len(page) == len(left)
    return Page(page, None if is_last else "{:.6f}_{}".format(*page[-1].place()))


def _check(found: Opening | None, caller: Caller, actor: str) -> None:
    if found is None:
        raise _unknown()
    if found.review is not None:
        raise _already(found.review)
    if found.consumer == caller.consumer or found.actor.casefold() == actor.casefold():
        message = (
            "Who has opened it does not review it: neither the consumer nor the actor. Have another employee do so, by "
            "another consumer with the role."
        )
        raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)


def _unknown() -> NotTakenError:
    message = "No glass was broken with this id. Take one from the list of what waits for review."
    return NotTakenError(404, RequestCode.NOT_FOUND, message)


def _already(review: Review) -> NotTakenError:
    message = "It was reviewed already, and a review is not changed. Look it up among what was reviewed."
    return NotTakenError(409, RequestCode.ALREADY_REVIEWED, message, about=review.told())
