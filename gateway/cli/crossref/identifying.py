"""`customer-view crossref identifiers`: what sources show of identifiers, noted as digests, forgotten, or made anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Sequence

from adapters.crossref import IdentifierType, Linked, StoredCrossReference
from gateway.cli.crossref.keys import key_of
from gateway.cli.crossref.opening import actor_of, work_on, writing_of
from gateway.cli.crossref.options import Place, Told
from gateway.cli.crossref.printed import print_refusal
from gateway.cli.crossref.questions import is_confirmed
from gateway.cli.crossref.telling import counted
from gateway.cli.crossref.writing import run_write
from gateway.command_error import CommandError

__all__ = ["run_forget", "run_note", "run_retire", "run_wrap"]

_ALL = "all"


def run_note(
    place: Place, told: Told, customer: str, source: str, given: Sequence[str], country: str | None, *, as_json: bool
) -> bool:
    """Note identifiers, given as type, value, type, value; return whether that could be written."""
    identifiers, writing = _identifiers(given), writing_of(told)

    def work(crossref: StoredCrossReference) -> Awaitable[Linked]:
        return crossref.note_identifiers(customer, source, identifiers, country=country, **writing)

    return run_write(place, work, as_json=as_json)


def run_forget(
    place: Place,
    told: Told,
    customer: str,
    source: str | None,
    given: Sequence[str],
    country: str | None,
    *,
    as_json: bool,
) -> bool:
    """Forget identifiers, given as type, value, type, value, or `all`; return whether that could be written."""
    identifiers = None if list(given) == [_ALL] else _identifiers(given)
    writing = writing_of(told)

    def work(crossref: StoredCrossReference) -> Awaitable[Linked]:
        return crossref.forget_identifiers(customer, source, identifiers, country=country, **writing)

    return run_write(place, work, as_json=as_json)


def run_wrap(place: Place, actor: str | None, version: int) -> None:
    """Wrap every digest of a version of the secret. Raises CommandError: it is the current one."""
    who = actor_of(actor)
    count = work_on(place, lambda crossref: crossref.wrap_identifiers(version, actor=who))
    print(f"{counted(count, 'digest')} of version {version} wrapped.")


def run_retire(place: Place, actor: str | None, version: int, *, yes: bool) -> bool:
    """Forget every identifier of a version of the secret, unless the answer is no; return whether that is done."""
    who = actor_of(actor)
    if not (yes or is_confirmed(f"Forget every identifier whose digest is of version {version}?")):
        print_refusal("the answer was no; nothing was forgotten")
        return False
    count = work_on(place, lambda crossref: crossref.retire_identifiers(version, actor=who))
    print(f"{counted(count, 'identifier')} of version {version} forgotten.")
    return True


def _identifiers(given: Sequence[str]) -> dict[IdentifierType, list[str]]:
    if len(given) % 2:
        raise CommandError(f"got {len(given)} words; wanted pairs of a type and its value, such as email -")
    found: dict[IdentifierType, list[str]] = defaultdict(list)
    for kind, value in zip(given[::2], given[1::2], strict=True):
        if kind not in set(IdentifierType):
            # it is not shown: a value may stand in its place
            raise CommandError(f"got a type that no identifier has; wanted one of: {', '.join(IdentifierType)}")
        found[IdentifierType(kind)].append(key_of(f"the {kind}", value))
    return found
