"""The commands about keys that are never one person's."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.crossref.arguments import Json, Key, Source, exit_unless
from gateway.cli.crossref.options import Place, Told, reading, writing

__all__ = ["non_matches"]

non_matches = typer.Typer(
    name="non-match",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Say that two keys are never one person's.

List what was said, or take it back.

Example: customer-view crossref non-match add crm - billing -

Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.""",
)


@non_matches.command("add")
@writing
def add_non_match(
    place: Place, told: Told, source: Source, key: Key, other_source: Source, other_key: Key, as_json: Json = False
) -> None:
    """Say that two keys are never one person's.

    Whether they are linked or not. Nothing brings them together from then on.
    """
    from gateway.cli.crossref.writing import run_non_match

    exit_unless(run_non_match(place, told, (source, key), (other_source, other_key), clear=False, as_json=as_json))


@non_matches.command("list")
@reading
def list_non_matches(
    place: Place,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Those that follow the non-match of this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The most of them.")] = 100,
    as_json: Json = False,
) -> None:
    """List pairs of keys that are never one person's.

    Those said first before the others. Keys are shown: mind who looks on.
    """
    from gateway.cli.crossref.non_matching import run_non_matches

    run_non_matches(place, after, limit, as_json=as_json)


@non_matches.command("clear")
@writing
def clear_non_match(
    place: Place, told: Told, source: Source, key: Key, other_source: Source, other_key: Key, as_json: Json = False
) -> None:
    """Take back what was said of two keys."""
    from gateway.cli.crossref.writing import run_non_match

    exit_unless(run_non_match(place, told, (source, key), (other_source, other_key), clear=True, as_json=as_json))
