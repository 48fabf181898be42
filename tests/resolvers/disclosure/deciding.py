"""What may be shown, decided once more as plainly as it can be said: one customer and one coordinate at a time.

    document    the situation of the request
    subject     restriction, break-glass, verification
    gates       an open case, an active interaction, consent, objection; and an outside decision point
    then        the mask

A later moment is not asked where an earlier one withholds. Of one moment all that withholds is kept, in this order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schema.grants import Grant
from schema.situation import Situation
from schema.verification import Assertion

__all__ = [
    "RELATIONSHIPS",
    "Decision",
    "Gate",
    "Request",
    "Standing",
    "counted",
    "decide",
    "gates_of",
    "shut_by",
    "withholds_early",
]

KINDS = {"otp": "possession", "kba": "knowledge", "face": "inherence"}
"""What the methods prove that the cases use."""

BROADER = ("Marketing", "Purpose")
"""What is broader than DirectMarketing: who objects to it objects to this as well."""

Gate = tuple[str, str | None, str | None]
"""What is asked of a source: its kind, the purpose and the channel."""

RELATIONSHIPS: Mapping[str, Gate] = {
    "open-case": ("case", None, None),
    "active-interaction": ("interaction", None, None),
}
Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """What is true of one customer, whoever asks. `keys` holds by which keys an assertion may name it, by source.

    `office` says whether the source of consents and cases knows the customer: linked, unlinked, or it fails.
    `decisions` holds the states of consents by purpose and channel, `cases` which cases are open and `calls` which
    interactions go on, by reference.
    """

    keys: Mapping[str | None, str]
    restricted: frozenset[str] = frozenset()
    office: str = "linked"
    decisions: Mapping[tuple[str, str | None], str] = field(default_factory=dict)
    cases: Mapping[str, bool] = field(default_factory=dict)
    calls: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What comes with a request. `denied` holds what a decision point says: for customer and coordinate a code."""

    now: float
    consumer: str
    view: str
    roles: frozenset[str] = frozenset()
    situation: Situation = field(default_factory=Situation)
    assertions: Sequence[Assertion] = ()
    grant: Grant | None = None
    denied: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """Whether a coordinate is withheld, and by which codes, the first one first; else how it is masked, if it is, and
    by which code.

    `step_up` is the level that would open it, where one would, beside the present one.
    """

    codes: tuple[str, ...] = ()
    mask: str | None = None
    step_up: tuple[str, str] | None = None
    masked_by: str = "VALUE_MASKED"

    @property
    def is_withheld(self) -> bool:
        """Whether nothing of it may be shown."""
        return bool(self.codes)


def decide(
    view: Raw, request: Request, customer: str, standing: Standing, coordinate: str, asked: Iterable[str]
) -> Decision:
    """What holds of one coordinate of one customer; `asked` are all coordinates that are asked of the customer."""
    if coordinate == "Vessel.id":
        return Decision()
    early = _early(view, request, standing, coordinate)
    if early.is_withheld:
        return early
    denied = request.denied.get((customer, coordinate))
    gates = gates_of(view, coordinate)
    if denied is not None:  # then only what others wait for is asked
        gates &= {
            gate for one in asked if _waits(view, request, customer, standing, one) for gate in gates_of(view, one)
        }
    codes = [code for gate in _ordered(gates) for code in shut_by(request, standing, gate)]
    codes += [] if denied is None else [denied]
    return Decision(tuple(dict.fromkeys(codes))) if codes else early


def withholds_early(view: Raw, request: Request, standing: Standing, coordinate: str) -> bool:
    """Whether it is withheld before any source is asked."""
    return coordinate != "Vessel.id" and _early(view, request, standing, coordinate).is_withheld


def gates_of(view: Raw, coordinate: str) -> set[Gate]:
    """What has to be asked of a source before the coordinate is: the view's own and the coordinate's."""
    if coordinate == "Vessel.id":
        return set()
    found: set[Gate] = set()
    for part in (view, view["fields"].get(coordinate) or {}):
        for kind in ("consent", "objection"):
            if part.get(kind):
                found.add((kind, part[kind]["purpose"], part[kind].get("channel")))
    for part in (view["subject"], view["fields"].get(coordinate) or {}):
        if part.get("relationship"):
            found.add(RELATIONSHIPS[part["relationship"]])
    return found


def _level(view: Raw, request: Request, standing: Standing) -> str:
    """How well the customer is verified, by what is not older than the view takes."""
    oldest = view["verification"]["max_age"]
    levels = [counted(view, one) for one in _of_customer(request, standing) if _is_fresh(one, request.now, oldest)]
    return max(levels, default="V0")


def _waits(view: Raw, request: Request, customer: str, standing: Standing, coordinate: str) -> bool:
    return not withholds_early(view, request, standing, coordinate) and (customer, coordinate) not in request.denied


def _early(view: Raw, request: Request, standing: Standing, coordinate: str) -> Decision:
    rule = view["fields"].get(coordinate) or {}
    if not _is_for(rule.get("when") or {}, request.situation):
        return Decision(("PURPOSE_NOT_ALLOWED",))
    codes: list[str] = []
    if coordinate in standing.restricted:
        codes.append("SUBJECT_RESTRICTED")
    if rule.get("break_glass"):
        codes += _of_glass(view, request, standing)
    required = rule.get("min", "V0")
    proven = _proven(view, request, standing, rule, required)
    step_up = None if proven == "yes" else (required, _level(view, request, standing))
    if proven != "yes" and rule.get("below") is None:
        codes.append("VERIFICATION_EXPIRED" if proven == "too old" else "VERIFICATION_REQUIRED")
    if codes:
        return Decision(tuple(codes), step_up=step_up if codes[0].startswith("VERIFICATION") else None)
    masked_by = "VERIFICATION_EXPIRED" if proven == "too old" else "VALUE_MASKED"
    return Decision((), rule.get("mask") if proven == "yes" else rule["below"], step_up, masked_by)


def _is_for(when: Raw, situation: Situation) -> bool:
    told = {"channels": situation.channel, "journeys": situation.journey, "objectives": situation.objective}
    return all(told[part] in words for part, words in when.items() if words)


def _of_glass(view: Raw, request: Request, standing: Standing) -> list[str]:
    grant = request.grant
    if grant is None:
        return ["BREAK_GLASS_REASON_REQUIRED"]
    holds = (
        grant.view == request.view
        and grant.consumer == request.consumer
        and grant.customer == standing.keys[None]
        and grant.reason in view["break_glass"]["reasons"]
        and request.roles & set(view["break_glass"]["roles"])
        and request.now < grant.until
        and request.situation.actor in (None, grant.actor)
    )
    return [] if holds else ["BREAK_GLASS_NOT_ALLOWED"]


def _proven(view: Raw, request: Request, standing: Standing, rule: Raw, required: str) -> str:
    """Whether the customer is verified as the rule wants it: yes, no, or was so too long ago."""
    if required == "V0":
        return "yes"
    oldest = min(rule.get("max_age") or 86_400, view["verification"]["max_age"])
    enough = [one for one in _of_customer(request, standing) if counted(view, one) >= required]
    if any(_is_fresh(one, request.now, oldest) for one in enough):
        return "yes"
    return "too old" if enough else "no"


def _of_customer(request: Request, standing: Standing) -> Iterator[Assertion]:
    """The assertions that name this very customer."""
    return (one for one in request.assertions if standing.keys.get(one.source) == one.key)


def counted(view: Raw, one: Assertion) -> str:
    """The level of an assertion, as far as it rests on methods that the view names."""
    if one.acting_for is not None:
        return min(str(one.level), "V1")
    kinds = {KINDS[method] for method in one.methods if method in view["verification"]["methods"]}
    return min(str(one.level), ("V1", "V2", "V3")[len(kinds)])


def _is_fresh(one: Assertion, now: float, oldest: float) -> bool:
    return one.expires_at > now and -30 <= now - one.verified_at <= oldest


def _ordered(gates: Iterable[Gate]) -> list[Gate]:
    kinds = ("case", "interaction", "consent", "objection")
    return sorted(gates, key=lambda gate: (kinds.index(gate[0]), gate[1] or "", gate[2] or ""))


def shut_by(request: Request, standing: Standing, gate: Gate) -> list[str]:
    """The codes with which a gate is shut for a customer; none when it is open."""
    kind, purpose, channel = gate
    if kind == "interaction" and request.situation.interaction is None:
        return ["RELATIONSHIP_REQUIRED"]
    if kind == "interaction":
        return _of_relationship(standing, standing.calls, request.situation.interaction)
    if kind == "case":
        return _of_relationship(standing, standing.cases, request.situation.case)
    if standing.office != "linked":
        return ["CONSENT_UNKNOWN" if kind == "consent" else "POLICY_UNAVAILABLE"]
    assert purpose is not None
    said = set(_said(standing, purpose, channel))
    if kind == "objection":
        return ["OBJECTION_RECORDED"] if "objected" in said else []
    against = {
        "withdrawn": "CONSENT_WITHDRAWN",
        "refused": "CONSENT_REFUSED",
        "objected": "OBJECTION_RECORDED",
    }
    codes = [code for state, code in against.items() if state in said]
    if codes:
        return codes
    given = {standing.decisions.get((purpose, one)) for one in {channel, None}}
    if "given" in given:
        return []
    return ["CONSENT_EXPIRED" if "expired" in given else "CONSENT_MISSING"]


def _said(standing: Standing, purpose: str, channel: str | None) -> Iterator[str]:
    """What was said for or against the purpose or a broader one, over the channel or over all."""
    for (of, over), state in standing.decisions.items():
        is_about = of == purpose or (of in BROADER and purpose == "DirectMarketing")
        if is_about and (channel is None or over in (None, channel)):
            yield state


def _of_relationship(standing: Standing, known: Mapping[str, bool], named: str | None) -> list[str]:
    if standing.office == "fails":
        return ["POLICY_UNAVAILABLE"]
    if standing.office == "unlinked":
        return ["RELATIONSHIP_REQUIRED"]
    stands = any(known.values()) if named is None else known.get(named, False)
    return [] if stands else ["RELATIONSHIP_REQUIRED"]
