"""The verdicts of one request: the subject moment, decided for each customer before any source is asked, and what gates
narrow of them while the plan runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from adapters.crossref import Subject
from resolvers.gates import Gate
from resolvers.plan import Plan
from resolvers.policy.evidence import NO_EVIDENCE, Evidence, is_granted
from resolvers.policy.gates import unknown
from resolvers.policy.profiles import PlanRules, Profile
from resolvers.steps import Coordinates, Step, Wanted
from schema.caller import Caller
from schema.reasons import Reason
from schema.situation import Situation
from schema.withheld import Withheld

__all__ = ["Verdicts", "decide", "expected", "is_shown", "roots_of"]

_UNKNOWN = Withheld(Reason.SUBJECT_UNKNOWN)


class Verdicts:
    """What is decided of the asked coordinates for each customer, in profiles that customers share.

    `rules` are those of the plan, `subjects` the customers. `usual` is the profile of most of them, `others` holds
    those of the rest by canonical id. `roots` holds the root fields that found the customer: what only others ask for
    is not fetched; None where one root field found them all. `asked_by` holds the coordinates that each root field asks
    for. `refused` holds why a look-up is told to show nobody, by root field and place, where that is not
    SUBJECT_UNKNOWN.

    It changes while gates answer, and only narrows; `is_changing` says that something waits for a gate, or did, or
    that a gate which has let it may be asked again.
    """

    __slots__ = ("_asked_by", "is_changing", "others", "refused", "roots", "rules", "subjects", "usual")

    def __init__(
        self,
        rules: PlanRules,
        usual: Profile,
        others: dict[str, Profile],
        subjects: Sequence[Subject] = (),
        roots: Mapping[str, frozenset[str]] | None = None,
        asked_by: Mapping[str, Coordinates] = MappingProxyType({}),
    ) -> None:
        self.rules, self.subjects, self._asked_by = rules, subjects, asked_by
        self.usual, self.others, self.roots = usual, others, roots
        self.refused: Mapping[tuple[str, int], Withheld] = {}
        waits = bool(usual.waiting) or any(one.waiting for one in others.values())
        self.is_changing = waits or bool(rules.rules.of_subject)

    @property
    def is_plain(self) -> bool:
        """Return whether everything is allowed of every customer, for all of whom the same is asked."""
        return self.roots is None and not self.others and self.usual.is_plain

    @property
    def is_alike(self) -> bool:
        """Return whether one profile holds of every customer, and has from the beginning."""
        return not self.others and not self.is_changing

    @property
    def is_uniform(self) -> bool:
        """Return whether the same is asked of every customer, all of whom the usual profile holds of and has from the
        beginning."""
        return self.roots is None and self.is_alike

    @property
    def has_mixed_masks(self) -> bool:
        """Return whether what is shown in another form of most customers is shown otherwise of some."""
        usual = self.usual.transforms
        return bool(usual) and any(
            one.transforms.get(name) != transform and name not in one.withheld
            for one in set(self.others.values())
            for name, transform in usual.items()
        )

    def profile(self, subject: Subject) -> Profile:
        """Return what holds of one customer."""
        return self.others.get(subject.customer_id, self.usual)

    def of(self, subject: Subject) -> Mapping[str, Withheld]:
        """Return the withheld coordinates of one customer with their reasons."""
        return self.profile(subject).withheld

    def wanted(self, step: Step, subject: Subject) -> tuple[Wanted, ...]:
        """Return what of the step may be read for this customer now."""
        left = self.profile(subject).left(step)
        return left.wanted if left is not None else ()

    def is_followed(self, step: Step, path: str, subject: Subject) -> bool:
        """Return whether the key at a path of the step's record leads to something that is shown of this customer."""
        roots = step.roots if self.roots is None else self.roots[subject.customer_id]
        return any(
            wanted.is_key and wanted.path == path and wanted.root in roots for wanted in self.wanted(step, subject)
        )

    def fields(self, step: Step, subject: Subject) -> tuple[str, ...] | None:
        """Return the fields that the step asks for this customer now; None when it asks nothing."""
        others = self.others
        left = (others.get(subject.customer_id, self.usual) if others else self.usual).left(step)
        if left is None or (self.roots is not None and left.roots.isdisjoint(self.roots[subject.customer_id])):
            return None
        return left.fields

    def possible(self, step: Step, subject: Subject) -> tuple[str, ...] | None:
        """Return the fields that the step may come to ask for this customer, when all gates say yes; None for none."""
        left = self.profile(subject).possible(step)
        if left is None or (self.roots is not None and left.roots.isdisjoint(self.roots[subject.customer_id])):
            return None
        return left.fields

    def asked(self, subject: Subject) -> Coordinates:
        """Return the coordinates that are asked of one customer: by the root fields that found it."""
        if self.roots is None:
            return self.rules.coordinates
        return frozenset().union(*(self._asked_by[root] for root in self.roots[subject.customer_id]))

    def refusal(self, root: str, place: int) -> Withheld:
        """Return why a look-up shows nobody: by the response name of its root field and its place there."""
        return self.refused.get((root, place), _UNKNOWN)

    # What gates and a decision point make of it

    def waiting_for(self, gate: Gate) -> Sequence[Subject]:
        """Return the customers of whom something that is asked waits for a gate."""
        return [one for one in self.subjects if self._waits(one, gate)]

    def settle(self, gate: Gate, subject: Subject, outcome: Withheld | None) -> None:
        """Take what a gate has answered of a customer: why what waits for it is withheld, or None, that it is not.

        What was withheld stays so; what was allowed may be withheld later on.
        """
        standing = self.profile(subject).standing
        settled = dict(standing.settled)
        if settled.get(gate) is None:
            settled[gate] = outcome
            self._change(subject, self.rules.profile(standing._replace(settled=frozenset(settled.items()))))

    def narrow(self, subject: Subject, withheld: Mapping[str, Withheld]) -> None:
        """Withhold more of a customer."""
        standing = self.profile(subject).standing
        narrowed = frozenset({**withheld, **dict(standing.narrowed)}.items())
        self._change(subject, self.rules.profile(standing._replace(narrowed=narrowed)))

    def close(self) -> None:
        """Withhold what is asked and waits for a gate that has not answered; none answers any more."""
        if self.is_changing:
            for subject in self.subjects:
                unanswered = [gate for gate in self.profile(subject).waiting if self._waits(subject, gate)]
                for gate in unanswered:
                    self.settle(gate, subject, unknown(gate))
            self.find_usual()

    def find_usual(self) -> None:
        """Have the profile of most customers be the usual one, an ordinary one if there is any."""
        if self.others:
            profiles = {one.customer_id: self.profile(one) for one in self.subjects}
            counted = Counter(profiles.values())
            self.usual = usual = max(counted, key=lambda one: (one.is_ordinary, counted[one]))
            self.others = {name: profile for name, profile in profiles.items() if profile is not usual}

    def _waits(self, subject: Subject, gate: Gate) -> bool:
        waiting = self.profile(subject).waiting.get(gate)
        return waiting is not None and not waiting.isdisjoint(self.asked(subject))

    def _change(self, subject: Subject, profile: Profile) -> None:
        self.is_changing = True
        self.others[subject.customer_id] = profile


def decide(
    plan: Plan,
    found: Mapping[str, Sequence[Subject | None]],
    rules: PlanRules,
    evidence: Evidence = NO_EVIDENCE,
) -> Verdicts:
    """Return the verdicts of the subject moment for the customers that each root field found, by response name."""
    nobody = rules.related(evidence.situation)
    is_personal = rules.is_personal and (bool(evidence.assertions) or evidence.grant is not None)
    others: dict[str, Profile] = {}
    subjects: dict[str, Subject] = {}
    for of_root in found.values():
        for subject in of_root:
            if subject is None:
                continue
            subjects[subject.customer_id] = subject
            if subject.restrictions or is_personal:
                profile = _profile(plan, subject, rules, evidence, nobody)
                if profile is not nobody:
                    others[subject.customer_id] = profile
    roots = roots_of(found) if len(found) > 1 else None
    verdicts = Verdicts(rules, nobody, others, tuple(subjects.values()), roots, plan.asked_by)
    verdicts.find_usual()
    return verdicts


def expected(plan: Plan, rules: PlanRules, caller: Caller, situation: Situation, now: float) -> Profile:
    """Return the profile of whoever a request may be about, before anybody is looked up: as if all that the caller
    brings along, assertions and an opened break-glass, were about that one."""
    nobody = rules.related(situation)
    if not rules.is_personal or not (caller.assertions or caller.grant):
        return nobody
    somebody = Subject("", False, {})
    asserted = {somebody.customer_id: [*map(rules.rules.counted, caller.assertions)]} if caller.assertions else {}
    grant = None if caller.grant is None else replace(caller.grant, customer=somebody.customer_id)
    evidence = Evidence(now, situation, asserted, grant, is_granted(rules.rules.view, caller, situation))
    return _profile(plan, somebody, rules, evidence, nobody)


def _profile(plan: Plan, subject: Subject, rules: PlanRules, evidence: Evidence, nobody: Profile) -> Profile:
    name, standing = subject.customer_id, nobody.standing
    if name in evidence.assertions:
        verified = tuple(evidence.verified(name, one) for one in rules.required)
        counted = rules.rules.verification
        level, used = evidence.level(name, counted.max_age), evidence.used(name, counted.max_age, counted.methods)
        standing = standing._replace(level=level, used=used, verified=verified)
    if rules.has_glass:
        standing = standing._replace(glass=evidence.glass(name))
    if subject.restrictions:
        named = frozenset().union(*(restriction.coordinates for restriction in subject.restrictions))
        standing = standing._replace(restricted=plan.coordinates & named)
    return rules.profile(standing)


def roots_of(found: Mapping[str, Sequence[Subject | None]]) -> Mapping[str, frozenset[str]]:
    """Return the root fields that found each customer, by canonical id."""
    roots: dict[str, frozenset[str]] = {}
    for name, subjects in found.items():
        for subject in filter(None, subjects):
            roots[subject.customer_id] = roots.get(subject.customer_id, frozenset()) | {name}
    return roots


def is_shown(subject: Subject, known: Container[str], canonical: str) -> bool:
    """Return whether anything of a customer may be shown; `canonical` is the coordinate of its id.

    Not when everything or the id is restricted, nor when a restriction names a coordinate that the model does not have
    (`known`): what it was meant to protect cannot be told, so all is.
    """
    named = [coordinate for restriction in subject.restrictions for coordinate in restriction.coordinates]
    return all(coordinate in known and coordinate != canonical for coordinate in named)
