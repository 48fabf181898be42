"""`customer-view crossref resolve` and `sources`: what the cross-reference tells."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from adapters.crossref import IdentifierType, Lookup, SourceSystem, StoredCrossReference, Subject
from gateway.cli.crossref.keys import lookup_of
from gateway.cli.crossref.meant import check_lookup, say_unknown
from gateway.cli.crossref.opening import work_on
from gateway.cli.crossref.options import Place
from gateway.cli.crossref.printed import members, print_json, table
from gateway.command_error import CommandError
from gateway.crossref.answers import Resolved, SubjectTold
from gateway.terminal import open_console

__all__ = ["resolved_members", "run_resolve", "run_sources", "source_members", "time_of"]

_TRIES = 5
"""How often who is meant is looked up while others change it."""


def run_resolve(
    place: Place,
    who: str,
    key: str | None,
    identifier: IdentifierType | None,
    as_of: str | None,
    *,
    as_json: bool,
) -> bool:
    """Print who is meant, and return whether anybody is. Raises CommandError: it cannot be asked."""
    lookup, at = lookup_of(who, key, identifier), time_of(as_of)

    async def work(crossref: StoredCrossReference) -> tuple[Subject | None, int | None]:
        await check_lookup(crossref, lookup)
        if at is not None:
            return await crossref.resolve(lookup, at, restricted_keys=True), None
        return await _with_version(crossref, lookup)

    subject, version = work_on(place, work)
    if subject is None:
        return say_unknown()
    if as_json:
        print_json({**resolved_members(subject), "version": version})
    else:
        _print_subject(open_console(), subject, version)
    return True


async def _with_version(crossref: StoredCrossReference, lookup: Lookup) -> tuple[Subject | None, int | None]:
    """Return who is meant, and a version that a write may expect: it is that of what is told, or an older one.

    So a write that expects it is refused when the customer was written in between. None when others merge and split so
    fast that the version stays another customer's.
    """
    found = await crossref.resolve(lookup, restricted_keys=True)
    for _ in range(_TRIES):
        if found is None:
            return None, None
        before = await crossref.standing(found.customer_id)
        found = await crossref.resolve(lookup, restricted_keys=True)
        if found is not None and before is not None and before.customer == found.customer_id:
            return found, before.version
    return found, None


def time_of(given: str | None) -> datetime | None:
    """Return the time that an option names, in UTC; without a zone it is meant in UTC, and a date means its beginning.

    Raises CommandError when it is none.
    """
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        raise CommandError(
            "got an --as-of that is no time; wanted a date or a time, in UTC unless it names another zone, such as "
            "2026-11-01, 2026-11-01T09:30 or 2026-11-01T09:30+01:00"
        ) from None


def resolved_members(subject: Subject | None) -> dict[str, Any]:
    """Return who is meant as JSON has it: keys in the order in which they answer."""
    return members(Resolved(subject=SubjectTold.of(subject)))


def _print_subject(console: Console, subject: Subject, version: int | None) -> None:
    stands = "" if version is None else f"  version {version}"
    merged = "  (the id given was merged into this one)" if subject.redirected else ""
    console.print(Text.assemble((subject.customer_id, "bold cyan"), stands, merged), soft_wrap=True)
    shown = table("source", "key", "link")
    for source, keys in sorted(subject.keys.items()):
        for place, one in enumerate(keys):
            shown.add_row(Text("" if place else source), Text(one.key), Text(one.link_id, "dim"))
    console.print(shown if subject.keys else "No source has a key of this customer.")
    for restriction in subject.restrictions:
        named = ", ".join(sorted(restriction.coordinates))
        console.print(Text.assemble(("restricted ", "bold yellow"), f"{restriction.ground}: {named}"), soft_wrap=True)


def source_members(source: SourceSystem) -> dict[str, Any]:
    """Return a source as JSON has it."""
    return {
        "name": source.name,
        "keyFormat": source.key_format,
        "keyMode": source.key_mode,
        "maxLive": source.max_live,
        "priority": source.priority,
    }


def run_sources(place: Place, *, as_json: bool) -> None:
    """Print the sources. Raises CommandError: it cannot be asked."""
    known = work_on(place, lambda crossref: crossref.sources())
    ordered = sorted(known.values(), key=lambda one: (one.priority, one.name))
    if as_json:
        print_json({"sources": [source_members(source) for source in ordered]})
        return
    shown = table("source", "keys", "kept", "#most live keys", "#priority")
    for source in ordered:
        most = "any" if source.max_live is None else str(source.max_live)
        shown.add_row(Text(source.name), source.key_format, source.key_mode, most, str(source.priority))
    said = "No source is registered; begin with `customer-view crossref register`."
    open_console().print(shown if ordered else said, soft_wrap=not ordered)
