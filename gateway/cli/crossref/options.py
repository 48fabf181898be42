"""The options that commands of the cross-reference share, given to each by a decorator."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

import typer

__all__ = ["DEFAULT_TENANT", "Actor", "Place", "Told", "ToldOfMerge", "merging", "reading", "writing"]

_URL = "sqlite:///path or postgresql://host/database. A URL with a password belongs in CUSTOMER_VIEW_CROSSREF."

DEFAULT_TENANT = "default"

Actor = Annotated[str | None, typer.Option(metavar="NAME", help="Who writes. [default: cli: and the login's name]")]


@dataclass(frozen=True, slots=True)
class Place:
    """Which cross-reference is meant; without a URL or an application, that of CUSTOMER_VIEW_CROSSREF."""

    crossref: Annotated[
        str | None, typer.Option(metavar="URL", help=f"The cross-reference: {_URL} [default: CUSTOMER_VIEW_CROSSREF]")
    ] = field(default=None, repr=False)
    app: Annotated[str | None, typer.Option(metavar="APP", help="The gateway whose cross-reference is meant.")] = None
    tenant: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"The tenant. [default: that of --app, or {DEFAULT_TENANT}]")
    ] = None


@dataclass(frozen=True, slots=True)
class Told:
    """What every write is given: who writes, why, once only, and only to this version of the customer."""

    actor: Actor = None
    reason_code: Annotated[str | None, typer.Option(metavar="CODE", help="Why, as a short code.")] = None
    reason_ref: Annotated[str | None, typer.Option(metavar="REF", help="Where the reason is told: a ticket.")] = None
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The same write under the same key is made once in 24 hours.")
    ] = field(default=None, repr=False)
    expected_version: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Write only if the customer has this version.")
    ] = None


@dataclass(frozen=True, slots=True)
class ToldOfMerge(Told):
    """The same of a merge, which is about two customers: `expected_version` is the survivor's."""

    expected_loser_version: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Merge only if the one that is merged has this version.")
    ] = None


_Command = Callable[..., None]


def reading(command: _Command) -> _Command:
    """Return the command with the options of a Place, which it is given as its first argument."""
    return _with_options(command, Place)


def writing(command: _Command) -> _Command:
    """Return the command with the options of a Place and of what every write is given: its first two arguments."""
    return _with_options(command, Place, Told)


def merging(command: _Command) -> _Command:
    """Return the command with the options of a Place and of what a merge is given: its first two arguments."""
    return _with_options(command, Place, ToldOfMerge)


def _with_options(command: _Command, *groups: type[Any]) -> _Command:
    names = [[each.name for each in fields(group)] for group in groups]

    def run(**given: Any) -> None:
        made = [group(**{name: given.pop(name) for name in own}) for group, own in zip(groups, names, strict=True)]
        command(*made, **given)

    own = [*inspect.signature(command, eval_str=True).parameters.values()][len(groups) :]
    shared = [parameter for group in groups for parameter in _parameters(group)]
    run.__signature__ = inspect.Signature([_by_name(one) for one in (*own, *shared)])  # type: ignore[attr-defined]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _parameters(group: type[Any]) -> list[inspect.Parameter]:
    return [*inspect.signature(group, eval_str=True).parameters.values()]


def _by_name(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return it as one that is given by name, so that one with a default can stand before one without."""
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
