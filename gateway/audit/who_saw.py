"""Who saw what of a customer: the records that name it, under every id by which it is and was known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import chain
from types import MappingProxyType
from typing import Any

from pydantic.alias_generators import to_camel

from adapters.crossref import KnownAs
from gateway.audit.lines import moment
from gateway.audit.reading import DAMAGED, Entries, Entry, Place
from gateway.audit.records import REQUEST

__all__ = [
    "Place",
    "Seen",
    "grants_of",
    "in_utc",
    "page_of",
    "place_of",
    "place_told",
    "read_time",
    "reviewed",
    "who_saw",
]

_APART = "_"


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Seen:
    """One record of a customer, who is named in it as `known_as`.

    `shown`, `masked` and `withheld` are of requests: coordinates that were shown whole, and by the codes for which they
    were not; `ordered` were not shown, but the order of a list or a filter tells of them. `refused` is why nothing was
    shown of the customer. `is_alone`: nobody else was asked about with the customer. `actor` is the employee who asked,
    as the consumer told, `situation` what else it told, `acting_for` holds references of those for whom somebody acted.
    `grant` is a broken glass that was presented for this customer, `opened` what it has opened, and `review` what its
    review has come to, once that is added. Of what else happened, such as a glass that was broken, `kind` and
    `happened` tell, `consumer` and `actor` who has done it. `is_signed` is false where the record is not as it was
    written; then it may tell nothing else. One of the kind `damaged` stands for lines of which nobody can tell whether
    they were about the customer.
    """

    place: Place
    kind: str
    known_as: str
    is_signed: bool
    view: str | None = None
    purpose: str | None = None
    basis: str | None = None
    consumer: str | None = None
    actor: str | None = None
    level: str | None = None
    refused: str | None = None
    is_alone: bool = False
    situation: Mapping[str, str] = field(default_factory=_nothing)
    acting_for: Sequence[str] = ()
    grant: Mapping[str, str] = field(default_factory=_nothing)
    opened: Sequence[str] = ()
    review: Mapping[str, Any] = field(default_factory=_nothing)
    shown: Sequence[str] = ()
    ordered: Sequence[str] = ()
    masked: Mapping[str, Sequence[str]] = field(default_factory=_nothing)
    withheld: Mapping[str, Sequence[str]] = field(default_factory=_nothing)
    happened: Mapping[str, Any] = field(default_factory=_nothing)

    @property
    def at(self) -> datetime:
        """Return when it was."""
        return self.place[0]

    @property
    def was_shown(self) -> bool:
        """Return whether anything of the customer was shown, whole or masked."""
        return bool(self.shown or self.masked)

    def told(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        members = {
            "at": self.at.isoformat(),
            "kind": self.kind,
            "customer": self.known_as,
            "view": self.view,
            "purpose": self.purpose,
            "basis": self.basis,
            "consumer": self.consumer,
            "actor": self.actor,
            "level": self.level,
            "refused": self.refused,
            "situation": dict(self.situation),
            "actingFor": list(self.acting_for),
            "breakGlass": dict(self.grant),
            "opened": list(self.opened),
            "review": dict(self.review),
            "shown": list(self.shown),
            "told": list(self.ordered),
            "masked": dict(self.masked),
            "withheld": dict(self.withheld),
            "happened": dict(self.happened),
            "isSigned": self.is_signed,
        }
        return {name: value for name, value in members.items() if value not in (None, {}, [])}


def who_saw(
    entries: Entries,
    names: Sequence[KnownAs],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    before: Place | None = None,
) -> Iterator[Seen]:
    """Yield what is recorded of a customer with these ids, the newest first, from `since` to before `until`.

    `before` begins behind that place. However much there is, little of it is held at once. Raises OSError: The records
    cannot be read.
    """
    meant = {reference for name in names for reference in entries.keys.references(name.customer)}
    days = (since.astimezone(UTC).date() if since else None, _last_day(until, before))
    for entry in entries.of_references(meant, *days, before):
        if entry.kind == DAMAGED:
            yield Seen(entry.place, DAMAGED, names[0].customer, is_signed=False, happened=entry.members["happened"])
        elif (since is None or entry.at >= since) and (until is None or entry.at < until):
            yield from _seen(entry, names, entries)


def in_utc(at: datetime) -> datetime:
    """Return a time in UTC. Raises ValueError: it is of no year there."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("wanted a time of the years 1 to 9999 in UTC") from None


def read_time(text: str) -> datetime:
    """Return a date, its beginning, or a time, in UTC; it is of UTC unless it names a zone. Raises ValueError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("wanted a date or a time, such as 2026-11-01 or 2026-11-01T09:30+01:00") from None
    return in_utc(at.replace(tzinfo=UTC) if at.tzinfo is None else at)


def reviewed(found: Iterable[Seen], outcomes: Mapping[str, Mapping[str, Any]]) -> Iterator[Seen]:
    """Yield the same with what the reviews of broken glasses have come to; `outcomes` has them by the grant's id."""
    for one in found:
        review = outcomes.get(_grant_of(one) or "")
        yield one if review is None else replace(one, review=review)


def grants_of(found: Iterable[Seen]) -> frozenset[str]:
    """Return the grants that are told of: of these it is asked what their reviews have come to."""
    return frozenset(grant for one in found if (grant := _grant_of(one)) is not None)


def _grant_of(one: Seen) -> str | None:
    named = one.grant.get("id") or one.happened.get("grant")
    return named if isinstance(named, str) else None


def page_of(found: Iterable[Seen], first: int) -> tuple[list[Seen], bool]:
    """Return the first so many, one at least, with all that stand in the same record as the last, and whether that is
    all."""
    page: list[Seen] = []
    for one in found:
        if len(page) >= first and one.place != page[-1].place:
            return page, False
        page.append(one)
    return page, True


def place_told(place: Place) -> str:
    """Return a place as a text, which `place_of` takes, and which needs no quoting in a URL."""
    return f"{moment(place[0].timestamp())}{_APART}{place[1]}{_APART}{place[2]}"


def place_of(text: str) -> Place | None:
    """Return the place that a text tells, None where it tells none."""
    parts = text.split(_APART)
    try:
        at, writer, seq = datetime.fromisoformat(parts[0]), parts[1], int(parts[2])
        is_place = at.tzinfo is not None and len(parts) == 3
        return (at.astimezone(UTC), writer, seq) if is_place else None
    except (IndexError, OverflowError, ValueError):  # a time of year 1 may be of no year in UTC
        return None


def _last_day(until: datetime | None, before: Place | None) -> date | None:
    moments = [one.astimezone(UTC) for one in (until, before[0] if before else None) if one is not None]
    return min(moments).date() if moments else None


def _seen(entry: Entry, names: Sequence[KnownAs], entries: Entries) -> Iterator[Seen]:
    """Yield what a record says of the customer: one of several ids may stand in it.

    Of a record that somebody changed so that it cannot be read any more it is told that it is there.
    """
    try:
        found = [*_read(entry, names, entries)]
    except (AttributeError, TypeError):
        found = [_unreadable(entry, names)]
    yield from found if all(map(_is_readable, found)) else [_unreadable(entry, names)]


def _unreadable(entry: Entry, names: Sequence[KnownAs]) -> Seen:
    return Seen(entry.place, entry.kind, names[0].customer, is_signed=False)


def _is_readable(one: Seen) -> bool:
    """Return whether everything in it is of the kind that it is in records of ours."""
    told = (one.situation, one.grant, one.masked, one.withheld, one.happened)
    if not all(isinstance(each, Mapping) for each in told):
        return False
    listed = (one.shown, one.ordered, one.opened, one.acting_for, *one.masked.values(), *one.withheld.values())
    if not all(isinstance(each, list | tuple) for each in listed):
        return False
    words = (one.view, one.purpose, one.basis, one.consumer, one.actor, one.level, one.refused)
    texts = (*filter(None, words), *one.situation.values(), *one.grant.values(), *chain.from_iterable(listed))
    return all(isinstance(each, str) for each in texts)


def _read(entry: Entry, names: Sequence[KnownAs], entries: Entries) -> Iterator[Seen]:
    for name in names:
        references = {*entries.keys.references(name.customer)}
        if not name.covers(entry.at):
            continue
        if entry.kind != REQUEST:
            if entry.members.get("customer") in references:
                yield _of_happening(entry, name.customer)
            continue
        grant = entry.members.get("grant", {})
        own = grant if grant.get("customer") in references else {}
        groups = [one for one in entry.members.get("shown", ()) if references.intersection(one.get("customers", ()))]
        for group in groups or ([{}] if own else []):
            yield _of_request(entry, name.customer, group, own)


def _of_happening(entry: Entry, customer: str) -> Seen:
    happened = {to_camel(name): value for name, value in entry.members.get("happened", {}).items()}
    by = {name: happened.pop(name, None) for name in ("consumer", "actor")}
    return Seen(entry.place, entry.kind, customer, entry.is_signed, **by, happened=happened)


def _of_request(entry: Entry, customer: str, group: Mapping[str, Any], grant: Mapping[str, str]) -> Seen:
    told = entry.members
    situation = dict(told.get("situation", {}).items())
    return Seen(
        entry.place,
        entry.kind,
        customer,
        entry.is_signed,
        view=told.get("view"),
        purpose=told.get("purpose"),
        basis=told.get("basis"),
        consumer=told.get("consumer"),
        actor=situation.pop("actor", None),
        level=group.get("level"),
        refused=group.get("refused", told.get("code")),
        is_alone=told.get("customers") == 1,
        situation=situation,
        acting_for=group.get("actingFor", ()),
        grant={name: value for name, value in grant.items() if name != "customer"},
        opened=[*chain.from_iterable(group.get("opened", {}).values())],
        shown=group.get("allow", ()),
        ordered=group.get("told", ()),
        masked=group.get("transform", {}),
        withheld=group.get("withhold", {}),
    )
