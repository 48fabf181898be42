"""Who saw what of a customer: the records that name it, under every id by which it is and was known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import chain
from types import MappingProxyType
from typing import Any

from adapters.crossref import KnownAs
from gateway.audit.lines import moment
from gateway.audit.reading import Entries, Entry
from gateway.audit.records import REQUEST

__all__ = ["Place", "Seen", "page_of", "place_of", "place_told", "who_saw"]

Place = tuple[datetime, str, int]
"""What orders records: when, by which chain, and where there."""

_APART = "_"


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Seen:
    """One record of a customer, who is named in it as `known_as`.

    `shown`, `masked` and `withheld` are of requests: coordinates that were shown whole, and by the codes for which they
    were not. `refused` is why nothing was shown of the customer. `situation` is what the consumer told. Of what else
    happened, such as a glass that was broken, `kind` and `happened` tell. `is_signed` is false where the record is not
    as it was written; then it may tell nothing else.
    """

    place: Place
    kind: str
    known_as: str
    is_signed: bool
    view: str | None = None
    purpose: str | None = None
    basis: str | None = None
    consumer: str | None = None
    level: str | None = None
    refused: str | None = None
    situation: Mapping[str, str] = field(default_factory=_nothing)
    grant: Mapping[str, str] = field(default_factory=_nothing)
    shown: Sequence[str] = ()
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
            "level": self.level,
            "refused": self.refused,
            "situation": dict(self.situation),
            "breakGlass": dict(self.grant),
            "shown": list(self.shown),
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

    `before` begins behind that place. Raises OSError: The records cannot be read.
    """
    meant = {reference for name in names for reference in entries.keys.references(name.customer)}
    days = (since.astimezone(UTC).date() if since else None, _last_day(until, before))
    for entry in entries.of_references(meant, *days):
        is_behind = before is None or entry.place < before
        if is_behind and (since is None or entry.at >= since) and (until is None or entry.at < until):
            yield from _seen(entry, names, entries)


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
    listed = (one.shown, *one.masked.values(), *one.withheld.values())
    if not all(isinstance(each, list | tuple) for each in listed):
        return False
    words = (one.view, one.purpose, one.basis, one.consumer, one.level, one.refused)
    texts = (*filter(None, words), *one.situation.values(), *one.grant.values(), *chain.from_iterable(listed))
    return all(isinstance(each, str) for each in texts)


def _read(entry: Entry, names: Sequence[KnownAs], entries: Entries) -> Iterator[Seen]:
    for name in names:
        references = {*entries.keys.references(name.customer)}
        if not name.covers(entry.at):
            continue
        if entry.kind != REQUEST:
            if entry.members.get("customer") in references:
                happened = entry.members.get("happened", {})
                yield Seen(entry.place, entry.kind, name.customer, entry.is_signed, happened=happened)
            continue
        for group in entry.members.get("shown", ()):
            if references.intersection(group.get("customers", ())):
                yield _of_request(entry, name.customer, group)


def _of_request(entry: Entry, customer: str, group: Mapping[str, Any]) -> Seen:
    told = entry.members
    return Seen(
        entry.place,
        entry.kind,
        customer,
        entry.is_signed,
        view=told.get("view"),
        purpose=told.get("purpose"),
        basis=told.get("basis"),
        consumer=told.get("consumer"),
        level=group.get("level"),
        refused=group.get("refused"),
        situation=told.get("situation", {}),
        grant={name: value for name, value in told.get("grant", {}).items() if name != "customer"},
        shown=group.get("allow", ()),
        masked=group.get("transform", {}),
        withheld=group.get("withhold", {}),
    )
