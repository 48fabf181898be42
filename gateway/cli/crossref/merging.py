"""`customer-view crossref merge`: what it would do, as a table; asked about, and done."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from adapters.crossref import ConflictCode, Linked, Lookup, StoredCrossReference
from adapters.crossref.ids import is_customer_id
from adapters.crossref.operations.merging import MergePreview
from gateway.cli.crossref.keys import READ
from gateway.cli.crossref.opening import pinned, work_on, writing_of
from gateway.cli.crossref.options import Place, ToldOfMerge
from gateway.cli.crossref.people import ids_of, person_of
from gateway.cli.crossref.printed import members, print_json, print_refusal, table
from gateway.cli.crossref.questions import is_confirmed
from gateway.cli.crossref.writing import run_write
from gateway.command_error import CommandError
from gateway.crossref.answers import PreviewTold
from gateway.terminal import open_console

__all__ = ["confirm_merge", "run_merge"]

_FIRST, _SECOND = "first", "second"
"""In place of the survivor's id, where the two are named by keys."""


def run_merge(
    place: Place,
    told: ToldOfMerge,
    words: Sequence[str],
    into: str | None,
    *,
    dry_run: bool,
    force: bool,
    yes: bool,
    as_json: bool,
) -> bool:
    """Merge two customers, or print what that would do; return whether it is done, or would be.

    Raises CommandError: One of them is unknown, or it would survive and is none of the two.
    """
    people = _people(words)
    if people[0] == people[1]:
        raise CommandError("got one customer twice; wanted two: nobody is merged with itself")
    pair = ids_of(place, people)
    if pair is None:
        return False
    loser, survivor = _pair(pair, into)
    oldest = into is None
    if dry_run:
        preview = _preview(place, loser, survivor, oldest)
        if as_json:
            print_json(members(PreviewTold.of(preview)))
        else:
            _print_preview(open_console(), preview, force=force)
        return not _against(preview, force)
    agreed = told if yes else confirm_merge(place, told, loser, survivor, oldest=oldest, force=force)
    if agreed is None:
        return False
    writing, loser_version = writing_of(agreed), agreed.expected_loser_version

    def work(crossref: StoredCrossReference) -> Awaitable[Linked]:
        if loser == survivor:
            return _stands(crossref, loser)
        merge = crossref.merge_oldest if oldest else crossref.merge
        return merge(loser, survivor, force=force, loser_version=loser_version, **writing)

    return run_write(place, work, as_json=as_json)


def confirm_merge(
    place: Place, told: ToldOfMerge, loser: str, survivor: str, *, oldest: bool, force: bool
) -> ToldOfMerge | None:
    """Print what a merge would do and return what to give it if it is wanted: it is made of what was shown, or not at
    all. What stands against it is told instead."""
    preview, console = _preview(place, loser, survivor, oldest), open_console(stderr=True)
    _print_preview(console, preview, force=force)
    against = _against(preview, force)
    if against:
        print_refusal(f"{against}; nothing was written")
        return None
    if preview.loser == preview.survivor:
        return told
    return _pinned(told, preview) if is_confirmed("Merge them?") else None


def _pinned(told: ToldOfMerge, preview: MergePreview) -> ToldOfMerge:
    given = pinned(told, preview.version)
    if given.expected_loser_version is not None or given.idempotency_key is not None:
        return given
    return replace(given, expected_loser_version=preview.loser_version)


def _people(words: Sequence[str]) -> list[Lookup]:
    """Return the two who are meant by the words, each an id, or a source and its key."""
    if not 2 <= len(words) <= 4:
        raise CommandError(f"got {len(words)} words; wanted two customers, each by its id, or by a source and its key")
    is_id = words[0] == READ or is_customer_id(words[0])
    size = 1 if len(words) == 2 or (len(words) == 3 and is_id) else 2
    return [person_of(words[:size], "the first"), person_of(words[size:], "the other")]


def _pair(pair: Sequence[str], into: str | None) -> tuple[str, str]:
    one, other = pair
    if into not in (None, one, other, _FIRST, _SECOND):
        raise CommandError(
            f"got --into with the id of neither; wanted that of the one to survive, {_FIRST} or {_SECOND}"
        )
    return (other, one) if into in (one, _FIRST) else (one, other)


def _preview(place: Place, loser: str, survivor: str, oldest: bool) -> MergePreview:
    async def work(crossref: StoredCrossReference) -> MergePreview:
        if loser != survivor:
            return await crossref.preview_merge(loser, survivor, oldest=oldest)
        one = await _stands(crossref, loser)
        return MergePreview(one.customer, one.customer, one.version, one.version, {}, (), (), ())

    return work_on(place, work)


async def _stands(crossref: StoredCrossReference, customer: str) -> Linked:
    """Return where a customer stands to whom both have led, by a key, so that a merge is done or was."""
    found = await crossref.standing(customer)
    if found is None:
        raise CommandError("nobody is known by that any more; look again who is meant")
    return Linked(found.customer, found.version, found.seq)


def _against(preview: MergePreview, force: bool) -> str:
    """Return the codes of what stands against a merge; a limit yields to force."""
    codes = {one.code for one in preview.conflicts}
    return ", ".join(sorted(codes - {ConflictCode.LIMIT_EXCEEDED} if force else codes))


def _print_preview(console: Console, preview: MergePreview, *, force: bool) -> None:
    if preview.loser == preview.survivor:
        console.print(f"They are one already: {preview.survivor}", soft_wrap=True)
        return
    gone = f"  version {preview.loser_version}  would be merged into"
    console.print(Text.assemble((preview.loser, "bold"), gone), soft_wrap=True)
    console.print(Text.assemble((preview.survivor, "bold cyan"), f"  version {preview.version}"), soft_wrap=True)
    shown = table("what", "#how many")
    for source, count in preview.links_by_source.items():
        shown.add_row(Text(f"keys of {source} that would move"), str(count))
    shown.add_row("restrictions that would hold for both", str(len(preview.restrictions)))
    shown.add_row("candidates that would be settled", str(len(preview.candidates)))
    console.print(shown)
    for conflict in preview.conflicts:
        of = f" of {conflict.source}" if conflict.source else ""
        is_forced = force and conflict.code is ConflictCode.LIMIT_EXCEEDED
        word = ("forced ", "bold yellow") if is_forced else ("against it ", "bold red")
        console.print(Text.assemble(word, f"{conflict.code}{of}"), soft_wrap=True)
    if not force and {one.code for one in preview.conflicts} == {ConflictCode.LIMIT_EXCEEDED}:
        console.print("With --force they are merged all the same, and a candidate tells of it.", soft_wrap=True)
