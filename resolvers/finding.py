"""Who is meant: the cross-reference is read once, for all who are looked up and for those who are said to be verified.

What a view shows nobody for is not read: in a bound view, whoever is not the one whom the assertion names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from adapters.crossref import CrossReference, Lookup, Subject
from resolvers.policy import NO_EVIDENCE, Evidence, Rules, is_granted, is_shown, refuse_unbound
from schema.caller import Caller
from schema.directives import CANONICAL
from schema.model import Model
from schema.reasons import Reason
from schema.situation import Situation
from schema.verification import Assertion
from schema.withheld import Withheld

__all__ = ["Found", "find"]

T = TypeVar("T")

_Place = tuple[str, int]
"""A look-up: the response name of its root field, and its place there."""

_ERASED, _RESTRICTED = Withheld(Reason.SUBJECT_ERASED), Withheld(Reason.SUBJECT_RESTRICTED)


@dataclass(frozen=True, slots=True)
class Found:
    """The customers that the look-ups found, by root field, and each of them once.

    `evidence` is what is known of them beside. `refused` says why a look-up shows nobody, where the client is told
    another reason than SUBJECT_UNKNOWN; `causes` says the true reason, and `hidden` who it was, by the canonical id,
    where somebody was found who is not shown: for the record of what was disclosed alone. `has_redirected`: one was
    looked up by an id that a merge has replaced.
    """

    by_root: Mapping[str, Sequence[Subject | None]]
    subjects: Sequence[Subject]
    evidence: Evidence = NO_EVIDENCE
    refused: Mapping[_Place, Withheld] = field(default_factory=dict)
    causes: Mapping[_Place, Withheld] = field(default_factory=dict)
    hidden: Mapping[_Place, str] = field(default_factory=dict, repr=False)
    has_redirected: bool = False

    def without(self, customers: Collection[str], cause: Reason) -> Found:
        """Return what is left when nothing is shown of these customers, by canonical id; the client is not told why."""
        if not customers:
            return self
        causes, hidden, by_root = dict(self.causes), dict(self.hidden), dict(self.by_root)
        for name, of_root in self.by_root.items():
            for place, subject in enumerate(of_root):
                if subject is not None and subject.customer_id in customers:
                    causes[name, place], hidden[name, place] = Withheld(cause), subject.customer_id
            by_root[name] = [one if one is None or one.customer_id not in customers else None for one in of_root]
        left = tuple(one for one in self.subjects if one.customer_id not in customers)
        return replace(self, by_root=by_root, subjects=left, causes=causes, hidden=hidden)

    def with_erased(self, lookups: Mapping[str, Sequence[Lookup]], erased: Collection[str]) -> Found:
        """Return it with the true reason why look-ups by these canonical ids show nobody."""
        verdicts = {Lookup(None, one): _ERASED for one in erased}
        return replace(self, causes={**self.causes, **_at_places(lookups, verdicts)})

    def nobodys_ids(self, lookups: Mapping[str, Sequence[Lookup]]) -> list[str]:
        """Return the canonical ids that show nobody, whatever the reason; none of those for whom nothing is read."""
        found = {
            lookup.key: None
            for name, of_root in lookups.items()
            for place, (lookup, subject) in enumerate(zip(of_root, self.by_root[name], strict=True))
            if subject is None and lookup.source is None and lookup.identifier is None
            if (name, place) not in self.refused
        }
        return list(found)


async def find(
    crossref: CrossReference,
    model: Model,
    rules: Rules,
    lookups: Mapping[str, Sequence[Lookup]],
    caller: Caller,
    situation: Situation,
    now: float,
) -> Found:
    """Return who is meant by the look-ups of each root field; whoever may not be shown is not found."""
    if not lookups:
        return Found({}, ())
    distinct = list(dict.fromkeys(lookup for of_root in lookups.values() for lookup in of_root))
    refused = refuse_unbound(rules, distinct, caller.assertions, now)
    asked = [lookup for lookup in distinct if lookup not in refused] if refused else distinct
    named = {_meant(one): one for one in caller.assertions} if asked and rules.is_of_verified else {}
    wanted = [*dict.fromkeys((*asked, *named))] if named else asked
    resolved = dict(zip(wanted, await crossref.resolve_many(wanted), strict=True)) if wanted else {}
    found = _found(model, lookups, {lookup: resolved[lookup] for lookup in asked} if refused or named else resolved)
    if not rules.needs_evidence:
        return found
    known = _by_customer(map(rules.counted, caller.assertions), resolved) if named else {}
    evidence = Evidence(now, situation, known, caller.grant, is_granted(rules.view, caller, situation))
    return replace(found, evidence=evidence, refused=_at_places(lookups, refused))


def _found(model: Model, lookups: Mapping[str, Sequence[Lookup]], resolved: Mapping[Lookup, Subject | None]) -> Found:
    shown = {lookup: _shown(model, subject) for lookup, subject in resolved.items()}
    by_root = {name: [shown.get(lookup) for lookup in of_root] for name, of_root in lookups.items()}
    once = {subject.customer_id: subject for subject in shown.values() if subject is not None}
    has_redirected = any(one.redirected for one in shown.values() if one is not None)
    found = Found(by_root, tuple(once.values()), has_redirected=has_redirected)
    hidden = {one: who.customer_id for one, who in resolved.items() if who is not None and shown[one] is None}
    if not hidden:
        return found
    causes = _at_places(lookups, dict.fromkeys(hidden, _RESTRICTED))
    return replace(found, causes=causes, hidden=_at_places(lookups, hidden))


def _shown(model: Model, subject: Subject | None) -> Subject | None:
    if subject is None or not subject.restrictions:
        return subject
    return subject if is_shown(subject, model.coordinates, f"{model.subject}.{CANONICAL}") else None


def _meant(assertion: Assertion) -> Lookup:
    return Lookup(assertion.source, assertion.key)


def _by_customer(
    assertions: Iterable[Assertion], resolved: Mapping[Lookup, Subject | None]
) -> Mapping[str, Sequence[Assertion]]:
    """Return the assertions of each customer, by canonical id: what each names is found as a look-up is."""
    known: dict[str, list[Assertion]] = {}
    for one in assertions:
        subject = resolved[_meant(one)]
        if subject is not None:
            known.setdefault(subject.customer_id, []).append(one)
    return known


def _at_places(lookups: Mapping[str, Sequence[Lookup]], told: Mapping[Lookup, T]) -> Mapping[_Place, T]:
    return {
        (name, place): told[lookup]
        for name, of_root in lookups.items()
        for place, lookup in enumerate(of_root)
        if lookup in told
    }
