"""The commands that write single links and customers."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from gateway.cli.crossref.arguments import CustomerId, Force, Json, Key, KeyOfWho, Source, Who, Yes, exit_unless
from gateway.cli.crossref.options import Place, Told, ToldOfMerge, merging, writing

__all__ = ["add_write_commands"]


def add_write_commands(crossref: typer.Typer) -> None:
    """Add the commands to those of the cross-reference."""
    for command in (link, unlink, relink, replace_key, merge, undo_merge, split, restrict, lift, erase):
        crossref.command()(command)


@writing
def link(
    place: Place,
    told: Told,
    source: Source,
    key: Key,
    customer: Annotated[
        str | None,
        typer.Argument(
            metavar="ID", help="The customer. [default: who has the key, else a new one]", show_default=False
        ),
    ] = None,
    method: Annotated[
        Literal["native", "deterministic", "probabilistic", "manual"], typer.Option(help="How it is known.")
    ] = "manual",
    confidence: Annotated[float, typer.Option(min=0.0, max=1.0, help="How surely.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Link a key to a customer.

    What stands is never taken: a key of another customer is refused, and a candidate opened.

    Example: customer-view crossref link crm - cus_08f3d624393ff6b59df4da7dd4c5f2ae --reason-ref TICKET-17

    Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.writing import run_link

    exit_unless(run_link(place, told, source, key, customer, method, confidence, as_json=as_json))


@writing
def unlink(place: Place, told: Told, source: Source, key: Key, as_json: Json = False) -> None:
    """Take a key from its customer.

    The customer stays, even without any key.

    Example: customer-view crossref unlink crm -

    Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.writing import run_unlink

    exit_unless(run_unlink(place, told, source, key, as_json=as_json))


@writing
def relink(place: Place, told: Told, source: Source, key: Key, customer: CustomerId, as_json: Json = False) -> None:
    """Move a key to another customer.

    Restrictions stay with the customer that it comes from: restrict the other one first where they may be theirs.

    Example: customer-view crossref relink crm - cus_08f3d624393ff6b59df4da7dd4c5f2ae

    Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.writing import run_relink

    exit_unless(run_relink(place, told, source, key, customer, as_json=as_json))


@writing
def replace_key(
    place: Place,
    told: Told,
    source: Source,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The key so far; - reads it.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The key from now on; - reads it.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Put a source's new key in the place of its old one.

    As when the source has merged two of its records. The old key still leads to the customer.

    Example: customer-view crossref replace-key crm - -

    Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.writing import run_replace_key

    exit_unless(run_replace_key(place, told, source, old, new, as_json=as_json))


@merging
def merge(
    place: Place,
    told: ToldOfMerge,
    people: Annotated[
        list[str],
        typer.Argument(
            metavar="ID|SOURCE [KEY] ID|SOURCE [KEY]",
            help="Both, each by its id, or by a source and its key; - reads it.",
            show_default=False,
        ),
    ],
    into: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Which of them survives: its id, first or second. [default: the oldest]"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what it would do, and do nothing.")] = False,
    force: Force = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Merge two customers that are one person.

    The id of the one leads to the other from then on. What it would do is printed, and asked about, first; what has
    changed until the answer comes is not merged. undo-merge takes a merge back.

    Example: customer-view crossref merge cus_08f3d624393ff6b59df4da7dd4c5f2ae cus_1b0d6c1f5a6b7c8d9e0f1a2b3c4d5e6f

    Example: customer-view crossref merge crm - billing - --into first

    Exit codes: 0 fine, 1 something stands against it, or the answer was no, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.merging import run_merge

    done = run_merge(place, told, people, into, dry_run=dry_run, force=force, yes=yes, as_json=as_json)
    exit_unless(done)


@writing
def undo_merge(
    place: Place,
    told: Told,
    seq: Annotated[
        int, typer.Argument(min=1, metavar="SEQ", help="The number of the merge's event.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Undo a merge.

    The number of its event is what merge printed, and stands in the history. Keys that came by the merge go back.

    Example: customer-view crossref undo-merge 1207

    Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.writing import run_undo_merge

    exit_unless(run_undo_merge(place, told, seq, as_json=as_json))


@writing
def split(
    place: Place,
    told: Told,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="ID|SOURCE [KEY] SOURCE KEY",
            help="The customer; then what goes, in pairs; - reads a key.",
            show_default=False,
        ),
    ],
    into: Annotated[str | None, typer.Option(metavar="ID", help="To whom. [default: a new customer]")] = None,
    as_json: Json = False,
) -> None:
    """Split keys off a customer.

    They go to a new customer, or to another one that is there. Some have to stay.

    Example: customer-view crossref split cus_08f3d624393ff6b59df4da7dd4c5f2ae crm - billing -

    Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.writing import run_split

    exit_unless(run_split(place, told, words, into, as_json=as_json))


@writing
def restrict(
    place: Place,
    told: Told,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="ID|SOURCE [KEY] GROUND COORDINATE",
            help="The customer; a short code, such as gdpr-art-18; then Type.field of each, or * for all.",
            show_default=False,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Restrict what may be processed of a customer.

    With --app, coordinates that the model does not have are refused. Without it they are taken as they are: with one
    that is misspelt nothing of the customer is shown.

    Example: customer-view crossref restrict cus_08f3d624393ff6b59df4da7dd4c5f2ae gdpr-art-18 Customer.email

    Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.writing import run_restrict

    exit_unless(run_restrict(place, told, words, as_json=as_json))


@writing
def lift(
    place: Place,
    told: Told,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="ID|SOURCE [KEY] GROUND",
            help="The customer, and the code they were made with.",
            show_default=False,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Lift a customer's restrictions of a ground.

    Example: customer-view crossref lift cus_08f3d624393ff6b59df4da7dd4c5f2ae gdpr-art-18

    Exit codes: 0 fine, 1 something stands against it, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.writing import run_lift

    exit_unless(run_lift(place, told, words, as_json=as_json))


@writing
def erase(place: Place, told: Told, who: Who, key: KeyOfWho = None, yes: Yes = False, as_json: Json = False) -> None:
    """Erase a customer for good.

    Keys, identifiers, restrictions and candidates of the customer and of all merged into it are deleted; their ids are
    unknown from then on. Nothing brings them back. How much would go is printed, and the id has to be typed once more.
    Erase at the sources first, or the next load makes the person anew.

    Example: customer-view crossref erase cus_08f3d624393ff6b59df4da7dd4c5f2ae --reason-ref GDPR-REQUEST-17

    Exit codes: 0 fine, 1 something stands against it, or another id was typed, 2 wrong use, or it cannot be opened.
    """
    from gateway.cli.crossref.erasing import run_erase

    exit_unless(run_erase(place, told, who, key, yes=yes, as_json=as_json))
