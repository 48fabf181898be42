"""The response to a request: the answer, and beside it what else the client is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.assembled import Assembled
from resolvers.finding import Found
from resolvers.reading import Asked
from schema.verification import Assertion

__all__ = ["redirected", "respond", "unused"]


def redirected(asked: Asked, found: Found) -> list[dict[str, Any]]:
    """Return the look-ups by an id that a merge has replaced, beside the customers that are shown in their place."""
    if not found.has_redirected:
        return []
    return [
        {"path": [root.response_name, place] if root.is_list else [root.response_name], "requested": lookup.key}
        for root in asked.plan.roots
        for place, (lookup, subject) in enumerate(
            zip(asked.lookups[root.response_name], found.by_root[root.response_name], strict=True)
        )
        if subject is not None and subject.redirected
    ]


def unused(sent: Sequence[Assertion], asked: Asked, found: Found) -> dict[str, int] | None:
    """Return how many assertions were sent, and how many of them are of customers who are shown; None where that is
    all of them, or the view does not ask for any, or is bound: there the look-up has a reason of its own.

    One of a customer who does not exist, who may not be shown, or whom nobody looked up counts alike: for nothing.
    """
    rules = asked.rules.rules
    if not sent or not asked.lookups or rules.view.subject.bound or rules.view.verification is None:
        return None
    known = found.evidence.assertions
    used = {(one.source, one.key) for subject in found.subjects for one in known.get(subject.customer_id, ())}
    count = sum((one.source, one.key) in used for one in sent)
    return {"assertions": len(sent), "used": count} if count < len(sent) else None


def respond(
    answer: Assembled,
    redirected: list[dict[str, Any]],
    verification: dict[str, int] | None,
    receipt: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the response: `data`, and `errors` and `extensions` where there are any."""
    extensions = {
        "withheld": answer.withheld,
        "masked": answer.masked,
        "absent": answer.absent,
        "redirected": redirected,
        "verification": verification,
        "receipt": receipt,
    }
    told = {name: value for name, value in extensions.items() if value}
    errors = {"errors": answer.errors} if answer.errors else {}
    return {"data": answer.data, **errors, **({"extensions": told} if told else {})}
