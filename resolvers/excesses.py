"""What of an explained query is over the limits of its view, and what makes it so large."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from resolvers.limits import check_weight
from resolvers.policy import check_calls, check_customers
from resolvers.refusals import RefusedError
from schema.views import Limits

__all__ = ["tell_excesses"]

_MOST_TOLD = 3
"""How many of the largest parts are told."""


def tell_excesses(
    limits: Limits,
    told: Mapping[str, Any],
    refused: RefusedError | None,
    customers: Mapping[str, int],
    weights: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Return an entry for each limit that the query is over: which, how much is asked and allowed, message and remedy,
    and the largest parts of it.

    `told` is the explained plan, `refused` why the view refused the query before there was one. `customers` are those
    of each root field, `weights` the values in each list.
    """
    parts = {"calls": _calls(told), "weight": weights, "customers": customers}
    found = [refused] if refused is not None else []
    found += _refusals(lambda: check_customers(limits, told["customers"]))
    found += _refusals(lambda: check_weight(limits, told["weight"]))
    found += _refusals(lambda: check_calls(limits, told["calls"]))
    by_limit = {one.excess.limit: one for one in reversed(found) if one.excess is not None}
    return [_told(one, parts.get(limit, {})) for limit, one in reversed(by_limit.items())]


def _refusals(check: Callable[[], None]) -> list[RefusedError]:
    try:
        check()
    except RefusedError as error:
        return [error]
    return []


def _told(error: RefusedError, parts: Mapping[str, int]) -> dict[str, Any]:
    excess = error.excess
    assert excess is not None
    largest = sorted(parts.items(), key=lambda part: -part[1])[:_MOST_TOLD]
    return {
        "limit": excess.limit,
        "asked": excess.asked,
        "allowed": excess.allowed,
        "code": str(error.code),
        "message": error.errors[0].message,
        "remedy": error.remedy,
        "largest": [{"of": name, "number": number} for name, number in largest],
    }


def _calls(told: Mapping[str, Any]) -> Mapping[str, int]:
    """Return the calls of each step by its name: its source, offer and number."""
    gates = {f"{one['source']}.{one['offer']}, asked first": one["calls"] for one in told["gates"]}
    return gates | {f"{one['source']}.{one['offer']}, step {one['number']}": one["calls"] for one in told["steps"]}
