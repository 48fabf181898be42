"""Whom a write is about: named by a canonical id or, as look-ups name them, by a source and its key, and told by id."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from adapters.crossref import Lookup, StoredCrossReference, Subject
from adapters.crossref.ids import is_customer_id
from gateway.cli.crossref.keys import READ, lookup_of
from gateway.cli.crossref.meant import check_id, check_lookup, say_unknown
from gateway.cli.crossref.opening import work_on
from gateway.cli.crossref.options import Place
from gateway.command_error import CommandError
from gateway.terminal import open_console

__all__ = ["CUSTOMER", "id_of", "ids_of", "person_of", "taken"]

CUSTOMER = "the customer"
"""What the one whom a write is about is called."""


def person_of(words: Sequence[str], name: str = CUSTOMER) -> Lookup:
    """Return who is meant by an id, or by a source and its key; `-` is read.

    Raises CommandError when one word alone is no id: it is told by `name`, and not shown.
    """
    lookup = lookup_of(words[0], words[1] if len(words) > 1 else None)
    if lookup.source is None:
        check_id(lookup.key, name)
    return lookup


def taken(words: Sequence[str], fewest: int, wanted: str) -> tuple[Lookup, Sequence[str]]:
    """Return who is meant by the first words, an id or else a source and its key, and the words that follow.

    Raises CommandError when fewer words follow than so many; `wanted` says which.
    """
    size = 1 if _is_one(words[0]) or len(words) <= fewest + 1 else 2
    if len(words) < fewest + size:
        raise CommandError(f"got {len(words)} words; wanted an id, or a source and its key, and then {wanted}")
    return person_of(words[:size]), words[size:]


def _is_one(word: str) -> bool:
    return word == READ or is_customer_id(word)


def id_of(place: Place, person: Lookup) -> str | None:
    """Return the id of who is meant: see `ids_of`."""
    found = ids_of(place, [person])
    return found[0] if found else None


def ids_of(place: Place, people: Sequence[Lookup]) -> list[str] | None:
    """Return the ids of those who are meant. Who was named by a key is looked up, and the id is shown; the key is not.

    None when one of them is nobody, which is told. Raises CommandError when nobody can ever be known by what was given.
    """
    if all(one.source is None for one in people):
        return [one.key for one in people]

    async def work(crossref: StoredCrossReference) -> list[str | None]:
        for one in people:
            if one.source is not None:
                await check_lookup(crossref, one)
        named = [one for one in people if one.source is not None]
        found = iter(await crossref.resolve_many(named))
        return [one.key if one.source is None else _id(next(found)) for one in people]

    return _shown(people, work_on(place, work))


def _id(subject: Subject | None) -> str | None:
    return None if subject is None else subject.customer_id


def _shown(people: Sequence[Lookup], found: Sequence[str | None]) -> list[str] | None:
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        say_unknown()
        return None
    console = open_console(stderr=True)
    for person, customer in zip(people, known, strict=True):
        if person.source is not None:
            meant = Text.assemble(f"By the key of {person.source} is meant ", (customer, "bold cyan"))
            console.print(meant, soft_wrap=True)
    return known
