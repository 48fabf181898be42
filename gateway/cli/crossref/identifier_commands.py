"""The commands about identifiers: what sources show is noted, and digests follow the versions of the secret."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.crossref.arguments import CustomerId, Json, Yes, exit_unless
from gateway.cli.crossref.options import Actor, Place, Told, reading, writing

__all__ = ["identifiers"]

Version = Annotated[
    int, typer.Argument(min=1, max=65535, metavar="VERSION", help="Of the secret: an older one.", show_default=False)
]
Country = Annotated[
    str | None, typer.Option(metavar="XX", help="Where numbers are from that name no country: two letters, DE.")
]

identifiers = typer.Typer(
    name="identifiers",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Note and forget identifiers, such as e-mail addresses.

They are not kept, only digests of them, which need the secrets of CUSTOMER_VIEW_SECRET_FILE.

Example: customer-view crossref identifiers note cus_08f3d624393ff6b59df4da7dd4c5f2ae crm email -

Exit codes: 0 fine, 1 something stands against it, or the answer was no, 2 wrong use, or it cannot be opened.""",
)


@identifiers.command()
@writing
def note(
    place: Place,
    told: Told,
    customer: CustomerId,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="That shows them.", show_default=False)],
    values: Annotated[
        list[str],
        typer.Argument(metavar="TYPE VALUE", help="In pairs, such as email -; - reads it.", show_default=False),
    ],
    country: Country = None,
    as_json: Json = False,
) -> None:
    """Note identifiers that a source shows of a customer."""
    from gateway.cli.crossref.identifying import run_note

    exit_unless(run_note(place, told, customer, source, values, country, as_json=as_json))


@identifiers.command()
@writing
def forget(
    place: Place,
    told: Told,
    customer: CustomerId,
    values: Annotated[
        list[str],
        typer.Argument(metavar="TYPE VALUE|all", help="In pairs, or all; - reads one.", show_default=False),
    ],
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="Those that it shows. [default: any]")] = None,
    country: Country = None,
    as_json: Json = False,
) -> None:
    """Forget identifiers of a customer."""
    from gateway.cli.crossref.identifying import run_forget

    exit_unless(run_forget(place, told, customer, source, values, country, as_json=as_json))


@identifiers.command()
@reading
def wrap(place: Place, version: Version, actor: Actor = None) -> None:
    """Wrap the digests of a secret that was lost.

    Under the current one, so that who has the lost one alone cannot find out by trial whose they are. Stopped, it goes
    on when it is run again.
    """
    from gateway.cli.crossref.identifying import run_wrap

    run_wrap(place, actor, version)


@identifiers.command()
@reading
def retire(
    place: Place,
    version: Version,
    yes: Yes = False,
    actor: Actor = None,
) -> None:
    """Forget the identifiers of an older secret.

    Every one whose digest is of this version; do so when the sources were read under the current one. Stopped, it goes
    on when it is run again.
    """
    from gateway.cli.crossref.identifying import run_retire

    exit_unless(run_retire(place, actor, version, yes=yes))
