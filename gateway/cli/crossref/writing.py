"""The commands that make one write: each prints where the customer stands then, or what stands against it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from adapters.crossref import (
    EVERYTHING,
    Linked,
    Lookup,
    Method,
    Restriction,
    StoredCrossReference,
    StoreError,
)
from adapters.crossref.asking import MAX_PAGE
from gateway.cli.crossref.keys import key_of
from gateway.cli.crossref.meant import check_id
from gateway.cli.crossref.opening import RefusedWriteError, work_on, writing_of
from gateway.cli.crossref.options import Place, Told
from gateway.cli.crossref.people import id_of, taken
from gateway.cli.crossref.printed import print_linked, print_refusal
from gateway.cli.crossref.telling import told_together
from gateway.command_error import CommandError
from gateway.terminal import open_console

__all__ = ["run_lift", "run_link", "run_non_match", "run_relink", "run_replace_key", "run_restrict"]
__all__ += ["run_split", "run_undo_merge", "run_unlink", "run_write"]

_UNVERIFIED = (
    "Warning: whether there are such coordinates was not verified, for no model is known without --app. With one that "
    "the model does not have, nothing of this customer is shown."
)


def run_write(place: Place, work: Callable[[StoredCrossReference], Awaitable[Linked]], *, as_json: bool) -> bool:
    """Make a write and print where the customer stands and what was done; return False when something stands against
    it: that is printed.

    Raises CommandError: What was given can never be written, or the cross-reference cannot be used.
    """

    async def work_and_tell(crossref: StoredCrossReference) -> tuple[Linked, list[str]]:
        linked = await work(crossref)
        return linked, [] if as_json else await _done(crossref, linked)

    try:
        linked, done = work_on(place, work_and_tell)
    except RefusedWriteError as refused:
        print_refusal(str(refused))
        return False
    print_linked(linked, done, as_json=as_json)
    return True


async def _done(crossref: StoredCrossReference, linked: Linked) -> list[str]:
    """Return what the events of a write tell, line by line."""
    if linked.events is None:
        return []
    first, last = linked.events
    try:
        changes = await crossref.changes(first - 1, limit=min(last - first + 1, MAX_PAGE))
    except StoreError:  # what is written stands: it is not to look as if it had failed
        return []
    return told_together((change.type, change.body) for change in changes)


def run_link(
    place: Place,
    told: Told,
    source: str,
    key: str,
    customer: str | None,
    method: str,
    confidence: float,
    *,
    as_json: bool,
) -> bool:
    """Link a key."""
    if customer is not None:
        check_id(customer, "the customer")
    given, writing = key_of(f"the key of {source}", key), writing_of(told)

    async def work(crossref: StoredCrossReference) -> Linked:
        return await crossref.link(
            source,
            given,
            customer,
            asserted_by=writing["actor"],
            method=Method(method),
            confidence=confidence,
            reason_code=told.reason_code,
            reason_ref=told.reason_ref,
            idempotency_key=told.idempotency_key,
            expected_version=told.expected_version,
        )

    return run_write(place, work, as_json=as_json)


def run_unlink(place: Place, told: Told, source: str, key: str, *, as_json: bool) -> bool:
    """Take a key from its customer."""
    given, writing = key_of(f"the key of {source}", key), writing_of(told)
    return run_write(place, lambda crossref: crossref.unlink(source, given, **writing), as_json=as_json)


def run_relink(place: Place, told: Told, source: str, key: str, customer: str, *, as_json: bool) -> bool:
    """Move a key to another customer."""
    check_id(customer, "the customer")
    given, writing = key_of(f"the key of {source}", key), writing_of(told)
    return run_write(place, lambda crossref: crossref.relink(source, given, customer, **writing), as_json=as_json)


def run_replace_key(place: Place, told: Told, source: str, old: str, new: str, *, as_json: bool) -> bool:
    """Put a new key in the place of an old one."""
    before, after = key_of(f"the old key of {source}", old), key_of(f"the new key of {source}", new)
    writing = writing_of(told)
    return run_write(place, lambda crossref: crossref.replace_key(source, before, after, **writing), as_json=as_json)


def run_non_match(
    place: Place, told: Told, one: tuple[str, str], other: tuple[str, str], *, clear: bool, as_json: bool
) -> bool:
    """Say of two keys that they are never one person's, or take it back."""
    pair = [Lookup(source, key_of(f"the key of {source}", key)) for source, key in (one, other)]
    writing = writing_of(told)

    def work(crossref: StoredCrossReference) -> Awaitable[Linked]:
        write = crossref.clear_non_match if clear else crossref.assert_non_match
        return write(*pair, **writing)

    return run_write(place, work, as_json=as_json)


def run_undo_merge(place: Place, told: Told, seq: int, *, as_json: bool) -> bool:
    """Undo the merge of an event."""
    writing = writing_of(told)
    return run_write(place, lambda crossref: crossref.undo_merge(seq, **writing), as_json=as_json)


def run_split(place: Place, told: Told, words: Sequence[str], into: str | None, *, as_json: bool) -> bool:
    """Split keys off a customer, who comes first: keys are given as source, key, source, key."""
    if into is not None:
        check_id(into, "--into")
    person, keys = taken(words, 2, "pairs of a source and its key")
    if len(keys) % 2:
        raise CommandError(f"got {len(keys)} words behind the customer; wanted pairs of a source and its key")
    pairs = [(source, key_of(f"the key of {source}", key)) for source, key in zip(keys[::2], keys[1::2], strict=True)]
    customer, writing = id_of(place, person), writing_of(told)
    if customer is None:
        return False
    return run_write(place, lambda crossref: crossref.split(customer, pairs, into, **writing), as_json=as_json)


def run_restrict(place: Place, told: Told, words: Sequence[str], *, as_json: bool) -> bool:
    """Restrict what may be processed of a customer, who comes first, on a ground, which comes before the coordinates;
    where no application tells of the model, say so.

    Raises CommandError: The application's model has not all of the coordinates.
    """
    person, (ground, *coordinates) = taken(words, 2, "a ground and coordinates")
    is_known = _check_coordinates(place.app, coordinates)
    restriction, writing = Restriction(ground, frozenset(coordinates)), writing_of(told)
    customer = id_of(place, person)
    if customer is None:
        return False
    is_done = run_write(place, lambda crossref: crossref.restrict(customer, restriction, **writing), as_json=as_json)
    if is_done and not is_known:
        open_console(stderr=True).print(_UNVERIFIED, soft_wrap=True)
    return is_done


def _check_coordinates(app: str | None, coordinates: Sequence[str]) -> bool:
    """Return whether it is known that there are such coordinates. Raises CommandError when there are not."""
    if app is None:
        return set(coordinates) == {EVERYTHING}
    from gateway.cli.application import load_gateway  # a second's worth of imports that no other command needs
    from gateway.naming import fault_of_coordinates
    from schema.model import Model

    declared = load_gateway(app).declared
    fault = fault_of_coordinates(coordinates, Model(declared.model, types=declared.types))
    if fault:
        raise CommandError(f"{fault}; nothing was written")
    return True


def run_lift(place: Place, told: Told, words: Sequence[str], *, as_json: bool) -> bool:
    """Lift the restrictions of a customer, who comes first, of a ground."""
    person, (ground, *more) = taken(words, 1, "a ground")
    if more:
        raise CommandError(f"got {len(words)} words; wanted an id, or a source and its key, and then a ground")
    customer, writing = id_of(place, person), writing_of(told)
    if customer is None:
        return False
    return run_write(place, lambda crossref: crossref.lift(customer, ground, **writing), as_json=as_json)
