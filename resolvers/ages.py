"""How old answers are, and what of them is no value: what receipts tell of a coordinate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.answers import TYPE_NAME, Answer, Facts, Fault, Found, Page, SourceError
from adapters.records import TYPE_MARK
from adapters.rows import Row
from schema.reasons import Reason

__all__ = ["Ages", "Odd", "ages_of", "odd_of"]

_NONE: Mapping[Reason, int] = Counter()


class Ages(NamedTuple):
    """When the oldest of some answers was fetched, and the oldest age that a source tells, in ISO 8601; None for none.

    `faults` counts the ages that are none, by code.
    """

    fetched_at: str | None
    as_of: str | None = None
    faults: Mapping[Reason, int] = _NONE


def ages_of(answers: Iterable[Answer]) -> Ages:
    """Return how old these answers are."""
    oldest: datetime | None = None
    told: list[datetime | Fault] = []
    for answer in answers:
        if type(answer) is Found:
            if oldest is None or answer.fetched_at < oldest:
                oldest = answer.fetched_at
            if answer.as_of is not None:
                told.append(answer.as_of)
    fetched_at = None if oldest is None else oldest.isoformat(timespec="milliseconds")
    return _told_ages(fetched_at, told) if told else Ages(fetched_at)


def _told_ages(fetched_at: str | None, told: Sequence[datetime | Fault]) -> Ages:
    ages = [one for one in told if isinstance(one, datetime) and one.tzinfo is not None]
    faults = Counter({Reason.VALUE_INVALID: len(told) - len(ages)} if len(ages) < len(told) else {})
    return Ages(fetched_at, min(ages).isoformat(timespec="milliseconds") if ages else None, faults)


class Odd(NamedTuple):
    """What of some answers may hold no value: how many failed, by code, and the records that may hold a fault."""

    failed: Mapping[Reason, int] = _NONE
    records: Sequence[Facts] = ()

    def faults(self, paths: Iterable[str]) -> Counter[Reason]:
        """Count what could not be had at these places of the records, by code; a fault above a place costs it, too.

        `paths` are dotted, in the words of the record.
        """
        counted = Counter(self.failed)
        for path in [path.split(".") for path in paths] if self.records else ():
            for record in self.records:
                counted.update(_faults(record, path))
        return counted


def odd_of(answers: Iterable[Answer]) -> Odd:
    """Return what of these answers may hold no value."""
    failed, records = Counter[Reason](), list[Facts]()
    for answer in answers:
        if type(answer) is SourceError:
            failed[answer.reason] += 1
        elif type(answer) is Found:
            several = answer.record.items if isinstance(answer.record, Page) else (answer.record,)
            records += [record for record in several if not isinstance(record, Row)]  # rows hold no fault
    return Odd(failed, records)


def _faults(facts: object, path: Sequence[str]) -> Iterator[Reason]:
    if isinstance(facts, Fault):
        yield facts.reason
    elif isinstance(facts, list):
        for item in facts:
            yield from _faults(item, path)
    elif path and isinstance(facts, Mapping):
        type_name, _, name = path[0].rpartition(TYPE_MARK)
        if not type_name or facts.get(TYPE_NAME) == type_name:
            yield from _faults(facts.get(name), path[1:])
