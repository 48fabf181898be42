"""The commands that look at a cross-reference, load and verify it. What they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gateway.cli.crossref.arguments import Json, KeyOfWho, Who, exit_unless
from gateway.cli.crossref.candidate_commands import candidates
from gateway.cli.crossref.identifier_commands import identifiers
from gateway.cli.crossref.non_match_commands import non_matches
from gateway.cli.crossref.options import Actor, Place, reading
from gateway.cli.crossref.write_commands import add_write_commands
from schema.identifiers import IdentifierType

__all__ = ["crossref"]

_LEFT_OUT, _STOPPED = 3, 130

crossref = typer.Typer(
    name="crossref",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Look at the cross-reference, write it, load it, verify it.

It is the one that --crossref names, or that of --app, or of CUSTOMER_VIEW_CROSSREF; sealed keys need the secrets of
CUSTOMER_VIEW_SECRET_FILE. Whoever can open its database can do all of this: there are no roles here.

A key given as - is asked for, or read from standard input, a line each: what stands on a command line can be seen in
the shell's history and in the list of processes.

Exit codes: 0 fine, 1 nobody is known by that, or something stands against it, 2 wrong use, or it cannot be opened, 3 a
load left something out, 130 stopped by Ctrl-C.

Example: customer-view crossref sources --crossref sqlite:///crossref.db""",
)

AsOf = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Who was meant then: 2026-11-01T09:30+01:00; in UTC unless it names a zone."),
]
Identifier = Annotated[
    IdentifierType | None, typer.Option(help="In place of ids, identifiers of this type are given; - reads one.")
]
After = Annotated[int, typer.Option(min=0, metavar="SEQ", help="Begin after the event of this number.")]


@crossref.command()
@reading
def resolve(
    place: Place,
    who: Who,
    key: KeyOfWho = None,
    identifier: Identifier = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Print who is meant by a key or an id.

    The customer's id and version, its keys in every source, in the order in which they answer, and its restrictions.
    Keys are shown: mind who looks on.

    Example: customer-view crossref resolve crm -

    Example: customer-view crossref resolve cus_08f3d624393ff6b59df4da7dd4c5f2ae --as-of 2026-11-01

    Exit codes: 0 fine, 1 nobody is known by that, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.reading import run_resolve

    exit_unless(run_resolve(place, who, key, identifier, as_of, as_json=as_json))


@crossref.command()
@reading
def resolve_many(
    place: Place,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file; - reads a pipe.", show_default=False)],
    identifier: Identifier = None,
    as_of: AsOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each, for programs.")] = False,
) -> None:
    """Print who is meant by each line of a file.

    A line is CSV: an id, or a source and its key, or with --identifier one identifier. Each answer begins with the
    number of its line. Keys are shown: mind who looks on.

    Example: customer-view crossref resolve-many keys.csv --json

    Exit codes: 0 all are known, 1 somebody is not, 2 wrong use, a wrong file, or it cannot be opened.
    """
    from gateway.cli.crossref.resolving_many import run_resolve_many

    exit_unless(run_resolve_many(place, file, identifier, as_of, as_json=as_json))


@crossref.command()
@reading
def history(place: Place, who: Who, key: KeyOfWho = None, after: After = 0, as_json: Json = False) -> None:
    """Print what happened to a customer.

    Every event of the customer and of those merged into it: when, who, what and why. No key is shown.

    Example: customer-view crossref history cus_08f3d624393ff6b59df4da7dd4c5f2ae

    Exit codes: 0 fine, 1 nobody is known by that, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.timeline import run_history

    exit_unless(run_history(place, who, key, after, as_json=as_json))


@crossref.command()
@reading
def export(
    place: Place,
    who: Who,
    key: KeyOfWho = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to: a file not there yet, or - for a pipe. [default: ID.json]"),
    ] = None,
) -> None:
    """Write all that is kept of one person to a file.

    For the right of access (GDPR art. 15): links with their keys, types of identifiers, restrictions, history, as JSON
    in a file that its owner alone can read. Leave out of it what tells of other persons.

    Example: customer-view crossref export cus_08f3d624393ff6b59df4da7dd4c5f2ae --out request-17.json

    Exit codes: 0 fine, 1 nobody is known by that, 2 wrong use, or it cannot be opened or written.
    """
    from gateway.cli.crossref.exporting import run_export

    exit_unless(run_export(place, who, key, out))


@crossref.command()
@reading
def changes(
    place: Place,
    after: After = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what changes, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each, for programs.")] = False,
) -> None:
    """Print what has changed, event by event.

    Example: customer-view crossref changes --after 1200 --follow

    Exit codes: 0 fine, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.timeline import run_changes

    run_changes(place, after, follow=follow, as_json=as_json)


@crossref.command()
@reading
def sources(place: Place, as_json: Json = False) -> None:
    """Print the sources and how their keys are kept.

    Example: customer-view crossref sources --crossref sqlite:///crossref.db

    Exit codes: 0 fine, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.reading import run_sources

    run_sources(place, as_json=as_json)


@crossref.command()
@reading
def verify(
    place: Place,
    as_json: Json = False,
) -> None:
    """Verify that nothing was changed or lost.

    The chain of events is checked, then all events are folded into tables beside, which are held against those there.
    It reads everything, and writes nothing.

    Example: customer-view crossref verify --crossref sqlite:///crossref.db

    Exit codes: 0 all holds, 1 something does not, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.verifying import run_verify

    exit_unless(run_verify(place, as_json=as_json))


@crossref.command()
@reading
def register(
    place: Place,
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="As its adapter names it.", show_default=False)],
    key_format: Annotated[
        Literal["opaque", "lower", "digits", "uuid"] | None,
        typer.Option("--format", help="The normal form of its keys. [default: opaque]"),
    ] = None,
    sealed: Annotated[
        bool | None,
        typer.Option("--sealed/--plain", help="Keep its keys sealed, for they are personal. [default: plain]"),
    ] = None,
    max_live: Annotated[
        int | None, typer.Option(min=0, help="The most live keys of one customer; 0 for any. [default: any]")
    ] = None,
    priority: Annotated[int | None, typer.Option(min=0, help="Its place among the sources. [default: 100]")] = None,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Make a source known, or change it.

    The cross-reference is made where there is none, and brought up to date. What is not given stays as it is; form and
    sealing of a source never change. A lower limit takes no key from anybody: how many customers have more is told.

    Example: customer-view crossref register billing --format digits --crossref sqlite:///crossref.db

    Exit codes: 0 fine, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.registering import Wanted, run_register

    run_register(place, actor, Wanted(name, key_format, sealed, max_live, priority), as_json=as_json)


@crossref.command()
@reading
def upgrade(place: Place) -> None:
    """Bring the tables up to date, for a newer release.

    A gateway does so when it starts. Make a backup before: an older release cannot read them any more.

    Example: customer-view crossref upgrade --crossref sqlite:///crossref.db

    Exit codes: 0 fine, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.registering import run_upgrade

    run_upgrade(place)


@crossref.command()
@reading
def load(
    place: Place,
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="A CSV or Parquet file; - reads CSV from a pipe.", show_default=False),
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="A statement of a source in place of a file.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Its database. [default: CUSTOMER_VIEW_LOAD_DATABASE, where a URL with a password belongs]",
        ),
    ] = None,
    separator: Annotated[
        str, typer.Option(metavar="TEXT", help="Between keys of one cell; empty: one key a cell.")
    ] = ";",
    delimiter: Annotated[str, typer.Option(metavar="CHARACTER", help="Between cells of a CSV file.")] = ",",
    conflicts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to list what was left out. [default: beside FILE]")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Begin at the first row, whatever was done before.")] = False,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Load customers and their keys from a file or a query.

    A column is a source, named as it is registered, and holds its keys; a column named customer, if there is one, holds
    canonical ids: one that nobody has yet begins a customer. Loading the same again adds nothing. A load of a file that
    was stopped goes on where it stopped: a bookmark, FILE.bookmark, tells where, until it has come to its end.

    What cannot be linked is left out and listed in a CSV file, by row, code, source and candidate; never a key. A row
    that would give a customer more keys of a source than its limit is left out as a whole.

    Example: customer-view crossref load customers.csv --crossref sqlite:///crossref.db

    Example: customer-view crossref load --query "SELECT crm_no AS crm FROM account" --database sqlite:///billing.db

    Exit codes: 0 all was loaded, 2 wrong use, a wrong file, or it cannot be opened, 3 something was left out, 130
    stopped by Ctrl-C.
    """
    from gateway.cli.crossref.loading import Asked, StoppedError, run_load

    asked = Asked(file, query, database, separator, delimiter, conflicts, anew, actor)
    try:
        is_whole = run_load(place, asked, as_json=as_json)
    except StoppedError as stopped:
        typer.echo(f"customer-view: {stopped}", err=True)
        raise typer.Exit(_STOPPED) from None
    if not is_whole:
        raise typer.Exit(_LEFT_OUT)


add_write_commands(crossref)
crossref.add_typer(non_matches)
crossref.add_typer(candidates)
crossref.add_typer(identifiers)
