"""The commands that list and decide what waits for a steward."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from gateway.cli.crossref.arguments import Candidate, Force, Json, Yes, exit_unless
from gateway.cli.crossref.options import Place, Told, ToldOfMerge, merging, reading, writing

__all__ = ["candidates"]

candidates = typer.Typer(
    name="candidates",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""List and decide what waits for a steward.

Example: customer-view crossref candidates list

Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.""",
)


@candidates.command("list")
@reading
def list_candidates(
    place: Place,
    status: Annotated[Literal["open", "accepted", "rejected", "superseded"], typer.Option(help="Which ones.")] = "open",
    after: Annotated[int, typer.Option(min=0, metavar="SEQ", help="Opened after the event of this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The most of them.")] = 100,
    as_json: Json = False,
) -> None:
    """List candidates, the oldest first."""
    from gateway.cli.crossref.deciding import run_candidates

    run_candidates(place, status, after, limit, as_json=as_json)


@candidates.command("show")
@reading
def show_candidate(place: Place, candidate: Candidate, as_json: Json = False) -> None:
    """Print a candidate, its customers side by side.

    With how many keys of which source they have, since when and by whom; no key is shown.
    """
    from gateway.cli.crossref.deciding import run_candidate

    run_candidate(place, candidate, as_json=as_json)


@candidates.command("accept")
@merging
def accept_candidate(
    place: Place, told: ToldOfMerge, candidate: Candidate, force: Force = False, yes: Yes = False, as_json: Json = False
) -> None:
    """Do what a candidate proposes.

    Its two customers are merged, and the oldest survives; or a key is unlinked or replaced, as its source says. It is
    asked about first.
    """
    from gateway.cli.crossref.deciding import run_accept

    exit_unless(run_accept(place, told, candidate, force=force, yes=yes, as_json=as_json))


@candidates.command("reject")
@writing
def reject_candidate(
    place: Place,
    told: Told,
    candidate: Candidate,
    non_match: Annotated[bool, typer.Option("--non-match", help="Their keys are never one person's.")] = False,
    as_json: Json = False,
) -> None:
    """Leave things as they are.

    With --non-match for good: the keys of the two are never one person's.
    """
    from gateway.cli.crossref.deciding import run_reject

    exit_unless(run_reject(place, told, candidate, non_match=non_match, as_json=as_json))
