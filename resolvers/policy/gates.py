"""What a source's records say of a gate: whether it is open for a customer, and if not, why.

It is decided by all records of all of the customer's keys, and by nothing else: what cannot be known withholds.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from adapters.answers import Answer, Facts, Found, Gone, Missing, Page
from adapters.gates import ConsentStatus
from resolvers.gates import Gate, GateKind
from schema.dpv import parents
from schema.reasons import Reason
from schema.withheld import Withheld

__all__ = ["Outcome", "outcome_of", "unknown"]

Outcome = Withheld | None
"""None: the gate is open."""

_AGAINST: Mapping[ConsentStatus, Reason] = MappingProxyType(
    {
        ConsentStatus.WITHDRAWN: Reason.CONSENT_WITHDRAWN,
        ConsentStatus.REFUSED: Reason.CONSENT_REFUSED,
        ConsentStatus.OBJECTED: Reason.OBJECTION_RECORDED,
    }
)
"""What closes a consent, whatever else is recorded."""

_CLOSING = (*_AGAINST.values(), Reason.CONSENT_UNKNOWN)
"""The same, and what cannot be known; the first of them is told."""


def outcome_of(gate: Gate, answers: Sequence[Answer], now: float, case: str | None = None) -> Outcome:
    """Return whether a gate is open for a customer, by what the source answered for each of the customer's keys.

    `answers` is empty where the source does not know the customer. `now` is in seconds since 1970. `case` is the one
    that the situation names.

        consent      given for the purpose, over the gate's channel or all, and not withdrawn, refused or objected to,
                     for it or a broader purpose; a gate of no channel takes what is given for all channels
        objection    none to the purpose or a broader one, over the gate's channel or all, or any for one of no channel
        case         one is open; where the situation names one, that very one

    A record counts from `valid_from` on and before `valid_until`.
    """
    if gate.kind is GateKind.CASE:
        return _of_cases(answers, case)
    assert gate.purpose is not None
    moment = datetime.fromtimestamp(now, UTC)
    purposes = {one.casefold() for one in (gate.purpose, *parents(gate.purpose))}
    said = {_said(gate, record, moment) for record in _records(answers) if _may_be_about(gate, purposes, record)}
    if not _are_whole(answers) or not any(isinstance(answer, Found) for answer in answers):
        said.add(Reason.CONSENT_UNKNOWN)
    return _of_objections(said) if gate.kind is GateKind.OBJECTION else _of_consents(said)


def unknown(gate: Gate) -> Withheld:
    """Return the verdict where a gate could not be asked."""
    return Withheld(Reason.CONSENT_UNKNOWN if gate.kind is GateKind.CONSENT else Reason.POLICY_UNAVAILABLE)


def _of_consents(said: set[Reason | None]) -> Outcome:
    closing = tuple(reason for reason in _CLOSING if reason in said)
    if closing:
        return Withheld(closing[0], closing[1:])
    if None in said:
        return None
    return Withheld(Reason.CONSENT_EXPIRED if Reason.CONSENT_EXPIRED in said else Reason.CONSENT_MISSING)


def _of_objections(said: set[Reason | None]) -> Outcome:
    if Reason.OBJECTION_RECORDED in said:
        return Withheld(Reason.OBJECTION_RECORDED)
    return Withheld(Reason.POLICY_UNAVAILABLE) if Reason.CONSENT_UNKNOWN in said else None


def _of_cases(answers: Sequence[Answer], case: str | None) -> Outcome:
    records = [one for one in _records(answers) if case is None or one.get("reference") == case or _is_odd_case(one)]
    if any(one.get("is_open") is True and (case is None or one.get("reference") == case) for one in records):
        return None
    is_certain = _are_whole(answers) and not any(map(_is_odd_case, records))
    return Withheld(Reason.RELATIONSHIP_REQUIRED if is_certain else Reason.POLICY_UNAVAILABLE)


def _is_odd_case(record: Facts) -> bool:
    return type(record.get("reference")) is not str or type(record.get("is_open")) is not bool


def _records(answers: Iterable[Answer]) -> Iterable[Facts]:
    for answer in answers:
        page = _page(answer)
        yield from page.items if page is not None else ()


def _are_whole(answers: Iterable[Answer]) -> bool:
    """Return whether the records are all that there are: a key that failed may hide anything, one that is gone none."""
    return all(isinstance(answer, Missing | Gone) or _page(answer) is not None for answer in answers)


def _page(answer: Answer) -> Page | None:
    """Return the whole list of a key; None where there is none."""
    if isinstance(answer, Found) and isinstance(answer.record, Page) and not answer.record.has_next:
        return answer.record
    return None


def _may_be_about(gate: Gate, purposes: Container[str], record: Facts) -> bool:
    """Return whether a record is about one of the purposes and the gate's channel; one that does not tell may be.

    Words in another case than ours are taken for ours here: so spelled they close a gate, and open none.
    """
    purpose, channel = record.get("purpose"), record.get("channel")
    if isinstance(purpose, str) and purpose.casefold() not in purposes:
        return False
    return not isinstance(channel, str) or gate.channel is None or channel.casefold() == gate.channel.casefold()


def _said(gate: Gate, record: Facts, now: datetime) -> Reason | None:
    """Return what one record says; None: consent is given. CONSENT_MISSING is said by what has no bearing."""
    if not _is_sound(record):
        return Reason.CONSENT_UNKNOWN
    status, since, until = record["status"], record.get("valid_from"), record.get("valid_until")
    assert isinstance(status, ConsentStatus)
    is_over = isinstance(until, datetime) and until <= now
    if isinstance(since, datetime) and since > now:
        return Reason.CONSENT_MISSING
    if status in _AGAINST:
        return Reason.CONSENT_MISSING if is_over else _AGAINST[status]
    is_for_gate = record["purpose"] == gate.purpose and record.get("channel") in (None, gate.channel)
    if status is ConsentStatus.REQUESTED or not is_for_gate:
        return Reason.CONSENT_MISSING
    return Reason.CONSENT_EXPIRED if is_over or status is ConsentStatus.EXPIRED else None


def _is_sound(record: Facts) -> bool:
    """Return whether everything that a record says can be used."""
    times = (record.get("valid_from"), record.get("valid_until"))
    return (
        isinstance(record.get("purpose"), str)
        and isinstance(record.get("status"), ConsentStatus)
        and (record.get("channel") is None or isinstance(record.get("channel"), str))
        and all(time is None or (isinstance(time, datetime) and time.tzinfo is not None) for time in times)
    )
