"""`customer-view crossref history` and `changes`: what has happened, as a timeline, a list, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from itertools import groupby

from rich.console import Console
from rich.text import Text

from adapters.crossref import Change, HistoryEntry, Outline, StoredCrossReference
from adapters.crossref.asking import MAX_PAGE
from adapters.crossref.events import EventType
from gateway.cli.crossref.keys import lookup_of
from gateway.cli.crossref.meant import check_lookup, say_unknown
from gateway.cli.crossref.opening import work_on
from gateway.cli.crossref.options import Place
from gateway.cli.crossref.printed import members, moment, print_json
from gateway.cli.crossref.telling import told
from gateway.crossref.answers import ChangeTold, EntryTold, HistoryTold
from gateway.terminal import open_console

__all__ = ["run_changes", "run_history"]


def run_history(place: Place, who: str, key: str | None, after: int, *, as_json: bool) -> bool:
    """Print a customer's events, and return whether there are any. Raises CommandError: it cannot be asked."""
    lookup = lookup_of(who, key)

    async def work(crossref: StoredCrossReference) -> tuple[list[HistoryEntry], Outline | None]:
        await check_lookup(crossref, lookup)
        entries = [*await crossref.history(lookup, after=after)]
        while entries and len(entries) % MAX_PAGE == 0:
            page = await crossref.history(lookup, after=entries[-1].seq)
            if not page:
                break
            entries += page
        return entries, await crossref.outline(lookup)

    entries, outline = work_on(place, work)
    if not entries and not after:
        return say_unknown()
    if as_json:
        told_all = [EntryTold.model_validate(entry) for entry in entries]
        print_json(members(HistoryTold(entries=told_all, next=None)))
    else:
        _print_timeline(open_console(), entries, _undoing(entries, outline))
    return True


def _print_timeline(console: Console, entries: Sequence[HistoryEntry], undoing: str) -> None:
    """Print what happened, the days apart, each event with who did it and why on a line below."""
    point, line = ("o", "|") if console.options.ascii_only else ("●", "│")
    if not entries:
        console.print("Nothing has happened since.")
    for day, several in groupby(entries, key=lambda entry: entry.at.astimezone(UTC).date()):
        console.print(Text(f"{day}", "bold"))
        for entry in several:
            _print_entry(console, entry, point, line)
    console.print(Text(f"Times are in UTC.{undoing}", "dim"), soft_wrap=True)


def _undoing(entries: Sequence[HistoryEntry], outline: Outline | None) -> str:
    """Return how the last merge is undone that was not yet, and whose loser still leads to the customer."""
    undone = {entry.body.get("merge") for entry in entries if entry.type == EventType.MERGE_UNDONE}
    merged = () if outline is None else outline.merged
    merges = [
        entry.seq
        for entry in entries
        if entry.type == EventType.CUSTOMERS_MERGED and entry.seq not in undone and entry.body.get("loser") in merged
    ]
    if not merges:
        return ""
    return f" The last merge is undone by `customer-view crossref undo-merge {merges[-1]}`."


def _print_entry(console: Console, entry: HistoryEntry, point: str, line: str) -> None:
    at = f"{entry.at.astimezone(UTC):%H:%M:%S}"
    heading = Text.assemble(f"  {at}  ", (point, "cyan"), "  ", (entry.type, "bold cyan"))
    console.print(Text.assemble(heading, "  ", (f"event {entry.seq}", "dim")), soft_wrap=True)
    said = told(entry.type, entry.body)
    customer = f"{entry.customer}  " if entry.customer and entry.customer not in said else ""
    reasons = [reason for reason in (entry.reason_code, entry.reason_ref) if reason]
    why = f" for {', '.join(reasons)}" if reasons else ""
    for below in filter(None, (said, f"{customer}by {entry.actor}{why}")):
        console.print(Text.assemble(" " * 12, (line, "cyan"), f"  {below}"), soft_wrap=True)


def run_changes(place: Place, after: int, *, follow: bool, as_json: bool) -> None:
    """Print what has changed, with `follow` until Ctrl-C. Raises CommandError: it cannot be asked."""
    console = open_console()

    async def work(crossref: StoredCrossReference) -> None:
        changes = crossref.follow(after) if follow else _all(crossref, after)
        async for change in changes:
            if as_json:
                print(json.dumps(members(ChangeTold.of(change))))
            else:
                console.print(_line(change), soft_wrap=True)
            sys.stdout.flush()

    try:
        work_on(place, work)
    except KeyboardInterrupt:
        return


async def _all(crossref: StoredCrossReference, after: int) -> AsyncIterator[Change]:
    while page := await crossref.changes(after):
        for change in page:
            after = change.seq
            yield change


def _line(change: Change) -> Text:
    """Return number, time, kind and whom it concerns, but for those of whom the words tell."""
    said = told(change.type, change.body)
    named = [customer for customer in change.customers if customer not in said]
    number, kind = (f"{change.seq:>8}", "dim"), (f"{change.type:<20}", "cyan")
    return Text.assemble(number, f"  {moment(change.at)}  ", kind, f"  {' '.join([*named, said])}".rstrip())
