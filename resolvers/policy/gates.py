"""What a source's records say of a gate: whether it is open for a customer, and if not, why.

It is decided by all records of all of the customer's keys, and by nothing else: what cannot be known withholds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from unicodedata import normalize

from adapters.answers import Answer, Facts, Found, Gone, Missing, Page
from adapters.gates import CHANNELS, ConsentRecord, ConsentStatus
from resolvers.gates import Gate, GateKind
from schema.dpv import parents, purposes, term_of
from schema.reasons import Reason
from schema.situation import NO_SITUATION, Situation
from schema.withheld import Withheld

__all__ = ["Outcome", "fields_of", "outcome_of", "unasked", "unknown", "unrelated"]

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

_STATES: Mapping[GateKind, str] = MappingProxyType({GateKind.CASE: "is_open", GateKind.INTERACTION: "is_active"})
"""The field of a record that says whether a relationship stands, by the kinds of relationships."""


def outcome_of(gate: Gate, answers: Sequence[Answer], now: float, situation: Situation = NO_SITUATION) -> Outcome:
    """Return whether a gate is open for a customer, by what the source answered for each of the customer's keys.

    `answers` is empty where the source does not know the customer. `now` is in seconds since 1970.

        consent      given for the purpose, over the gate's channel or all, and not withdrawn, refused or objected to,
                     for it or a broader purpose; a gate of no channel takes what is given for all channels
        objection    none to the purpose or a broader one, over the gate's channel or all, or any for one of no channel
        case         one is open; where the situation names one, that very one
        interaction  the one that the situation names is going on; where it names none, there is none

    What opens counts from `valid_from` on, what closes as soon as it stands there: whoever has withdrawn does not wait
    for the clocks of others. Both count before `valid_until`. What closes for a purpose or over a channel that nobody
    knows may be meant for any: CONSENT_UNKNOWN. What opens so opens nothing.
    """
    if gate.kind in _STATES:
        return unasked(gate, situation) or _of_relationship(gate.kind, answers, _named_in(gate, situation))
    assert gate.purpose is not None
    moment = datetime.fromtimestamp(now, UTC)
    said = {_said(gate, record, moment) for record in _records(answers)}
    if not _are_whole(answers) or not any(isinstance(answer, Found) for answer in answers):
        said.add(Reason.CONSENT_UNKNOWN)
    return _of_objections(said) if gate.kind is GateKind.OBJECTION else _of_consents(said)


def unknown(gate: Gate) -> Withheld:
    """Return the verdict where a gate could not be asked."""
    return Withheld(Reason.CONSENT_UNKNOWN if gate.kind is GateKind.CONSENT else Reason.POLICY_UNAVAILABLE)


def unasked(gate: Gate, situation: Situation) -> Outcome:
    """Return why a gate is shut whatever its source says: an interaction of which the situation does not tell."""
    is_lacking = gate.kind is GateKind.INTERACTION and situation.interaction is None
    return unrelated(gate.kind) if is_lacking else None


def unrelated(kind: GateKind) -> Withheld:
    """Return the verdict where a case is not open, or an interaction does not go on."""
    return Withheld(Reason.RELATIONSHIP_REQUIRED, gate=str(kind))


def fields_of(gate: Gate, situation: Situation) -> frozenset[str]:
    """Return the fields of a record by which a gate is decided."""
    state = _STATES.get(gate.kind)
    if state is None:
        return frozenset(ConsentRecord.model_fields)
    return frozenset({state} if _named_in(gate, situation) is None else {state, "reference"})


def _named_in(gate: Gate, situation: Situation) -> str | None:
    """Return the reference to the very case or interaction that the situation names."""
    return situation.case if gate.kind is GateKind.CASE else situation.interaction


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


def _of_relationship(kind: GateKind, answers: Sequence[Answer], named: str | None) -> Outcome:
    """Return whether a case is open, or an interaction going on: the one that is named, any where none is."""
    states = [_state(record, _STATES[kind], named) for record in _records(answers)]
    if True in states:
        return None
    is_certain = _are_whole(answers) and None not in states
    return unrelated(kind) if is_certain else Withheld(Reason.POLICY_UNAVAILABLE)


def _state(record: Facts, state: str, named: str | None) -> bool | None:
    """Return whether a record is of what is named, and that is open or going on; None where it cannot be told."""
    reference, is_so = record.get("reference"), record.get(state)
    if type(is_so) is not bool or (named is not None and type(reference) is not str):
        return None
    return is_so and named in (None, reference)


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


def _said(gate: Gate, record: Facts, now: datetime) -> Reason | None:
    """Return what one record says; None: consent is given. CONSENT_MISSING is said by what has no bearing."""
    is_about = _is_about(gate, record)
    if is_about is False:
        return Reason.CONSENT_MISSING
    if not _is_sound(record):
        return Reason.CONSENT_UNKNOWN
    status = record["status"]
    assert isinstance(status, ConsentStatus)
    if status in _AGAINST:
        return _said_against(gate, status, record, now, is_certain=is_about is True)
    return _said_for(gate, status, record, now)


def _said_against(gate: Gate, status: ConsentStatus, record: Facts, now: datetime, *, is_certain: bool) -> Reason:
    """Return what a record says against a use, from when it is there until it is over; one that ends as it begins, or
    before, was never meant to."""
    since, until = record.get("valid_from"), record.get("valid_until")
    is_interval = not (isinstance(since, datetime) and isinstance(until, datetime)) or since < until
    if gate.kind is GateKind.OBJECTION and status is not ConsentStatus.OBJECTED:
        return Reason.CONSENT_MISSING
    if is_interval and _is_over(record, now):
        return Reason.CONSENT_MISSING
    return _AGAINST[status] if is_certain else Reason.CONSENT_UNKNOWN


def _said_for(gate: Gate, status: ConsentStatus, record: Facts, now: datetime) -> Reason | None:
    """Return what a record says that is for a use, or was: of this very purpose and channel alone."""
    is_for_gate = term_of(str(record["purpose"])) == gate.purpose and record.get("channel") in (None, gate.channel)
    if status is ConsentStatus.REQUESTED or not is_for_gate:
        return Reason.CONSENT_MISSING
    if status is ConsentStatus.EXPIRED or _is_over(record, now):
        return Reason.CONSENT_EXPIRED
    since = record.get("valid_from")
    return Reason.CONSENT_MISSING if isinstance(since, datetime) and since > now else None


def _is_over(record: Facts, now: datetime) -> bool:
    until = record.get("valid_until")
    return isinstance(until, datetime) and until <= now


def _is_about(gate: Gate, record: Facts) -> bool | None:
    """Return whether a record is about the gate's purpose, or a broader one, and channel; None: it may be."""
    is_about = (_is_about_purpose(gate, record.get("purpose")), _is_about_channel(gate, record.get("channel")))
    if False in is_about:
        return False
    return None if None in is_about else True


def _is_about_purpose(gate: Gate, purpose: object) -> bool | None:
    if not isinstance(purpose, str):
        return None
    assert gate.purpose is not None
    word = _folded(term_of(purpose.strip()))
    if word in _broader(gate.purpose):
        return True
    return False if word in _known_purposes() else None


def _is_about_channel(gate: Gate, channel: object) -> bool | None:
    if channel is None or gate.channel is None:
        return True
    if not isinstance(channel, str):
        return None
    word = _folded(channel)
    if word == _folded(gate.channel):
        return True
    return False if word in CHANNELS else None


@cache
def _known_purposes() -> frozenset[str]:
    return frozenset(map(_folded, purposes()))


@cache
def _broader(purpose: str) -> frozenset[str]:
    """Return a purpose and all that are broader, as they are compared."""
    return frozenset(map(_folded, (purpose, *parents(purpose))))


def _folded(word: str) -> str:
    """Return a word as it is compared where it closes: `E-Mail` and `email` are one."""
    return "".join(filter(str.isalnum, normalize("NFKC", word).casefold()))


def _is_sound(record: Facts) -> bool:
    """Return whether everything that a record says can be used."""
    times = (record.get("valid_from"), record.get("valid_until"))
    return (
        isinstance(record.get("purpose"), str)
        and isinstance(record.get("status"), ConsentStatus)
        and (record.get("channel") is None or isinstance(record.get("channel"), str))
        and all(time is None or (isinstance(time, datetime) and time.tzinfo is not None) for time in times)
    )
