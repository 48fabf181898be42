"""What views need of the gateway that serves them: sources that own consents and cases, verifiers, audit, a secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.gates import CASE, CONSENT
from schema.problems import Problem
from schema.view_files import LoadedView
from schema.views import AuditDemand, View

__all__ = ["SETTINGS", "Provided", "verify_needs"]

VERIFIERS, AUDIT, SECRET_FILE = "CUSTOMER_VIEW_VERIFIERS", "CUSTOMER_VIEW_AUDIT", "CUSTOMER_VIEW_SECRET_FILE"
SETTINGS = frozenset({VERIFIERS, AUDIT, SECRET_FILE})
"""The settings that views can need. Where one is lacking, its name stands for the file of the problem."""

_Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Provided:
    """What a gateway has: what its adapters' offers serve, and whether there are verifiers, audit and a secret file."""

    served: frozenset[str] = frozenset()
    verifiers: bool = False
    audit: bool = False
    secret: bool = False


def verify_needs(views: Sequence[LoadedView], provided: Provided) -> Iterator[Problem]:
    """Yield what the views need and the gateway lacks: without it, what they are to show would stay shut."""
    for loaded in views:
        for place, got, wanted, mend in _gates(loaded.view, provided):
            yield Problem(str(loaded.path), loaded.document.line_of(place), got, wanted, mend)
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


def _gates(view: View, provided: Provided) -> Iterator[tuple[_Place, str, str, str]]:
    for place, kind in _asked(view):
        if kind not in provided.served:
            what = "consent" if kind == CONSENT else "cases"
            got, wanted = f"a demand for {what}, which no adapter answers", f"an offer that serves {kind}"
            yield place, got, wanted, "add the offer to the adapter of the source that owns them"


def _asked(view: View) -> Iterator[tuple[_Place, str]]:
    """Yield where in the view what kind of gate is asked."""
    parts = (("consent", view.consent), ("objection", view.objection))
    yield from (((name,), CONSENT) for name, part in parts if part is not None)
    if view.subject.relationship is not None:
        yield ("subject",), CASE
    for name, rule in view.fields.items():
        if rule.consent is not None or rule.objection is not None:
            yield ("fields", name), CONSENT
        if rule.relationship is not None:
            yield ("fields", name), CASE
