"""What is asked for a step: a batch for each set of fields that is allowed, and for whom each of its keys is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from adapters.adapter import Batch
from adapters.answers import Key, SourceError
from adapters.crossref import Subject
from resolvers.calls import most_keys
from resolvers.cursors import BEGINNING
from resolvers.fetched import Extent, Fetched
from resolvers.joining import slice_of
from resolvers.steps import Step
from schema.reasons import Reason

__all__ = ["batches_of", "holders_of", "narrowed"]

_TOO_MANY = SourceError(Reason.SOURCE_ERROR, "a list held more items than are followed")


def batches_of(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> Sequence[Batch]:
    """Return one batch for each set of fields that is allowed for some of the customers, and each part of a list.

    Keys of a list beyond what was counted are in none: their answers are put into `fetched`.
    """
    given = fetched.given(step)
    verdicts = fetched.verdicts
    is_one = verdicts.is_plain or verdicts.is_uniform
    if is_one and given.cursor is None and not step.after and not step.gates:
        left = verdicts.usual.left(step)
        keys = _own_keys(step, subjects) if left is not None else ()
        return [Batch(step.offer, left.fields, keys, given.values, slice_of(given, BEGINNING))] if left and keys else ()
    by_part: dict[Extent, dict[Key, None]] = {}
    for part, key in _asked(step, fetched, subjects):
        by_part.setdefault(part, {})[key] = None
    return [Batch(step.offer, fields, tuple(keys), given.values, part) for (fields, part), keys in by_part.items()]


def narrowed(
    step: Step, batch: Batch, denied: Sequence[Key], fetched: Fetched, subjects: Sequence[Subject]
) -> Sequence[Batch]:
    """Return what may still be asked by keys of a batch that were denied, now that a gate is shut.

    `fetched` keeps that no more is asked for their customers.
    """
    holders = holders_of(step, replace(batch, keys=tuple(denied)), fetched, subjects)
    by_fields: dict[tuple[str, ...], dict[Key, None]] = {}
    for key, held_by in holders.items():
        for subject in held_by:
            fields = fetched.narrow(step, subject)
            if fields is not None and fields != batch.fields:
                by_fields.setdefault(fields, {})[key] = None
    return [replace(batch, fields=fields, keys=tuple(keys)) for fields, keys in by_fields.items()]


def holders_of(step: Step, batch: Batch, fetched: Fetched, subjects: Sequence[Subject]) -> dict[Key, list[Subject]]:
    """Return for whom each key of a batch is asked."""
    holders: dict[Key, list[Subject]] = {key: [] for key in batch.keys}
    for subject in subjects:
        if fetched.fields(step, subject) == batch.fields:
            for key in fetched.keys(step, subject):
                if key in holders:
                    holders[key].append(subject)
    return holders


def _own_keys(step: Step, subjects: Sequence[Subject]) -> tuple[Key, ...]:
    """Return the distinct keys that the cross-reference has of these customers for the step."""
    keys: dict[Key, None] = {}
    for subject in subjects:
        for keyspace in step.keyspaces:
            for linked in subject.keys.get(keyspace, ()):
                keys[linked.key] = None
    return tuple(keys)


def _asked(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> Iterator[tuple[Extent, Key]]:
    """Yield every key that is asked, as a part of what; keys beyond what was counted are answered without asking."""
    given = fetched.given(step)
    for subject in subjects:
        fields = fetched.fields(step, subject)
        if fields is None:
            continue
        most = most_keys(fetched.plan, step, subject, fetched.arguments)
        for place, (key, stand) in enumerate(fetched.asked(step, subject)):
            part = (fields, slice_of(given, stand))
            if place < most:
                yield part, key
            else:
                fetched.answers.setdefault(step.number, {}).setdefault(part, {})[key] = _TOO_MANY
