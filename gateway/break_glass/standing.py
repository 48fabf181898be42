"""What the records say of broken glasses: what was opened, what its review has come to, and what waits for one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from gateway.break_glass.ledger import CARRIED, ENDED, OPENED, REVIEWED, Noted, moment

__all__ = [
    "CHANGED",
    "Opening",
    "Outcome",
    "Review",
    "Standing",
    "again",
    "ended",
    "first_review",
    "opening_of",
    "outcomes",
    "standing",
]

CHANGED = "the record was changed: run customer-view audit verify"
"""What stands in place of the reason where a record is not as it was written."""

_OPENINGS = (OPENED, CARRIED)
_TEXTS = ("view", "consumer", "actor", "reference")
_LONGEST = 100
_GRANT = re.compile("bg_[0-9A-Za-z]{1,64}")


class Outcome(StrEnum):
    """What the review has come to."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


@dataclass(frozen=True, slots=True)
class Review:
    """What a review has come to, which consumer and which employee of it made it, where it is told, and when (in
    seconds since 1970)."""

    outcome: str
    consumer: str
    actor: str
    reference: str
    at: float

    def told(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        told = {"outcome": self.outcome, "reviewedBy": self.by(), "reviewedAt": moment(self.at)}
        return {**told, "reference": self.reference}

    def by(self) -> dict[str, str]:
        """Return who made it, as JSON has it."""
        return {"consumer": self.consumer, "actor": self.actor}


@dataclass(frozen=True, slots=True)
class Opening:
    """A broken glass: by whom, for which view, why, when (in seconds since 1970), until when it was open and by when it
    is to be reviewed (as texts, in UTC), and its review, None while it waits for one.

    Of whom it was is not told here, but where the reference leads. Of a record that is not as it was written the reason
    is CHANGED, and the rest is not to be relied on: it is due at once.
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
    review: Review | None = None

    def is_overdue(self, now: float) -> bool:
        """Return whether it should have been reviewed by now, in seconds since 1970."""
        return self.reason == CHANGED or datetime.fromisoformat(self.review_by).timestamp() < now

    def place(self) -> tuple[float, str]:
        """Return what orders what waits, the oldest first, and what was reviewed, the newest review first."""
        return (self.opened_at if self.review is None else -self.review.at), self.grant


@dataclass(frozen=True, slots=True)
class Standing:
    """Where everything stands: what waits, the oldest first, and what was reviewed, the newest review first."""

    waiting: Sequence[Opening] = ()
    reviewed: Sequence[Opening] = ()


def standing(noted: Sequence[Noted]) -> Standing:
    """Return what records say, given the oldest first. A review counts once, the first, and only as it was written."""
    reviews, endings = _reviews(noted), _endings(noted)
    openings = dict[str, Opening]()
    for one in (one for one in noted if one.kind in _OPENINGS and one.is_signed):
        openings.setdefault(_grant(one), _until(_opening(one), endings))
    changed = (_changed(one) for one in noted if one.kind in _OPENINGS and not one.is_signed)
    every = (*openings.values(), *(one for one in changed if one.grant not in openings))
    reviewed = [replace(one, review=reviews[one.grant]) for one in every if one.grant in reviews]
    return Standing(
        waiting=sorted((one for one in every if one.grant not in reviews), key=Opening.place),
        reviewed=sorted(reviewed, key=Opening.place),
    )


def opening_of(noted: Sequence[Noted], grant: str) -> Opening | None:
    """Return what was opened by this grant, None where nothing is known of it; of records given the oldest first."""
    now = standing([one for one in noted if _grant(one) == grant])
    return next(iter((*now.waiting, *now.reviewed)), None)


def first_review(noted: Sequence[Noted], grant: str) -> Review:
    """Return the review of a grant that stands; there is one."""
    return _reviews(one for one in noted if _grant(one) == grant)[grant]


def ended(noted: Sequence[Noted], since: float) -> frozenset[str]:
    """Return the grants that open nothing any more though their time may not be over, of what was written since then,
    in seconds since 1970: one was ended, or one of its reviews says that it was not justified. A record of that which
    is not as it was written ends it too: who can change records opens nothing by it."""
    return frozenset(_grant(one) for one in noted if one.at.timestamp() >= since and _is_ending(one))


def _is_ending(noted: Noted) -> bool:
    if noted.kind != REVIEWED:
        return noted.kind == ENDED
    return not noted.is_signed or noted.members["happened"]["outcome"] != Outcome.JUSTIFIED


def _endings(noted: Sequence[Noted]) -> Mapping[str, float]:
    """Return when grants were ended, in seconds since 1970, by records that are as they were written."""
    found = dict[str, float]()
    for one in (one for one in noted if one.is_signed and _is_ending(one)):
        at = _seconds(one.members["happened"].get("at"), one)
        found[_grant(one)] = min(at, found.get(_grant(one), at))
    return found


def _until(opening: Opening, endings: Mapping[str, float]) -> Opening:
    """Return an opening that was ended before its time with when that was."""
    at = endings.get(opening.grant)
    if at is None or at >= datetime.fromisoformat(opening.until).timestamp():
        return opening
    return replace(opening, until=moment(at))


def outcomes(noted: Sequence[Noted], grants: Collection[str] | None = None) -> Mapping[str, Mapping[str, Any]]:
    """Return what the reviews of these grants have come to, as JSON has it, by the grant; unless given, of all."""
    reviews = _reviews(one for one in noted if grants is None or _grant(one) in grants)
    return {grant: review.told() for grant, review in reviews.items()}


def again(dropped: Sequence[Noted], left: Sequence[Noted]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is written again before records are dropped, as kind and members: openings that wait for review, and
    the reviews that stand of openings that stay."""
    stand, stay = _reviews((*dropped, *left)), _reviews(left)
    opened = {_grant(one) for one in left if one.kind in _OPENINGS}
    told = set[tuple[str, str]]()
    for one in (one for one in dropped if one.is_signed):
        grant, what = _grant(one), (_grant(one), REVIEWED if one.kind == REVIEWED else CARRIED)
        if what in told:
            continue
        if one.kind in _OPENINGS and grant not in stand and grant not in opened:
            told.add(what)
            yield CARRIED, {"customer": one.members["customer"], "happened": _with("opened_at", one)}
        elif one.kind == REVIEWED and grant in opened and stand[grant] == _review(one) != stay.get(grant):
            told.add(what)
            yield REVIEWED, {"happened": _with("at", one)}


def _reviews(noted: Iterable[Noted]) -> dict[str, Review]:
    """Return the first review of each grant, by when it was made, of those that are as they were written."""
    reviews = dict[str, Review]()
    for one in (one for one in noted if one.kind == REVIEWED and one.is_signed):
        review = _review(one)
        known = reviews.setdefault(_grant(one), review)
        if review.at < known.at:
            reviews[_grant(one)] = review
    return reviews


def _with(name: str, noted: Noted) -> dict[str, Any]:
    """Return what happened, with when that was: as it was told before, or else when it was written."""
    return {name: noted.at.astimezone(UTC).isoformat().replace("+00:00", "Z"), **noted.members["happened"]}


def _grant(noted: Noted) -> str:
    """Return the grant that a record names; of one that is not as it was written, and names none, what stands for it:
    it is made of its place, so that what was opened can be reviewed."""
    happened = noted.members.get("happened")
    named = _readable(happened.get("grant")) if isinstance(happened, Mapping) else ""
    if noted.is_signed or _GRANT.fullmatch(named):
        return named
    at, writer, seq = noted.place
    return f"bg_{sha256(repr((at.isoformat(), writer, seq)).encode()).hexdigest()[:24]}"


def _opening(noted: Noted) -> Opening:
    told = noted.members["happened"]
    return Opening(
        grant=told["grant"],
        view=told["view"],
        consumer=told["consumer"],
        actor=told["actor"],
        reason=told["reason"],
        reference=told["reference"],
        opened_at=_seconds(told.get("opened_at"), noted),
        until=told["until"],
        review_by=told["review_by"],
    )


def _changed(noted: Noted) -> Opening:
    """Return an opening of which somebody has changed the record, as far as it can be read: else who may write there
    could have it forgotten."""
    happened = noted.members.get("happened")
    told = happened if isinstance(happened, Mapping) else {}
    view, consumer, actor, reference = (_readable(told.get(name)) for name in _TEXTS)
    at = moment(noted.at.timestamp())
    return Opening(
        grant=_grant(noted),
        view=view,
        consumer=consumer,
        actor=actor,
        reason=CHANGED,
        reference=reference,
        opened_at=noted.at.timestamp(),
        until=at,
        review_by=at,
    )


def _readable(text: object) -> str:
    return text if isinstance(text, str) and len(text) <= _LONGEST else ""


def _review(noted: Noted) -> Review:
    told = noted.members["happened"]
    at = _seconds(told.get("at"), noted)
    return Review(told["outcome"], told["consumer"], told["actor"], told["reference"], at)


def _seconds(told: str | None, noted: Noted) -> float:
    """Return when it was: as the record tells it, where it was written again, or else when it was written."""
    return (noted.at if told is None else datetime.fromisoformat(told)).timestamp()
