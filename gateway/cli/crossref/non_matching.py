"""`customer-view crossref non-match list`: which keys are said never to be one person's."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from adapters.crossref import NonMatch
from gateway.cli.crossref.opening import work_on
from gateway.cli.crossref.options import Place
from gateway.cli.crossref.printed import members, moment, print_json, table
from gateway.crossref.answers import NonMatchesTold
from gateway.terminal import open_console

__all__ = ["run_non_matches"]


def run_non_matches(place: Place, after: str | None, limit: int, *, as_json: bool) -> None:
    """Print a page of pairs, those said first before the others. Raises CommandError: it cannot be asked."""
    found = work_on(place, lambda crossref: crossref.non_matches(after=after, limit=limit))
    if as_json:
        print_json(members(NonMatchesTold.of(found, limit)))
        return
    console = open_console()
    if found:
        _print(console, found)
    else:
        console.print("No non-match follows." if after else "There is no non-match.")
    if len(found) == limit:
        console.print(f"There may be more: --after {found[-1].non_match_id}", soft_wrap=True)


def _print(console: Console, found: Sequence[NonMatch]) -> None:
    shown = table("key", "never the same person's as", "said")
    for one in found:
        pair = [Text(f"{side.source} {side.key}") for side in (one.first, one.second)]
        reasons = [reason for reason in (one.reason_code, one.reason_ref) if reason]
        why = f" for {', '.join(reasons)}" if reasons else ""
        shown.add_row(*pair, Text(f"{moment(one.asserted_at)} by {one.asserted_by}{why}, event {one.seq}"))
    console.print(shown)
