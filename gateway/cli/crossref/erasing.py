"""`customer-view crossref erase`: what goes is told, and it goes when the id was typed a second time."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from adapters.crossref import Lookup, Outline, StoredCrossReference
from gateway.cli.crossref.opening import pinned, work_on, writing_of
from gateway.cli.crossref.options import Place, Told
from gateway.cli.crossref.people import id_of, person_of
from gateway.cli.crossref.printed import print_refusal, sources_of, table
from gateway.cli.crossref.questions import asked
from gateway.cli.crossref.writing import run_write
from gateway.command_error import CommandError
from gateway.terminal import open_console

__all__ = ["run_erase"]

_ADVICE = (
    "Erase at the sources first: the next load of a row with one of these keys makes the person anew, as a new "
    "customer without any restriction."
)


def run_erase(place: Place, told: Told, who: str, key: str | None, *, yes: bool, as_json: bool) -> bool:
    """Erase a customer, and return whether that is done: without `yes` the id has to be typed again.

    Raises CommandError: There is no such customer.
    """
    customer = id_of(place, person_of([who] if key is None else [who, key]))
    if customer is None:
        return False
    given = told
    if not yes:
        standing = work_on(place, lambda crossref: _standing(crossref, customer))
        if standing is not None:
            _print(open_console(stderr=True), customer, standing)
            if asked("This cannot be undone. Type the id again").strip() != customer:
                print_refusal("another id was typed; nothing was erased")
                return False
            given = pinned(told, standing.version)
    writing = writing_of(given)
    done = run_write(place, lambda crossref: crossref.erase(customer, **writing), as_json=as_json)
    if done and yes:
        open_console(stderr=True).print(_ADVICE, soft_wrap=True)
    return done


async def _standing(crossref: StoredCrossReference, customer: str) -> Outline | None:
    """Return what is known of the customer, None of one who was erased before. Raises CommandError for nobody's id."""
    if await crossref.standing(customer) is None:
        raise CommandError("CUSTOMER_UNKNOWN: no customer has this id; correct it")
    return await crossref.outline(Lookup(None, customer))


def _print(console: Console, customer: str, standing: Outline) -> None:
    if standing.customer != customer:
        console.print(f"{customer} was merged into {standing.customer}: all of it would be erased.", soft_wrap=True)
    shown = table("what would be erased", "#how many")
    for source, count in sources_of(standing).items():
        shown.add_row(Text(f"keys of {source}"), f"{count:,}")
    shown.add_row("identifiers", f"{len(standing.identifiers):,}")
    shown.add_row("restrictions", f"{len(standing.restrictions):,}")
    shown.add_row("ids merged into it", f"{len(standing.merged):,}")
    console.print(shown)
    console.print(_ADVICE, soft_wrap=True)
