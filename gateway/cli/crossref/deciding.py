"""`customer-view crossref candidates`: what waits for a steward, side by side, and its decision."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from adapters.crossref import Candidate, Linked, Outline, StoredCrossReference
from adapters.crossref.operations.hearing import GONE, REPLACED
from gateway.cli.crossref.merging import confirm_merge
from gateway.cli.crossref.opening import work_on, writing_of
from gateway.cli.crossref.options import Place, Told, ToldOfMerge
from gateway.cli.crossref.printed import members, moment, print_json, table
from gateway.cli.crossref.questions import is_confirmed
from gateway.cli.crossref.telling import counted, reason
from gateway.cli.crossref.writing import run_write
from gateway.command_error import CommandError
from gateway.crossref.answers import CandidatesTold, CandidateTold, OutlineTold
from gateway.terminal import open_console

__all__ = ["run_accept", "run_candidate", "run_candidates", "run_reject"]

_QUESTIONS = {GONE: "Unlink the key?", REPLACED: "Put the new key in its place?"}
"""What is asked before a candidate of what a source says of a key is accepted."""


def run_candidates(place: Place, status: str, after: int, limit: int, *, as_json: bool) -> None:
    """Print the candidates of a status, the oldest first."""
    found = work_on(place, lambda crossref: crossref.candidates(status, after=after, limit=limit))
    if as_json:
        print_json(members(CandidatesTold.of(found, limit)))
        return
    console = open_console()
    if not found:
        console.print(f"No candidate is {status}.")
    for one in found:
        _print_lines(console, one)
    if len(found) == limit:
        console.print(f"There may be more: --after {found[-1].opened_seq}", soft_wrap=True)


def run_candidate(place: Place, candidate_id: str, *, as_json: bool) -> None:
    """Print a candidate, and what is known of its customers but for their keys. Raises CommandError: there is none."""

    async def work(crossref: StoredCrossReference) -> tuple[Candidate, list[Outline | None]]:
        found = await crossref.candidate(candidate_id)
        if found is None:
            raise CommandError("There is no such candidate; list them with `customer-view crossref candidates list`")
        return found, [await crossref.outline(one) for one in _customers(found)]

    found, outlines = work_on(place, work)
    if as_json:
        known = [outline and members(OutlineTold.of(outline)) for outline in outlines]
        print_json({**members(CandidateTold.model_validate(found)), "outlines": known})
    else:
        _print(open_console(), found, outlines)


def run_accept(place: Place, told: ToldOfMerge, candidate_id: str, *, force: bool, yes: bool, as_json: bool) -> bool:
    """Do what a candidate proposes, unless the answer is no; return whether that is done."""
    found = None if yes else work_on(place, lambda crossref: crossref.candidate(candidate_id))
    given = told if found is None else _confirmed(place, told, found, force)
    if given is None:
        return False
    writing, loser_version = writing_of(given), given.expected_loser_version

    def work(crossref: StoredCrossReference) -> Awaitable[Linked]:
        return crossref.accept(candidate_id, force=force, loser_version=loser_version, **writing)

    return run_write(place, work, as_json=as_json)


def run_reject(place: Place, told: Told, candidate_id: str, *, non_match: bool, as_json: bool) -> bool:
    """Decide that nothing is done about a candidate; return whether that could be written."""
    writing = writing_of(told)
    return run_write(
        place, lambda crossref: crossref.reject(candidate_id, non_match=non_match, **writing), as_json=as_json
    )


def _confirmed(place: Place, told: ToldOfMerge, candidate: Candidate, force: bool) -> ToldOfMerge | None:
    """Return what to give the write if it is wanted; where there is nothing to be done, what is asked for tells why."""
    if candidate.status != "open":
        return told
    if candidate.other is not None:
        return confirm_merge(place, told, candidate.customer, candidate.other, oldest=True, force=force)
    if candidate.kind not in _QUESTIONS:
        return told
    _print_lines(open_console(stderr=True), candidate)
    return told if is_confirmed(_QUESTIONS[candidate.kind]) else None


def _customers(candidate: Candidate) -> list[str]:
    return [one for one in (candidate.customer, candidate.other) if one is not None]


def _print_lines(console: Console, candidate: Candidate) -> None:
    why = f"  {reason(candidate.evidence)}" if candidate.evidence else ""
    console.print(Text.assemble((candidate.candidate_id, "bold cyan"), why), soft_wrap=True)
    opened = (
        f"  {candidate.kind}, {candidate.grade}, opened {moment(candidate.opened_at)} by event {candidate.opened_seq}"
    )
    console.print(Text(opened, "dim"), soft_wrap=True)
    for customer in _customers(candidate):
        console.print(f"  {customer}", soft_wrap=True)


def _print(console: Console, candidate: Candidate, outlines: Sequence[Outline | None]) -> None:
    _print_lines(console, candidate)
    if candidate.decided_by is not None:
        console.print(f"  {candidate.status} by {candidate.decided_by}, event {candidate.decided_seq}", soft_wrap=True)
    shown = table("what is known", *("first", "second")[: len(outlines)])
    for word, cells in _rows(outlines).items():
        shown.add_row(Text(word), *cells)
    console.print(shown)


def _rows(outlines: Sequence[Outline | None]) -> Mapping[str, list[Text]]:
    """Return what is known of each side, by the words for it."""
    sources = sorted({link.source for outline in outlines if outline for link in outline.links})
    rows = {
        "since": [moment(one.created_at) if one else "nobody now" for one in outlines],
        **{f"keys of {source}": [_keys(one, source) if one else "" for one in outlines] for source in sources},
        "identifiers": [_joined(found.type for found in one.identifiers) if one else "" for one in outlines],
        "restricted for": [_joined(found.ground for found in one.restrictions) if one else "" for one in outlines],
        "merged into it": [
            (counted(len(one.merged), "id") if one.merged else "none") if one else "" for one in outlines
        ],
        "version": [str(one.version) if one else "" for one in outlines],
    }
    return {word: [*map(Text, cells)] for word, cells in rows.items()}


def _keys(outline: Outline, source: str) -> str:
    """Return how many keys of a source there are, and since when, by whom and how the oldest is linked."""
    links = [link for link in outline.links if link.source == source]
    if not links:
        return "none"
    first = links[0]
    return f"{len(links)}, since {first.since:%Y-%m-%d} by {first.asserted_by} ({first.method})"


def _joined(words: Iterable[str]) -> str:
    return ", ".join(sorted(set(words))) or "none"
