"""Random views with every kind of rule, and random customers, assertions, situations and grants to ask them with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any

from adapters.crossref import Lookup, Subject
from schema.grants import Grant
from schema.masks import Mask
from schema.situation import Situation
from schema.verification import Assertion, Level, supported
from schema.views import View
from tests.resolvers.disclosure.deciding import (
    RELATIONSHIPS,
    Decision,
    Request,
    Standing,
    counted,
    decide,
    gates_of,
    shut_by,
    withholds_early,
)
from tests.resolvers.disclosure.marked import customer_of
from tests.resolvers.fleet import Raw
from tests.resolvers.gated import case as case_record
from tests.resolvers.gated import consent, contact
from tests.resolvers.harbour import subject
from tests.resolvers.test_masks import TEXTS
from tests.resolvers.test_properties import WIDE
from tests.resolvers.vessels import ARGUMENTS, FIELDS, view

__all__ = ["CUSTOMERS", "NOW", "Case", "made"]

NOW = 1_800_000_000.0
CUSTOMERS = tuple(map(customer_of, range(1, 5)))
RULED = [name for name in FIELDS if name != "Vessel.id"]
CONSENTS = (
    {"purpose": "DirectMarketing", "channel": "email"},
    {"purpose": "DirectMarketing", "channel": "phone"},
    {"purpose": "DirectMarketing"},
)
DENIALS = ("POLICY_DENIED", "OBLIGATION_UNSUPPORTED")
REFUSAL_MS = 300


@dataclass(frozen=True)
class Case:
    """One view with what is true of its customers, and what comes with the request beside its document.

    `decides` says what a decision point does: none is there, it denies something, or it does not answer.
    """

    declared: Mapping[str, Any]
    standings: Mapping[str, Standing]
    request: Request
    decides: str = "none"

    @cached_property
    def view(self) -> View:
        """The view as the engine takes it."""
        return view(**{**self.declared, "fields": dict(self.declared["fields"])})

    @property
    def is_bound(self) -> bool:
        """Whether the view shows nobody but the customer of the assertion."""
        return bool(self.declared["subject"].get("bound"))

    def subjects(self) -> list[Subject]:
        """The customers as the cross-reference has them."""
        return [_subject(standing, standing.restricted) for standing in self.standings.values()]

    def plainly(self, hidden: Mapping[str, frozenset[str]]) -> list[Subject]:
        """The same customers, of whom a restriction names all that is withheld for whatever reason."""
        return [_subject(standing, hidden[name]) for name, standing in self.standings.items()]

    def consents(self) -> list[Raw]:
        """What the office has of consents and objections."""
        return [
            consent(_office(standing), state, purpose=purpose, channel=channel)
            for standing in self.standings.values()
            for (purpose, channel), state in standing.decisions.items()
        ]

    def cases(self) -> list[Raw]:
        """What the office has of open cases."""
        return [
            case_record(_office(standing), reference, is_open=is_open)
            for standing in self.standings.values()
            for reference, is_open in standing.cases.items()
        ]

    def contacts(self) -> list[Raw]:
        """What the office has of interactions."""
        return [
            contact(_office(standing), reference, is_active=is_active)
            for standing in self.standings.values()
            for reference, is_active in standing.calls.items()
        ]

    def decisions(self, customer: str, asked: frozenset[str]) -> Mapping[str, Decision]:
        """What holds of every coordinate of a customer of whom these are asked."""
        if self.decides == "fails":
            denied = dict.fromkeys(((customer, one) for one in FIELDS), "POLICY_UNAVAILABLE")
        else:
            denied = dict(self.request.denied)
        denied = {one: code for one, code in denied.items() if self._reaches_gates(*one)}
        request, standing = replace(self.request, denied=denied), self.standings[customer]
        return {one: decide(self.declared, request, customer, standing, one, asked) for one in FIELDS}

    def refused(self, customer: str) -> str | None:
        """Why nothing is shown of a customer, by whatever it is looked up; None when it may be."""
        standing = self.standings[customer]
        if standing.restricted & {"*", "Vessel.id"}:
            return "SUBJECT_RESTRICTED"
        wanted = self.declared["subject"].get("relationship")
        return next(iter(shut_by(self.request, standing, RELATIONSHIPS[wanted])), None) if wanted else None

    def unbound(self, lookup: Lookup) -> str | None:
        """Why a bound view shows nobody for a look-up, before anything is read; None when it may."""
        if not self.is_bound:
            return None
        own = [one for one in self.request.assertions if one.source is None and lookup == Lookup(None, one.key)]
        if not own:
            return "VERIFICATION_WRONG_SUBJECT"
        oldest = self.declared["verification"]["max_age"]
        proven = [one for one in own if counted(self.declared, one) >= "V2"]
        if not proven:
            return "VERIFICATION_REQUIRED"
        fresh = [one for one in proven if one.expires_at > NOW and NOW - one.verified_at <= oldest]
        return None if fresh else "VERIFICATION_EXPIRED"

    def waits(self, customer: str, coordinate: str, kinds: frozenset[str]) -> bool:
        """Whether a coordinate waits for a gate of one of these kinds, and nothing withholds it before."""
        gates = {kind for kind, _, _ in gates_of(self.declared, coordinate)}
        return self._reaches_gates(customer, coordinate) and not gates.isdisjoint(kinds)

    def _reaches_gates(self, customer: str, coordinate: str) -> bool:
        is_early = withholds_early(self.declared, self.request, self.standings[customer], coordinate)
        return coordinate != "Vessel.id" and not is_early


def _office(standing: Standing) -> str:
    return str(standing.keys[None]).replace("v", "O")


def _subject(standing: Standing, restricted: frozenset[str]) -> Subject:
    keys = {source: key for source, key in standing.keys.items() if source is not None}
    return subject(str(standing.keys[None]), *sorted(restricted), **keys)


def made(seed: int) -> Case:
    """The case of a seed."""
    return _Maker(Random(seed)).case()


@dataclass
class _Maker:
    """Makes one case. Most of what it makes is there with a chance, so that the rules meet in all combinations."""

    chance: Random

    def case(self) -> Case:
        declared = self.declared()
        standings = {name: self.standing(number) for number, name in enumerate(CUSTOMERS, start=1)}
        decides = self.chance.choice(["none"] * 9 + ["denies"] * 3 + ["fails"])
        request = Request(
            NOW,
            "bridge-desk",
            "bridge@1",
            frozenset({"fraud-lead"}) if self.is_so(0.8) else frozenset(),
            self.situation(declared),
            tuple(self.assertion(standings) for _ in range(self.chance.randrange(4))),
            self.grant() if self.is_so(0.4) else None,
            self.denied() if decides == "denies" else {},
        )
        return Case(declared, standings, request, decides)

    def is_so(self, share: float) -> bool:
        return self.chance.random() < share

    def some(self, of: Sequence[Any], most: int) -> list[Any]:
        return self.chance.sample(of, self.chance.randint(0, min(most, len(of))))

    def declared(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict.fromkeys((*FIELDS, *ARGUMENTS))
        names = self.some(RULED, 20)
        fields |= {name: self.rule(name) for name in names}
        return {
            "fields": fields,
            "limits": WIDE.limits.model_dump(),
            "verification": {"methods": ["otp", "kba"], "max_age": self.chance.choice([600, 1800])},
            "break_glass": {"roles": ["fraud-lead"], "reasons": ["suspected-fraud"], "minutes": 30},
            "situation": {"channels": ["voice", "chat"]} | dict.fromkeys(("case", "interaction", "actor"), "optional"),
            "subject": self.subject_rule(),
            "consent": self.chance.choice(CONSENTS) if self.is_so(0.05) else None,
            "objection": self.chance.choice(CONSENTS) if self.is_so(0.05) else None,
        }

    def subject_rule(self) -> dict[str, Any]:
        rule: dict[str, Any] = {}
        if self.is_so(0.15):
            rule["bound"] = True
        if self.is_so(0.1):
            rule["mode"] = "single"
        if self.is_so(0.2):
            rule |= {"relationship": self.chance.choice(list(RELATIONSHIPS)), "refusal_ms": REFUSAL_MS}
        return rule

    def rule(self, name: str) -> dict[str, Any]:
        """A rule of one part, or of some: the more there are, the less is ever shown."""
        parts = [self.level, self.level, self.level, self.gate, self.gate, self.situated, self.behind_glass]
        parts += [self.mask] * 3 if name in TEXTS else []
        rule: dict[str, Any] = {}
        for part in self.chance.sample(parts, self.chance.choice([1, 1, 1, 2, 2, 3])):
            rule |= part(name)
        return rule

    def mask(self, _name: str) -> dict[str, Any]:
        return {"mask": str(self.chance.choice(list(Mask)))}

    def level(self, name: str) -> dict[str, Any]:
        rule: dict[str, Any] = {"min": self.chance.choice(["V1", "V2", "V2", "V3"])}
        if self.is_so(0.3):
            rule["max_age"] = self.chance.choice([60, 600, 7200])
        if name in TEXTS and self.is_so(0.7):
            rule["below"] = str(self.chance.choice(list(Mask)))
        return rule

    def gate(self, _name: str) -> dict[str, Any]:
        kind = self.chance.choice(["consent", "objection", "relationship"])
        return {kind: self.chance.choice(list(RELATIONSHIPS) if kind == "relationship" else CONSENTS)}

    def situated(self, _name: str) -> dict[str, Any]:
        return {"when": {"channels": [self.chance.choice(["voice", "chat"])]}}

    def behind_glass(self, _name: str) -> dict[str, Any]:
        return {"break_glass": True}

    def standing(self, number: int) -> Standing:
        office = self.chance.choice(["linked"] * 6 + ["unlinked", "fails"])
        keys = {None: customer_of(number), "registry": f"R{number}", "sonar": f"S{number}"}
        if office != "unlinked":
            keys["office"] = f"O{number}"
        states = ["given"] * 4 + ["withdrawn", "refused", "requested", "expired", "objected"]
        about = [("DirectMarketing", over) for over in ("email", "phone", None)] + [("Marketing", None)]
        decisions = {one: self.chance.choice(states) for one in about if self.is_so(0.6)}
        cases = {f"CASE-{number}{letter}": self.is_so(0.6) for letter in "ab" if self.is_so(0.7)}
        restricted = (
            frozenset(self.some([*RULED, *RULED, "Vessel.id", "*"], 4)) if self.is_so(0.3) else frozenset[str]()
        )
        calls = {name: self.is_so(0.7) for name in (f"call-{number}", "call-0") if self.is_so(0.7)}
        return Standing(keys, restricted, office, decisions, cases, calls)

    def situation(self, declared: Mapping[str, Any]) -> Situation:
        case = self.chance.choice([None, None, "CASE-1a", "CASE-2b", "CASE-9"])
        call = self.chance.choice([None, "call-0", "call-0", "call-0", "call-1", "call-9"])
        actor = self.chance.choice([None, "anne", "bob"])
        return Situation(self.chance.choice(["voice", "chat"]), case=case, interaction=call, actor=actor)

    def assertion(self, standings: Mapping[str, Standing]) -> Assertion:
        keys = [one for standing in standings.values() for one in standing.keys.items()]
        source, key = self.chance.choice([*keys, *[one for one in keys if one[0] is None] * 3, (None, "nobody")])
        age, left = self.chance.choice([1, 1, 100, 1000, 5000]), self.chance.choice([100, 100, 100, 0, -1])
        methods = self.chance.choice([("otp",), ("kba", "otp"), ("kba", "otp"), ("face", "kba"), ()])
        level = Level(self.chance.randint(0, supported(methods)))  # the gateway lets none be higher
        return Assertion(source, key, level, methods, NOW - age, NOW + left, "call-1", "idv")

    def grant(self) -> Grant:
        pick = self.chance.choice
        return Grant(
            "bg-1",
            pick(["bridge@1"] * 4 + ["bridge@2"]),
            pick(CUSTOMERS),
            pick(["bridge-desk"] * 4 + ["other-desk"]),
            "anne",
            pick(["suspected-fraud"] * 4 + ["curiosity"]),
            "CASE-1a",
            NOW + pick([60, 60, 60, 0]),
        )

    def denied(self) -> Mapping[tuple[str, str], str]:
        return {(customer, name): self.chance.choice(DENIALS) for customer in CUSTOMERS for name in self.some(RULED, 3)}
