"""What a document may ask for: the limits of its view, and the bounds that hold in every view.

The document is held against both once it is parsed, before it is validated. What an operation weighs depends on the
variables of a request, and is checked then: after validation, before the variables are coerced, anything is planned and
anybody is asked.
"""

from __future__ import annotations

from typing import NamedTuple

from resolvers.measures import MOST, Count, Measured
from resolvers.refusals import Excess, RefusalCode, RefusedError
from schema.views import Limits

__all__ = ["BOUNDS", "check_document", "check_weight", "widest"]


class _Limit(NamedTuple):
    """A limit in words: what it counts, and how to stay under it."""

    what: str
    remedy: str


BOUNDS = {
    Count.NESTING: 100,
    Count.DIRECTIVES: 200,
    Count.INPUTS: 200,
    Count.INTROSPECTION_DEPTH: 20,
    Count.INTROSPECTION_ALIASES: 5,
    Count.INTROSPECTION_LISTS: 1,
}
"""The most of what no view says: generous to every tool that is known, GraphiQL's introspection query among them."""

_STANDARD = "Send the standard introspection query, or fetch the view's SDL."

_LIMITS = {
    Count.DEPTH: _Limit("levels of fields", "Ask for what lies deeper in a request of its own."),
    Count.ALIASES: _Limit("aliases", "Look several up by a list in place of aliases, or send several requests."),
    Count.FIELDS: _Limit(
        "fields, those of a fragment counted wherever it is spread", "Ask for fewer fields, or send several requests."
    ),
    Count.NESTING: _Limit("levels of braces, those of fragments among them", "Put fewer fragments into each other."),
    Count.DIRECTIVES: _Limit("directives", "Put @skip and @include on a fragment in place of each of its fields."),
    Count.INPUTS: _Limit("values in one input object", "Pass the object as a variable, and only its own members."),
    Count.INTROSPECTION_DEPTH: _Limit("levels of introspection", _STANDARD),
    Count.INTROSPECTION_ALIASES: _Limit("aliases in introspection", _STANDARD),
    Count.INTROSPECTION_LISTS: _Limit("lists of what types hold, within each other", _STANDARD),
}


def check_document(limits: Limits, measured: Measured) -> None:
    """Refuse a document, an operation or fragment of which asks for more than its view allows, or any view.

    Raises:
        RefusedError: QUERY_BUDGET, with the limit, what was asked and what is allowed.
    """
    for count, words in _LIMITS.items():
        asked = max((one.counts[count] for one in measured.definitions), default=0)
        bound = BOUNDS.get(count)
        allowed = getattr(limits, count) if bound is None else bound
        if asked > allowed:
            who = "this view allows" if bound is None else "every view allows"
            message = f"The query has {_told(asked)} {words.what}; {who} {allowed}."
            raise RefusedError(
                RefusalCode.QUERY_BUDGET, message, words.remedy, excess=Excess(str(count), allowed, asked)
            )


def check_weight(limits: Limits, weight: int) -> None:
    """Refuse an operation that can come to more values than its view allows.

    Raises:
        RefusedError: QUERY_BUDGET.
    """
    if weight > limits.weight:
        message = (
            f"The query can come to {_told(weight)} values, fields times the sizes of lists; "
            f"this view allows {limits.weight}."
        )
        remedy = "Look up fewer at once, ask for shorter pages (`first`) or for fewer fields."
        raise RefusedError(RefusalCode.QUERY_BUDGET, message, remedy, excess=Excess("weight", limits.weight, weight))


def widest(limits: Limits) -> Limits:
    """Return limits that refuse nothing which some view may allow, nor any number of customers, calls or values: to
    tell what a query comes to that is over its view's own."""
    schema = Limits.model_json_schema()["properties"]
    most = {name: schema[name]["maximum"] for name in ("depth", "aliases", "fields", "tokens")}
    return limits.model_copy(update={**most, "customers": MOST, "calls": MOST, "weight": MOST})


def _told(number: int) -> str:
    return f"{number} or more" if number >= MOST else str(number)
