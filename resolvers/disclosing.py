"""What one request was shown, told for the record: of whom, what was decided of each coordinate, and what was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from resolvers.disclosure import Disclosed, Disclosure, Effect
from resolvers.fetched import Fetched
from resolvers.finding import Found
from resolvers.plan import Position
from resolvers.policy import Glass, Profile, Rules, Verdicts
from resolvers.steps import Coordinates
from schema.caller import Caller
from schema.reasons import Reason
from schema.situation import Situation
from schema.verification import Level
from schema.withheld import Withheld

__all__ = ["disclose", "disclose_refusal"]

_NONE: Coordinates = frozenset()


def disclose(
    rules: Rules,
    caller: Caller,
    situation: Situation,
    found: Found,
    fetched: Fetched,
    *,
    at: float,
    seconds: float,
    request: str | None = None,
) -> Disclosure:
    """Return what a request was shown: `at` it came in seconds since 1970, and it took so many `seconds`.

    A grant that was presented is in it, also where it has opened nothing.
    """
    view = rules.view
    return Disclosure(
        view.id,
        view.purpose.dpv,
        view.lawful_basis.gdpr,
        caller.consumer,
        situation,
        at,
        seconds,
        (*_shown(rules, found, fetched.verdicts, fetched), *_refused(found)),
        _calls(fetched),
        caller.grant,
        request=request,
    )


def disclose_refusal(
    rules: Rules,
    caller: Caller,
    situation: Situation,
    found: Found,
    code: str,
    *,
    at: float,
    seconds: float,
    request: str | None = None,
) -> Disclosure:
    """Return that a request was refused by this code when its customers had been found: no source was asked of them."""
    view, oldest = rules.view, rules.verification.max_age
    known = (Disclosed(one.customer_id, found.evidence.level(one.customer_id, oldest), {}) for one in found.subjects)
    return Disclosure(
        view.id,
        view.purpose.dpv,
        view.lawful_basis.gdpr,
        caller.consumer,
        situation,
        at,
        seconds,
        (*known, *_refused(found)),
        {},
        caller.grant,
        code,
        request,
    )


def _shown(rules: Rules, found: Found, verdicts: Verdicts, fetched: Fetched) -> Iterator[Disclosed]:
    """Yield the customers that are shown; those of equal verdicts share what was decided."""
    oldest = rules.verification.max_age
    asked = _Asked(fetched)
    for subject in found.subjects:
        level = found.evidence.level(subject.customer_id, oldest)
        profile = verdicts.profile(subject)
        roots = None if verdicts.roots is None else verdicts.roots[subject.customer_id]
        effects, out_of_reach = asked.effects(profile, roots), asked.out_of_reach(profile, roots)
        yield Disclosed(
            subject.customer_id,
            level,
            effects,
            out_of_reach=out_of_reach,
            told=asked.told(roots),
            opened=_opened(rules, profile, effects, out_of_reach),
            acting_for=found.evidence.acting_for(subject.customer_id),
        )


def _opened(
    rules: Rules, profile: Profile, effects: Mapping[str, Effect], out_of_reach: Coordinates
) -> tuple[str, ...]:
    """Return what was shown for the glass was broken."""
    if profile.standing.glass is not Glass.OPEN:
        return ()
    shown = (name for name in effects if name not in profile.withheld and name not in out_of_reach)
    return tuple(name for name in shown if rules.of(name).needs_glass)


class _Asked:
    """What was decided of the coordinates that some root fields ask for, each once."""

    def __init__(self, fetched: Fetched) -> None:
        self._plan = fetched.plan
        self._effects: dict[tuple[Profile, frozenset[str]], Mapping[str, Effect]] = {}
        self._told: dict[frozenset[str], Coordinates] = {}
        self._out_of_reach: dict[tuple[Profile, frozenset[str] | None], Coordinates] = {}

    def effects(self, profile: Profile, roots: frozenset[str] | None) -> Mapping[str, Effect]:
        """Return the effects on what these root fields ask for, None: on all."""
        if roots is None:
            return profile.effects
        found = self._effects.get((profile, roots))
        if found is None:
            asked = frozenset().union(*(self._plan.asked_by[root] for root in roots))
            found = {name: effect for name, effect in profile.effects.items() if name in asked}
            self._effects[profile, roots] = found
        return found

    def told(self, roots: frozenset[str] | None) -> Coordinates:
        """Return of what an order or a filter alone tells that stands in these root fields, None: in all."""
        if roots is None:
            return self._plan.told
        found = self._told.get(roots)
        if found is None:
            found = self._told[roots] = self._plan.told_to(roots)
        return found

    def out_of_reach(self, profile: Profile, roots: frozenset[str] | None) -> Coordinates:
        """Return what was reached by nothing, and is not itself why: on every path to it something was withheld."""
        if not profile.withheld:
            return _NONE
        found = self._out_of_reach.get((profile, roots))
        if found is None:
            asked = [root.position for root in self._plan.roots if roots is None or root.response_name in roots]
            paths = [path for position in asked for field in position.fields.values() for path in field.needs]
            reached = _NONE.union(*(path for path in paths if not path & profile.hidden))
            told = frozenset(_causes(asked, profile.withheld))
            found = self._out_of_reach[profile, roots] = _NONE.union(*paths) - reached - told
        return found


def _causes(positions: Iterable[Position], withheld: Mapping[str, Withheld]) -> Iterator[str]:
    """Yield the coordinates for which something is null, as a client is told them: none behind another one."""
    for position in positions:
        for one in position.fields.values():
            if one.is_withheld(withheld.keys()):
                yield from one.causes(withheld)
            else:
                yield from _causes(one.positions.values(), withheld)


def _refused(found: Found) -> Iterator[Disclosed]:
    """Yield the look-ups that show nobody, with the true reason, and who it was, where somebody is there."""
    for root, of_root in found.by_root.items():
        for place, subject in enumerate(of_root):
            if subject is None:
                verdict = found.causes.get((root, place)) or found.refused.get((root, place))
                reason = Reason.SUBJECT_UNKNOWN if verdict is None else verdict.reason
                yield Disclosed(found.hidden.get((root, place)), Level.V0, {}, reason)


def _calls(fetched: Fetched) -> Mapping[str, int]:
    """Return how many calls have ended, by source, those of gates among them."""
    calls: dict[str, int] = {}
    for gate, sent in fetched.gate_calls.items():
        calls[gate.source] = calls.get(gate.source, 0) + len(sent)
    for step in fetched.plan.distinct:
        if made := fetched.sent.get(step.number):
            calls[step.source] = calls.get(step.source, 0) + len(made)
    return {source: count for source, count in calls.items() if count}
