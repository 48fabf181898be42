"""The document moment of policy: the view, the consumer, the situation and the view's limits. Nothing is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from adapters.crossref import Lookup
from resolvers.policy.rules import Rules
from resolvers.refusals import Excess, RefusalCode, RefusedError
from schema.caller import Caller
from schema.situation import NO_SITUATION, Situation, faults
from schema.views import Limits, View

__all__ = [
    "check_calls",
    "check_customers",
    "check_found",
    "check_introspection",
    "check_single",
    "check_situation",
    "choose_view",
]


def choose_view(views: Iterable[View], caller: Caller, name: str, version: int | None) -> View | None:
    """Return the view that the caller means: the version asked for, else the newest that it is registered for.

    None for a view that does not exist and for one that the caller may not use: to the caller these are alike. Both
    the view and the consumer's registration have to name each other.
    """
    usable = [view for view in views if view.name == name and version in (None, view.version) and view.admits(caller)]
    return max(usable, key=lambda view: view.version, default=None)


def check_situation(rules: Rules, situation: Situation) -> None:
    """Refuse a situation that the view is not for, or of which it wants more told. What was told is not repeated."""
    if situation is NO_SITUATION and rules.takes_no_situation:
        return
    found = faults(rules.view.situation, situation)
    if found:
        remedy = "Tell the situation in extensions.situation as the view wants it."
        raise RefusedError(RefusalCode.SITUATION_NOT_ALLOWED, f"{'; '.join(found)}.", remedy)


def check_single(view: View, lookups: Iterable[Collection[Lookup]]) -> None:
    """Refuse several look-ups in a view that shows one customer a request; one look-up may stand in several places."""
    if view.subject.mode is not None:
        asked = len({lookup for of_root in lookups for lookup in of_root})
        if asked > 1:
            message = f"The query looks up {asked} customers; this view shows one a request."
            raise RefusedError(RefusalCode.VIEW_SUBJECTS, message, "Ask for each in a request of its own.")


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


def check_found(limits: Limits, calls: int) -> None:
    """Refuse a plan that can send more calls than the view allows for the customers who were found, though it would not
    for others: they have several keys of a source, or other things may be shown of them. No source has been asked.

    How many calls that are is not told, for it would tell how many keys they have.
    """
    if calls > limits.calls:
        message = "For the customers who were found the query can need more calls than this view allows a request."
        remedy = "Ask for fewer customers or fields, or for less of a list with first."
        raise RefusedError(RefusalCode.QUERY_BUDGET, message, remedy)
