"""The commands that look at the audit. What they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.crossref.options import Place, reading

__all__ = ["audit"]

_FOUND = 1

audit = typer.Typer(
    name="audit",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Verify the audit, and find who saw what.

It is the one in CUSTOMER_VIEW_AUDIT, with the anchors in CUSTOMER_VIEW_AUDIT_ANCHORS, signed by the secrets of
CUSTOMER_VIEW_SECRET_FILE. Whoever can read its files and the secrets can do all of this: there are no roles here.

Exit codes: 0 fine, 1 something does not hold, or nobody is known by that, 2 wrong use, or it cannot be read, 3 some
could not be verified, for its key is not at hand, 130 stopped by Ctrl-C.

Example: customer-view audit verify""",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Folder = Annotated[Path | None, typer.Option(metavar="FOLDER", help="The records. [default: CUSTOMER_VIEW_AUDIT]")]


@audit.command()
def verify(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="The records. [default: CUSTOMER_VIEW_AUDIT]", show_default=False),
    ] = None,
    anchors: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The anchors. [default: CUSTOMER_VIEW_AUDIT_ANCHORS]")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose records. [default: the tenant that they name]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify that no record was changed, removed, added or moved.

    Every chain is held against itself, against the anchors, and against what was dropped for its age. Of each chain the
    first break is told, with its file and line, and how many records no anchor covers yet.

    Example: customer-view audit verify /var/lib/customer-view/audit --anchors /mnt/anchors

    Exit codes: 0 all holds, 1 it does not, 2 it cannot be read, or nothing is there, 3 nothing is wrong with what could
    be verified, and some could not be, for it is signed by another secret.
    """
    from gateway.cli.audit import run_verify

    code = run_verify(folder, anchors, tenant, as_json=as_json)
    if code:
        raise typer.Exit(code)


@audit.command("who-saw")
@reading
def who_saw(
    place: Place,
    who: Annotated[
        str,
        typer.Argument(metavar="ID|SOURCE", help="The customer's id; or a source, then its key.", show_default=False),
    ],
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="The source's key; - reads it.", show_default=False)
    ] = None,
    folder: Folder = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="From this time on: 2026-11-01T09:30+01:00, or a date.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Up to this time, which is not included.")] = None,
    view: Annotated[
        str | None, typer.Option(metavar="VIEW", help="Through this view: its name, or with @ and a version.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="So many records at most. [default: 25 in a table, else all]")
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a line for each record.")] = False,
) -> None:
    """Print who saw what of a customer, when and why, the newest first.

    The cross-reference tells under which ids the customer is and was known; records of all of them are told. Times are
    in UTC unless they name a zone. Records of a day that follow each other and differ in nothing but their time are one
    row of the table. That it was asked, and by which login, is recorded first; where it cannot be, that is said.

    Example: customer-view audit who-saw crm C-1042 --since 2026-11-01 --view support-call

    Exit codes: 0 fine, also when nobody saw anything, 1 nobody is known by that, 2 wrong use, or it cannot be read.
    """
    from gateway.cli.audit_printed import Form
    from gateway.cli.audit_who_saw import Wanted, run_who_saw

    if as_json and as_csv:
        raise typer.BadParameter("give --json or --csv, not both")
    form = Form.JSON if as_json else Form.CSV if as_csv else Form.TABLE
    if not run_who_saw(place, who, key, folder, Wanted(since, until, view, limit), form):
        raise typer.Exit(_FOUND)
