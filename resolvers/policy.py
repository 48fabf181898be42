"""What may be shown: the document moment and the subject moment of policy.

*Document*: the view, the consumer, the view's limits and masks; nothing is read. *Subject*: after the cross-reference,
for each customer; no source has been asked yet.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.crossref import Subject
from resolvers.plan import Plan, Step, Wanted
from resolvers.refusals import Excess, RefusalCode, RefusedError
from schema.caller import Caller
from schema.masks import Mask
from schema.reasons import Reason
from schema.views import Limits, View

__all__ = [
    "Transform",
    "Transforms",
    "Verdicts",
    "check_calls",
    "check_customers",
    "check_introspection",
    "choose_view",
    "decide",
    "is_shown",
    "transforms_of",
]


@dataclass(frozen=True, slots=True)
class Transform:
    """The verdict that a value is shown in another form than its own: masked so, for this reason."""

    mask: Mask
    reason: Reason = Reason.VALUE_MASKED


Transforms = Mapping[str, Transform]
"""Transforms by coordinate; what is not in it is shown whole."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Which of the asked coordinates are withheld, for each customer, and why. What is not in it is allowed.

    `roots` holds the root fields that found the customer: what only others ask for is not fetched; None where one root
    field found them all. `transforms` are of every customer alike; what is withheld is not shown in another form
    either.
    """

    roots: Mapping[str, frozenset[str]] | None
    withheld: Mapping[str, Mapping[str, Reason]]
    transforms: Transforms = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_plain(self) -> bool:
        """Return whether everything is allowed of every customer, for all of whom the same is asked."""
        return self.roots is None and not self.withheld

    def of(self, subject: Subject) -> Mapping[str, Reason]:
        """Return the withheld coordinates of one customer with their reasons."""
        return self.withheld.get(subject.customer_id, {})

    def wanted(self, step: Step, subject: Subject) -> tuple[Wanted, ...]:
        """Return what of the step may be read for this customer."""
        withheld = self.withheld.get(subject.customer_id)
        return step.wanted_without(frozenset(withheld)) if withheld else step.wanted

    def is_followed(self, step: Step, path: str, subject: Subject) -> bool:
        """Return whether the key at a path of the step's record leads to something that is shown of this customer."""
        roots = step.roots if self.roots is None else self.roots[subject.customer_id]
        return any(
            wanted.is_key and wanted.path == path and wanted.root in roots for wanted in self.wanted(step, subject)
        )

    def fields(self, step: Step, subject: Subject) -> tuple[str, ...] | None:
        """Return the fields that the step asks for this customer; None when it asks nothing."""
        roots, withheld = step.roots, self.withheld.get(subject.customer_id)
        if self.roots is not None:
            roots = self.roots[subject.customer_id]
            if not step.roots & roots:
                return None
        return step.fields_without(frozenset(withheld), roots) if withheld else step.fields


def choose_view(views: Iterable[View], caller: Caller, name: str, version: int | None) -> View | None:
    """Return the view that the caller means: the version asked for, else the newest that it is registered for.

    None for a view that does not exist and for one that the caller may not use: to the caller these are alike. Both
    the view and the consumer's registration have to name each other.
    """
    usable = [view for view in views if view.name == name and version in (None, view.version) and view.admits(caller)]
    return max(usable, key=lambda view: view.version, default=None)


def check_customers(limits: Limits, asked: int) -> None:
    """Refuse a request that looks up more customers than the view allows. Nothing has been read."""
    if asked > limits.customers:
        message = f"The query looks up {asked} customers; this view allows {limits.customers} a request."
        remedy, excess = "Ask for the customers in several requests.", Excess("customers", limits.customers, asked)
        raise RefusedError(RefusalCode.QUERY_BUDGET, message, remedy, excess=excess)


def check_introspection(view: View, caller: Caller, *, introspects: bool) -> None:
    """Refuse `__schema` and `__type` to a caller to whom the view does not show its schema; `__typename` stays."""
    if introspects and not view.shows_schema_to(caller):
        message = (
            f"This view shows its schema to {view.introspection}; this consumer cannot ask for `__schema` and `__type`."
        )
        remedy = "Leave them out; the view's owner can send its SDL."
        raise RefusedError(RefusalCode.INTROSPECTION_NOT_ALLOWED, message, remedy)


def check_calls(limits: Limits, calls: int) -> None:
    """Refuse a plan that can send more calls than the view allows. No source has been asked."""
    if calls > limits.calls:
        message = f"The query can need {calls} calls to the sources; this view allows {limits.calls} a request."
        remedy, excess = (
            "Ask for fewer customers or fields, or for less of a list with first.",
            Excess("calls", limits.calls, calls),
        )
        raise RefusedError(RefusalCode.QUERY_BUDGET, message, remedy, excess=excess)


def is_shown(subject: Subject, known: Container[str], canonical: str) -> bool:
    """Return whether anything of a customer may be shown; `canonical` is the coordinate of its id.

    Not when everything or the id is restricted, nor when a restriction names a coordinate that the model does not have
    (`known`): what it was meant to protect cannot be told, so all is.
    """
    named = [coordinate for restriction in subject.restrictions for coordinate in restriction.coordinates]
    return all(coordinate in known and coordinate != canonical for coordinate in named)


def transforms_of(view: View) -> Transforms:
    """Return the transforms of the document moment: what the view's rules show masked, whoever the customer is."""
    masked = {name: rule.mask for name, rule in view.fields.items() if rule.mask is not None}
    return MappingProxyType({name: Transform(mask) for name, mask in masked.items()})


def decide(
    plan: Plan, found: Mapping[str, Sequence[Subject | None]], transforms: Transforms = MappingProxyType({})
) -> Verdicts:
    """Return the verdicts of the subject moment: what the restrictions in force withhold of what is asked.

    `found` holds the customers that each root field found, by response name. `transforms` are those of the document
    moment.
    """
    withheld: dict[str, Mapping[str, Reason]] = {}
    for subjects in found.values():
        for subject in subjects:
            if subject is not None and subject.restrictions and (named := _restricted(plan, subject)):
                withheld[subject.customer_id] = named
    return Verdicts(_roots(found) if len(found) > 1 else None, withheld, transforms)


def _roots(found: Mapping[str, Sequence[Subject | None]]) -> Mapping[str, frozenset[str]]:
    roots: dict[str, frozenset[str]] = {}
    for name, subjects in found.items():
        for subject in filter(None, subjects):
            roots[subject.customer_id] = roots.get(subject.customer_id, frozenset()) | {name}
    return roots


def _restricted(plan: Plan, subject: Subject) -> Mapping[str, Reason]:
    named = frozenset().union(*(restriction.coordinates for restriction in subject.restrictions))
    return dict.fromkeys(sorted(plan.coordinates & named), Reason.SUBJECT_RESTRICTED)
