"""What holds of one customer: a profile, made once of what is known of the customer, and shared by all who are alike.

A profile is looked up by a few guards: how well the customer is verified, what is restricted, which gates have
answered. So a request costs some look-ups a customer, and none a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from cachetools import LRUCache

from resolvers.disclosure import ALLOWED, Effect
from resolvers.gates import Gate, GateKind
from resolvers.policy.rules import Required, Rule, Rules, Transform, Transforms
from resolvers.steps import Coordinates, Step, Wanted
from schema.reasons import Reason
from schema.situation import NO_SITUATION, Situation
from schema.verification import Factor, Level, StepUp
from schema.withheld import Withheld

__all__ = ["Glass", "Left", "PlanRules", "Profile", "Standing", "Verified"]

_MOST_PROFILES = 64
"""The most profiles of one plan that are kept; of more, those that were used longest ago are made anew."""

_NONE: Coordinates = frozenset()
_ORDER = (GateKind.CASE, GateKind.INTERACTION, GateKind.CONSENT, GateKind.OBJECTION)
"""In which order what the gates have answered is told."""


class Verified(Enum):
    """Whether the customer is verified as something requires."""

    WELL = "well"
    TOO_LONG_AGO = "too long ago"
    NOT = "not well enough"


class Glass(Enum):
    """Whether the glass was broken for the customer."""

    SHUT = "shut"
    OPEN = "open"
    NOT_ALLOWED = "not allowed"
    """It was broken, but that is over, or holds for somebody else."""


class Standing(NamedTuple):
    """All that the verdicts of one plan depend on for a customer.

    `level` is how well the customer is verified, by the factors `used` where others would raise it, and `verified` that
    as each of `PlanRules.required` requires it.
    `closed` are the coordinates that are not for the situation, `restricted` those that a restriction names. `settled`
    is what gates have answered (None: yes), `narrowed` what a decision point withholds besides.
    """

    level: Level = Level.V0
    used: frozenset[Factor] = frozenset()
    verified: tuple[Verified, ...] = ()
    closed: Coordinates = _NONE
    restricted: Coordinates = _NONE
    glass: Glass = Glass.SHUT
    settled: frozenset[tuple[Gate, Withheld | None]] = frozenset()
    narrowed: frozenset[tuple[str, Withheld]] = frozenset()


class Left(NamedTuple):
    """What is left of a step's wants: all of it, its fields in the words of the record, and the root fields that want
    it."""

    wanted: tuple[Wanted, ...]
    fields: tuple[str, ...]
    roots: frozenset[str]


@dataclass(frozen=True, eq=False)
class Profile:
    """The verdicts of the customers of one standing: what is withheld, shown in another form, and waits for which gate.

    What is in none of them is allowed. What waits is asked of no source yet. `coordinates` are all that were decided.
    """

    standing: Standing
    coordinates: Coordinates
    withheld: Mapping[str, Withheld]
    transforms: Transforms
    waiting: Mapping[Gate, Coordinates]

    @cached_property
    def is_plain(self) -> bool:
        """Return whether nothing is withheld, and nothing waits."""
        return not self.withheld and not self.waiting

    @cached_property
    def is_ordinary(self) -> bool:
        """Return whether nothing in it is about single customers."""
        return not self.standing.restricted and not self.standing.narrowed

    @cached_property
    def hidden(self) -> Coordinates:
        """Return what is withheld."""
        return frozenset(self.withheld)

    @cached_property
    def not_asked(self) -> Coordinates:
        """Return what is withheld, or waits for a gate."""
        return self.hidden.union(*self.waiting.values())

    @cached_property
    def effects(self) -> Mapping[str, Effect]:
        """Return what was decided of each coordinate, for the record of what was disclosed."""
        return MappingProxyType({one: self._effect(one) for one in sorted(self.coordinates)})

    def left(self, step: Step) -> Left | None:
        """Return what of a step of the plan may be asked now; None where that is nothing."""
        try:
            return self._left[step.number]
        except KeyError:
            left = self._left[step.number] = _left(step, self.not_asked)
            return left

    def possible(self, step: Step) -> Left | None:
        """Return what of a step may come to be asked, when all gates say yes; None where that is nothing."""
        return _left(step, self.hidden) if self.waiting else self.left(step)

    def told(self, step: Step) -> Sequence[Mapping[str, str]]:
        """Return what a receipt tells of the fields that a step of the plan may be asked for now."""
        told = self._told.get(step.number)
        if told is None:
            left = self.left(step)
            told = self._told[step.number] = step.told_of_fields(left.wanted) if left is not None else ()
        return told

    @cached_property
    def _left(self) -> dict[int, Left | None]:
        return {}

    @cached_property
    def _told(self) -> dict[int, Sequence[Mapping[str, str]]]:
        return {}

    def _effect(self, coordinate: str) -> Effect:
        verdict = self.withheld.get(coordinate)
        if verdict is not None:
            return Effect("withhold", (verdict.reason, *verdict.also))
        transform = self.transforms.get(coordinate)
        return ALLOWED if transform is None else Effect("transform", (transform.reason,))


def _left(step: Step, without: Coordinates) -> Left | None:
    wanted = step.wanted_without(without)
    return Left(wanted, step.fields_of(wanted), frozenset(one.root for one in wanted)) if wanted else None


class PlanRules:
    """The rules that stand on a plan's coordinates, and the profiles that they have come to.

    `required` is how well customers have to be verified for something of the plan, in a fixed order. Its profiles are
    for that one plan: they keep what is left of its steps.
    """

    def __init__(self, rules: Rules, coordinates: Coordinates) -> None:
        self.rules, self.coordinates = rules, coordinates
        standing_on = {one: rule for one in sorted(coordinates) if (rule := rules.of(one)) != _NO_RULE}
        self._rules: Mapping[str, Rule] = standing_on
        self.required = tuple(dict.fromkeys(rule.required for rule in standing_on.values() if rule.required))
        self._when = [one for one, rule in standing_on.items() if rule.when is not None]
        self.has_glass = any(rule.needs_glass for rule in standing_on.values())
        self.is_personal = bool(self.required or self.has_glass)
        self._places = {required: place for place, required in enumerate(self.required)}
        self._profiles: LRUCache[Standing, Profile] = LRUCache(_MOST_PROFILES)
        self._lasting: dict[Standing, Profile] = {}
        nobody = Standing(verified=(Verified.NOT,) * len(self.required))
        self._nobody = nobody
        self.plain = self._last(nobody)

    @cached_property
    def masked(self) -> Coordinates:
        """Return the coordinates that some customers may be shown in another form."""
        return frozenset(one for one, rule in self._rules.items() if rule.shown or rule.below)

    @cached_property
    def fullest(self) -> Profile:
        """Return the profile of a customer of whom everything may be shown."""
        verified = (Verified.WELL,) * len(self.required)
        glass = Glass.OPEN if self.has_glass else Glass.SHUT
        return self._last(Standing(verified=verified, glass=glass, settled=self._all_given))

    @property
    def expected(self) -> Sequence[Profile]:
        """Return the profiles of which most requests are: of each level, where all gates say yes."""
        found = [self.profile(one.standing._replace(settled=self._all_given)) for one in self.levels().values()]
        return tuple(dict.fromkeys((self.fullest, *found)))

    @cached_property
    def variety(self) -> int:
        """Return how many profiles most requests are of: one in a view without levels and the like."""
        return 1 if self.fullest is self.plain else len(self.expected)

    @cached_property
    def _all_given(self) -> frozenset[tuple[Gate, Withheld | None]]:
        gates: frozenset[Gate] = frozenset().union(*(rule.gates for rule in self._rules.values()))
        return frozenset((gate, None) for gate in gates)

    @property
    def has_when(self) -> bool:
        """Return whether something is shown in some situations alone."""
        return bool(self._when)

    def nobody(self, situation: Situation | None = NO_SITUATION) -> Profile:
        """Return the profile of a customer of whom nothing is known, in a situation; None: in all at once."""
        if situation is None or not self._when:
            return self.plain
        closed = frozenset(one for one in self._when if not self._rules[one].is_for(situation))
        return self.profile(self._nobody._replace(closed=closed))

    def related(self, situation: Situation = NO_SITUATION) -> Profile:
        """Return the profile of a customer of whom nothing is known but that the gates of the subject are open."""
        nobody = self.nobody(situation)
        if not self.rules.of_subject:
            return nobody
        settled = frozenset((gate, None) for gate in self.rules.of_subject)
        return self.profile(nobody.standing._replace(settled=settled))

    def profile(self, standing: Standing) -> Profile:
        """Return the profile of a standing."""
        if standing.level and all(one is Verified.WELL for one in standing.verified):
            standing = standing._replace(level=Level.V0, used=frozenset())  # nothing tells of it
        lasting = self._lasting.get(standing)
        if lasting is not None:
            return lasting
        found = self._profiles.get(standing)
        if found is None:
            found = self._profiles[standing] = self._made(standing)
        return found

    def _last(self, standing: Standing) -> Profile:
        """Return the profile of a standing, which stays what it is, however many others there come to be."""
        return self._lasting.setdefault(standing, self.profile(standing))

    def levels(self, situation: Situation | None = NO_SITUATION) -> Mapping[Level, Profile]:
        """Return the profiles of customers who were verified just now, by how well, in a situation."""
        nobody = self.nobody(situation).standing
        return {level: self.profile(nobody._replace(level=level, verified=self._just_now(level))) for level in Level}

    def assumed(self, level: Level | None = None, situation: Situation | None = NO_SITUATION) -> Profile:
        """Return the profile of a customer who was verified so just now, with the glass shut; with no level, of one of
        whom as much as possible is shown, the glass broken. Whatever waits for a gate waits."""
        if level is not None:
            return self.levels(situation)[level]
        glass = Glass.OPEN if self.has_glass else Glass.SHUT
        return self.profile(self.levels(situation)[max(Level)].standing._replace(glass=glass))

    def _just_now(self, level: Level) -> tuple[Verified, ...]:
        return tuple(Verified.WELL if level >= one.level else Verified.NOT for one in self.required)

    def _made(self, standing: Standing) -> Profile:
        making = _Making(self.rules, standing, self._places)
        for coordinate in sorted({*self._rules, *standing.restricted, *dict(standing.narrowed)}):
            making.decide(coordinate, self._rules.get(coordinate, _NO_RULE))
        waiting = {gate: frozenset(names) for gate, names in making.waiting.items()}
        return Profile(standing, self.coordinates, making.withheld, making.transforms, waiting)


_NO_RULE = Rule()


class _Making:
    """One profile in the making."""

    def __init__(self, rules: Rules, standing: Standing, places: Mapping[Required, int]) -> None:
        self._rules, self._standing, self._places = rules, standing, places
        self._settled, self._narrowed = dict(standing.settled), dict(standing.narrowed)
        self.withheld: dict[str, Withheld] = {}
        self.transforms: dict[str, Transform] = {}
        self.waiting: dict[Gate, list[str]] = {}

    def decide(self, coordinate: str, rule: Rule) -> None:
        """Decide on one coordinate, moment by moment: a later one is not asked where an earlier one withholds."""
        verdict = (
            self._of_document(coordinate) or self._of_subject(coordinate, rule) or self._of_gates(coordinate, rule)
        )
        if verdict is not None:
            self.withheld[coordinate] = verdict
            return
        transform = self._transform(rule)
        if transform is not None:
            self.transforms[coordinate] = transform

    def _of_document(self, coordinate: str) -> Withheld | None:
        return Withheld(Reason.PURPOSE_NOT_ALLOWED) if coordinate in self._standing.closed else None

    def _of_subject(self, coordinate: str, rule: Rule) -> Withheld | None:
        found: list[Withheld] = []
        if coordinate in self._standing.restricted:
            found.append(Withheld(Reason.SUBJECT_RESTRICTED))
        if rule.needs_glass and self._standing.glass is not Glass.OPEN:
            found.append(Withheld(_GLASS[self._standing.glass]))
        verified = self._verified(rule)
        if rule.required is not None and rule.below is None and verified is not Verified.WELL:
            found.append(Withheld(_VERIFICATION[verified], step_up=self._step_up(rule.required, verified)))
        return _first(found)

    def _of_gates(self, coordinate: str, rule: Rule) -> Withheld | None:
        answers = [self._settled.get(gate) for gate in sorted(rule.gates, key=_place)]
        found = [one for one in (*answers, self._narrowed.get(coordinate)) if one is not None]
        if not found:
            for gate in rule.gates - self._settled.keys():
                self.waiting.setdefault(gate, []).append(coordinate)
        return _first(found)

    def _transform(self, rule: Rule) -> Transform | None:
        verified = self._verified(rule)
        if rule.required is None or verified is Verified.WELL:
            return rule.shown
        assert rule.below is not None  # else it is withheld
        reason = Reason.VERIFICATION_EXPIRED if verified is Verified.TOO_LONG_AGO else Reason.VALUE_MASKED
        return Transform(rule.below, reason, self._step_up(rule.required, verified))

    def _step_up(self, required: Required, verified: Verified) -> StepUp:
        # what is too old has to be done again, whatever the kind
        used = self._standing.used if verified is Verified.NOT else ()
        return self._rules.step_up(required, self._standing.level, used)

    def _verified(self, rule: Rule) -> Verified:
        return Verified.WELL if rule.required is None else self._standing.verified[self._places[rule.required]]


_GLASS = {Glass.SHUT: Reason.BREAK_GLASS_REASON_REQUIRED, Glass.NOT_ALLOWED: Reason.BREAK_GLASS_NOT_ALLOWED}
_VERIFICATION = {Verified.NOT: Reason.VERIFICATION_REQUIRED, Verified.TOO_LONG_AGO: Reason.VERIFICATION_EXPIRED}


def _place(gate: Gate) -> tuple[int, str, str]:
    return _ORDER.index(gate.kind), gate.purpose or "", gate.channel or ""


def _first(found: Sequence[Withheld]) -> Withheld | None:
    """Return the first verdict, and with it the reasons of the others."""
    if not found:
        return None
    first, *others = found
    also = dict.fromkeys((*first.also, *(reason for one in others for reason in (one.reason, *one.also))))
    others_told = tuple(reason for reason in also if reason is not first.reason)
    return Withheld(first.reason, others_told, first.step_up, first.gate)
