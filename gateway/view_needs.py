"""What views need of the gateway that serves them: sources that own consents and cases, verifiers, audit, a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.gates import CASE, CONSENT, INTERACTION, RELATIONSHIPS
from resolvers.policy.decision_point import MOST_DECISIONS
from schema.directives import CANONICAL
from schema.problems import Level, Problem
from schema.view_files import LoadedView
from schema.views import AuditDemand, View

__all__ = ["SETTINGS", "Provided", "verify_needs"]

VERIFIERS, AUDIT, SECRET_FILE = "CUSTOMER_VIEW_VERIFIERS", "CUSTOMER_VIEW_AUDIT", "CUSTOMER_VIEW_SECRET_FILE"
AUDIT_DAYS = "CUSTOMER_VIEW_AUDIT_DAYS"
SETTINGS = frozenset({VERIFIERS, AUDIT, SECRET_FILE})
"""The settings that views can need. Where one is lacking, its name stands for the file of the problem."""

_HOURS_A_DAY = 24
_OWNED: Mapping[str, str] = MappingProxyType({CONSENT: "consent", CASE: "cases", INTERACTION: "interactions"})
"""What the source owns whose adapter offers it, by what the offer serves."""

_Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Provided:
    """What a gateway has: what its adapters' offers serve, and whether there are verifiers, audit and a secret file.

    `owners` are the sources that answer gates, by the kind of gate (consents, cases, interactions). `audit_days` is for
    how many days audit is kept, None for ever. `decides` says that there is a decision point.
    """

    served: frozenset[str] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict)
    verifiers: bool = False
    audit: bool = False
    secret: bool = False
    audit_days: int | None = None
    decides: bool = False


def verify_needs(views: Sequence[LoadedView], provided: Provided) -> Iterator[Problem]:
    """Yield what the views need and the gateway lacks: without it, what they are to show would stay shut."""
    for loaded in views:
        for place, got, wanted, mend in _gates(loaded.view, provided):
            yield Problem(str(loaded.path), loaded.document.line_of(place), got, wanted, mend)
        yield from _done_without(loaded, provided)
        yield from _unkept(loaded, provided)
        yield from _undecided(loaded, provided)
    for setting, part, needing, wanted in _settings([loaded.view for loaded in views], provided):
        if needing:
            got = f"no such setting, and {part} in {', '.join(view.id for view in needing)}"
            yield Problem(setting, None, got, wanted, "set it, or publish versions that do without")


def _settings(views: Sequence[View], provided: Provided) -> Iterator[tuple[str, str, Sequence[View], str]]:
    """Yield each setting that the gateway lacks, and for which part which views need it for what."""
    behind_glass = [view for view in views if view.break_glass is not None]
    if not provided.verifiers:
        verifying = [view for view in views if view.verification is not None]
        wanted = "the file of those whose word is taken for who was verified"
        yield VERIFIERS, "verification", verifying, wanted
    if not provided.audit:
        demanding = [view for view in views if view.audit is AuditDemand.REQUIRED]
        yield AUDIT, "audit: required", demanding, "a folder in which it is written down what was shown"
        wanted = "a folder in which it stands who broke a glass, and what waits for review"
        yield AUDIT, "break_glass", behind_glass, wanted
    if not provided.secret:
        yield SECRET_FILE, "break_glass", behind_glass, "the file of the secret with which grants are signed"


def _done_without(loaded: LoadedView, provided: Provided) -> Iterator[Problem]:
    """Yield the sources that the view can do without, and that decide what it may show: they are always waited for."""
    view = loaded.view
    deciding = {owner: kind for _, kind in _asked(view) if (owner := provided.owners.get(kind)) is not None}
    for source in view.sources:
        if source in deciding:
            got = f"the source {source}, which the answer can do without, and which owns {_OWNED[deciding[source]]}"
            wanted = "sources that decide nothing: what may be shown depends on this one"
            line = loaded.document.line_of(("sources", source))
            yield Problem(str(loaded.path), line, got, wanted, "remove it from sources")


def _unkept(loaded: LoadedView, provided: Provided) -> Iterator[Problem]:
    """Yield that what was opened could be dropped from the audit before it has to be reviewed."""
    glass, days = loaded.view.break_glass, provided.audit_days
    if glass is not None and provided.audit and days is not None and days * _HOURS_A_DAY <= glass.review_hours:
        got = f"review within {glass.review_hours} hours, while {AUDIT_DAYS} is {days}"
        wanted = "audit that is kept for longer than a review may take"
        mend = (
            f"set {AUDIT_DAYS} to {glass.review_hours // _HOURS_A_DAY + 1} or more, or publish a version with less time"
        )
        line = loaded.document.line_of(("break_glass", "review_hours"))
        yield Problem(str(loaded.path), line, got, wanted, mend)


def _undecided(loaded: LoadedView, provided: Provided) -> Iterator[Problem]:
    """Yield that one request could need more decisions than are asked of a decision point."""
    view = loaded.view
    customers = 1 if view.subject.mode is not None else view.limits.customers
    shown = [name for name in view.fields if "(" not in name and not name.endswith(f".{CANONICAL}")]
    if provided.decides and customers * len(shown) > MOST_DECISIONS:
        got = f"{customers} customers a request and {len(shown)} fields, on each of which the decision point decides"
        wanted = f"at most {MOST_DECISIONS} decisions a request; one that needs more is refused"
        line = loaded.document.line_of(("limits", "customers"))
        mend = "nothing, where requests are smaller; or lower limits.customers in the next version"
        yield Problem(str(loaded.path), line, got, wanted, mend, Level.NOTE)


def _gates(view: View, provided: Provided) -> Iterator[tuple[_Place, str, str, str]]:
    for place, kind in _asked(view):
        if kind not in provided.served:
            got = f"a demand for {_OWNED[kind]}, which no adapter answers"
            mend = f"add the offer to the adapter of the source that owns {_OWNED[kind]}"
            yield place, got, f"an offer that serves {kind}", mend


def _asked(view: View) -> Iterator[tuple[_Place, str]]:
    """Yield where in the view what kind of gate is asked."""
    parts = (("consent", view.consent), ("objection", view.objection))
    yield from (((name,), CONSENT) for name, part in parts if part is not None)
    if view.subject.relationship is not None:
        yield ("subject",), RELATIONSHIPS[view.subject.relationship]
    for name, rule in view.fields.items():
        if rule.consent is not None or rule.objection is not None:
            yield ("fields", name), CONSENT
        if rule.relationship is not None:
            yield ("fields", name), RELATIONSHIPS[rule.relationship]
